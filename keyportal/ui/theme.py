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

SOURCE = {
    "user": Look("Yours", "iris", "user"),
    "system": Look("System", "blue", "shield"),
    "environment": Look("Environment", "gray", "terminal"),
    "none": Look("None", "gray", "circle-dashed"),
    "blocked": Look("Unreadable", "red", "lock"),
}

VERDICT = {
    "used": Look("Used", "green", "circle-check"),
    "skipped": Look("Passed over", "gray", "circle-slash"),
    "blocks": Look("Stops here", "red", "octagon-x"),
    "not_reached": Look("Not needed", "gray", "circle-dashed"),
}
