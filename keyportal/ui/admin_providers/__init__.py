"""Which providers people can use here, and where they are, for admins."""
