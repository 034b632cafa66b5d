"""Lists and forms of provider keys, shared by a member's own keys and the system keys."""
