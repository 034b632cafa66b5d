"""The one table of every list: what it shows, its state, and how it looks."""
