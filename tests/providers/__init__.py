"""The catalogue, the guarded client and the check, against a real server on loopback."""
