"""What admins decide for everybody."""
