"""Importing keys from the lines of a `.env` file, for a member and for the system."""
