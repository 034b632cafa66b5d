"""Plain stand-ins for the outside world. No mock library."""
