"""Making the first admin."""
