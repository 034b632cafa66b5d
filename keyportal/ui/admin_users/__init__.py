"""People, as admins manage them."""
