"""Which key would be used for me right now, and why."""
