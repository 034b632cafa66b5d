"""How statuses look and what they are called: each word and colour stands once, here."""

from dataclasses import dataclass

ACCENT, GRAY, RADIUS, SCALING = "iris", "slate", "medium", "95%"


@dataclass(frozen=True)
class Look:
    """A badge's word, its Radix colour and its icon. Colour never stands alone."""

    word: str
    color: str
    icon: str


STATUS = {
    "active": Look("Active", "green", "circle-check"),
    "inactive": Look("Inactive", "gray", "circle-pause"),
    "expired": Look("Expired", "amber", "calendar-x"),
    "revoked": Look("Revoked", "red", "ban"),
    "unreadable": Look("Unreadable", "red", "lock"),
    "re_enter": Look("Re-enter", "amber", "pencil-line"),
}

HEALTH = {
    "valid": Look("Valid", "green", "circle-check"),
    "valid_limited": Look("Limited", "amber", "circle-alert"),
    "quota_exhausted": Look("No quota", "amber", "wallet"),
    "rate_limited": Look("Rate limited", "amber", "timer"),
    "invalid": Look("Invalid", "red", "circle-x"),
    "region_or_endpoint_mismatch": Look("Wrong region or address", "amber", "map-pin-off"),
    "provider_error": Look("Provider down", "amber", "server-crash"),
    "unreachable": Look("Unreachable", "amber", "wifi-off"),
    "unchecked": Look("Not checked", "gray", "circle-help"),
}

# How the outcomes of many tests are told in one sentence, such as "20 valid, 3 refused."
COUNTED = {
    "valid": "valid",
    "valid_limited": "limited",
    "quota_exhausted": "without quota",
    "rate_limited": "rate limited",
    "invalid": "refused",
    "region_or_endpoint_mismatch": "for another region or address",
    "provider_error": "with their provider down",
    "unreachable": "unreachable",
    "unchecked": "could not be checked",
}

# What programs report of the keys they were given, as it is counted.
REPORTED = {
    "ok": "Worked",
    "auth_failed": "Refused",
    "rate_limited": "Rate limited",
    "quota_exhausted": "No quota",
    "error": "Other errors",
}

# What a single one of these reports says.
REPORT = {**REPORTED, "error": "Other error"}

# The headings under which providers are chosen, in this order.
PROVIDER_GROUPS = {
    "llm": "Language models",
    "speech": "Speech",
    "aggregator": "Aggregators",
    "other": "Other",
    "added": "Added here",
}

SOURCE = {
    "user": Look("Yours", "iris", "user"),
    "system": Look("System", "blue", "shield"),
    "environment": Look("Environment", "gray", "terminal"),
    "none": Look("None", "gray", "circle-dashed"),
    "blocked": Look("Unreadable", "red", "lock"),
    "off": Look("Turned off", "gray", "power-off"),
}

# Why something needs attention.
CONCERN = {
    "unreadable": Look("Unreadable", "red", "lock"),
    "re_enter": Look("Re-enter", "amber", "pencil-line"),
    "failing": Look("Not accepted", "red", "circle-x"),
    "reported": Look("Reported", "red", "megaphone"),
    "steps_back": Look("Stepped back", "amber", "skip-forward"),
    "expired": Look("Expired", "amber", "calendar-x"),
    "expiring": Look("Expires soon", "amber", "calendar-clock"),
    "reminder": Look("Rotation due", "amber", "bell"),
    "agent_key_expiring": Look("Agent key expires soon", "amber", "bot"),
    "unused": Look("Unused", "gray", "moon"),
}

VERDICT = {
    "used": Look("Used", "green", "circle-check"),
    "skipped": Look("Passed over", "gray", "circle-slash"),
    "blocks": Look("Stops here", "red", "octagon-x"),
    "not_reached": Look("Not needed", "gray", "circle-dashed"),
}

# What a provider is for.
KIND = {
    "llm": "Language models",
    "speech": "Speech",
    "aggregator": "Aggregator",
    "other": "Other",
}

# What is unusual about a provider's address, or about the provider.
DECISION = {
    "off": Look("Turned off", "gray", "power-off"),
    "custom": Look("Added", "iris", "plus"),
    "fixed": Look("Set by the operator", "gray", "lock"),
    "moved": Look("Moved", "amber", "route"),
    "nowhere": Look("Needs an address", "amber", "map-pin-off"),
}

# Where a key stands in its rotation.
ROTATION = {
    "waits": Look("New value", "iris", "hourglass"),
    "waiting": Look("New value waits", "amber", "hourglass"),
    "retired": Look("Retired", "gray", "archive"),
}

# Where an encryption key stands.
ENCRYPTION_KEY = {
    "current": Look("Current", "green", "key-round"),
    "previous": Look("Previous", "amber", "history"),
    "removable": Look("Can be removed", "blue", "archive-x"),
    "retired": Look("Out of use", "gray", "archive"),
    "missing": Look("Missing", "red", "circle-help"),
    "abandoned": Look("Given up", "gray", "ban"),
}

# What there is to do about encryption keys.
ENCRYPTION_SITUATION = {
    "settled": Look("In order", "green", "circle-check"),
    "removable": Look("Done", "blue", "archive-x"),
    "remaining": Look("To do", "amber", "circle-dashed"),
    "unfinished": Look("To do", "amber", "circle-dashed"),
    "interrupted": Look("Interrupted", "amber", "circle-pause"),
    "running": Look("Re-sealing", "iris", "refresh-cw"),
    "lagging": Look("Restart needed", "red", "rotate-cw"),
    "missing": Look("Key missing", "red", "circle-help"),
}

# What an event of the trail says somebody did, by the event's action.
ACTION_WORDS: dict[str, str] = {
    "set_up": "Set up the portal",
    "set_up.code": "Printed a new set-up code",
    "sign_in": "Sign-in",
    "sign_out": "Signed out",
    "profile.update": "Changed their name",
    "password.change": "Changed their password",
    "session.end": "Ended a session",
    "user.create": "Added the person",
    "user.invite": "Invited the person",
    "user.join": "Joined by invitation",
    "user.update": "Changed the person",
    "user.deactivate": "Deactivated the person",
    "user.reactivate": "Reactivated the person",
    "user.reset": "Made a link to reset the password",
    "user.remove": "Removed the person",
    "credential.create": "Added the key",
    "credential.update": "Changed the key",
    "credential.delete": "Deleted the key",
    "credential.move": "Moved the key in its order",
    "credential.link": "Linked the key",
    "credential.unlink": "Removed a link of the key",
    "credential.rotate": "Rotated the key",
    "credential.hand_over": "Handed the key over to the system",
    "credential.export": "Exported the list of keys",
    "credential.check": "Tested the key",
    "credential.resolve": "Used the key",
    "credential.report": "Reported on the key",
    "provider.create": "Added the provider",
    "provider.update": "Changed the provider",
    "provider.delete": "Deleted the provider",
    "agent_key.create": "Created the agent key",
    "agent_key.update": "Renamed the agent key",
    "agent_key.rotate": "Rotated the agent key",
    "agent_key.revoke": "Revoked the agent key",
    "agent_key.delete": "Deleted the agent key",
    "policy.update": "Changed the policies",
    "usage.export": "Exported the usage",
    "audit.export": "Exported the audit trail",
    "audit.verify": "Verified the audit trail",
    "encryption_key.rotate": "Rotated the encryption key",
    "encryption_key.retire": "Took the encryption key out of use",
    "encryption_key.verify": "Verified all saved values",
    "encryption_key.abandon": "Gave the encryption key up",
    "backup.create": "Made a backup",
    "backup.restore": "Restored a backup",
    "access.refused": "Was refused",
}

# How the act ended.
RESULT = {
    "ok": Look("Done", "green", "circle-check"),
    "started": Look("Started", "gray", "circle-dashed"),
    "refused": Look("Refused", "amber", "ban"),
    "failed": Look("Failed", "red", "circle-x"),
}

# Where a person stands with the portal.
PERSON = {
    "invited": Look("Invited", "blue", "mail"),
    "active": Look("Active", "green", "circle-check"),
    "deactivated": Look("Deactivated", "gray", "circle-pause"),
    "removed": Look("Removed", "gray", "user-x"),
}

ROLE = {"admin": Look("Admin", "iris", "shield"), "member": Look("Member", "gray", "user")}

# What the details of an event are called; a name that is not here shows itself.
DETAIL_WORDS: dict[str, str] = {
    "provider": "Provider",
    "source": "Source",
    "mask": "Masked value",
    "ownership": "Whose key",
    "outcome": "Outcome",
    "http_status": "HTTP status",
    "latency_ms": "Took (ms)",
    "changed": "Changed",
    "scopes": "Scopes",
    "role": "Role",
    "reason": "Reason",
    "for_user": "For",
    "model": "Model",
    "expires_at": "Ends",
    "route": "Asked for",
    "enabled": "Turned on",
    "destination": "Address of the provider",
    "position": "Place in the order",
    "model_pattern": "Models",
    "replaces": "Replaces",
    "count": "How many",
    "to": "To",
    "owned": "Owned",
    "browser": "Browser",
    "secret_version": "Number of its value",
    "unproven": "Digest of what it can no longer prove",
    "failed_over_from": "Instead of the key",
    "until": "Others come first until",
    "resolution_id": "About the use",
    "at": "As of",
}

# What events of the trail are asked for by, all together.
ACTION_GROUPS: dict[str, str] = {
    "signing_in": "Signing in and accounts",
    "people": "People",
    "keys": "API keys",
    "tests": "Tests of keys",
    "use": "Use of keys",
    "agent_keys": "Agent keys",
    "settings": "Providers and policies",
    "encryption": "Encryption keys and backups",
    "audit": "The trail itself",
    "refusals": "Refusals",
}

# Who acted, where it was not a person.
PRINCIPAL = {
    "user": Look("Person", "gray", "user"),
    "agent": Look("Agent key", "iris", "bot"),
    "operator": Look("Operator", "amber", "terminal"),
    "anonymous": Look("Stranger", "gray", "user-x"),
}

# What those are called who have no name here.
STRANGERS: dict[str, str] = {"anonymous": "Somebody not signed in", "operator": "The operator"}

# What programs report about keys they were given, in a row such as "2 refused, 1 rate limited".
FAILURE_WORDS: dict[str, str] = {
    "auth_failed": "refused",
    "rate_limited": "rate limited",
    "quota_exhausted": "without quota",
    "error": "other errors",
}

# What uses are added up by, what one of these is called, and where the used key came from.
USAGE_GROUPS: dict[str, str] = {"provider": "Providers", "key": "API keys", "agent_key": "Agent keys"}
USAGE_NOUNS: dict[str, str] = {"provider": "provider", "key": "key", "agent_key": "agent key"}
USAGE_SOURCES: dict[str, str] = {
    "user": "A person's key",
    "system": "System key",
    "environment": "Environment variable",
}

# The colours of a picture's parts, in both themes; the last is of all that do not stand apart.
SERIES_COLORS = ("var(--iris-9)", "var(--cyan-9)", "var(--orange-9)", "var(--green-9)", "var(--pink-9)")
SERIES_OTHER = "var(--gray-8)"
