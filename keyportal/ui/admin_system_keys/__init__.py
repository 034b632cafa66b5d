"""The deployment's fallback keys, for admins."""
