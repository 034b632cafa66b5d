"""The catalogue of providers and the check of their keys. Knows no database, settings or vault."""
