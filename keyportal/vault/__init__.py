"""Bytes: sealing, tokens and passwords. Only services open the vault; it knows no database."""
