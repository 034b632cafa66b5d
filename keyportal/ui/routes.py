"""The addresses of the pages."""

OVERVIEW = "/"
SIGN_IN = "/sign-in"
SET_UP = "/set-up"
API_KEYS = "/api-keys"
AGENT_KEYS = "/agent-keys"
USAGE = "/usage"
SYSTEM_KEYS = "/admin/system-keys"
PROVIDERS = "/admin/providers"
USERS = "/admin/users"
POLICIES = "/admin/policies"
AUDIT = "/admin/audit"
ENCRYPTION = "/admin/encryption"
ACCOUNT = "/account"
JOIN = "/join"
RESET = "/reset"

_FOR_STRANGERS = frozenset({SIGN_IN, SET_UP, JOIN, RESET})
# What members are told when they are sent away from one of these.
ADMIN_PAGES = {
    SYSTEM_KEYS: "System keys",
    USERS: "Users",
    PROVIDERS: "Providers",
    POLICIES: "Policies",
    AUDIT: "Audit",
    ENCRYPTION: "Encryption key",
}


def pages() -> frozenset[str]:
    """Return the addresses a person may be sent to after they signed in."""
    found = {value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
    return frozenset(found - _FOR_STRANGERS)
