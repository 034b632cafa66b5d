"""KeyPortal: a team's portal for the API keys of its AI providers."""

__version__ = "0.1.0"
