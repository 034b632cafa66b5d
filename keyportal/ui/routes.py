"""The addresses of the pages."""

OVERVIEW = "/"
SIGN_IN = "/sign-in"
SET_UP = "/set-up"
API_KEYS = "/api-keys"
AGENT_KEYS = "/agent-keys"
SYSTEM_KEYS = "/admin/system-keys"
PROVIDERS = "/admin/providers"
