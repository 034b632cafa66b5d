"""How often keys were used, by day, provider, key and program."""
