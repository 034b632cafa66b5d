"""The public pages behind an invitation and a password reset."""
