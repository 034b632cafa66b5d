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
