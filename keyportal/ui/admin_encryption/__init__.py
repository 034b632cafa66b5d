"""The page of the encryption key, for admins."""
