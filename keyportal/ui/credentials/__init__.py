"""A member's own API keys."""
