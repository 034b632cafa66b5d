"""The sentences of a check, each one something a person can act on. Never repeats what was sent."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Provider
from keyportal.providers.egress import Reason

_SENTENCES = {
    Outcome.VALID: "{name} accepts this key{seen}.",
    Outcome.VALID_LIMITED: (
        "{name} knows this key but does not let it do this{code}. "
        "Check its permissions and restrictions at {console}."
    ),
    Outcome.QUOTA_EXHAUSTED: (
        "{name} accepts this key, but its credit or quota is used up{code}. "
        "Add credit or raise the limit at {console}."
    ),
    Outcome.RATE_LIMITED: (
        "{name} is limiting requests right now{code}, which says nothing against the key. "
        "Test again in a minute."
    ),
    Outcome.INVALID: ("{name} refused this key{code}. Create a new one at {console} and replace it here."),
    Outcome.REGION_OR_ENDPOINT_MISMATCH: (
        "This key and the address or extra fields it is used with do not belong together{code}. "
        "Check the base URL and the extra fields, then test again."
    ),
    Outcome.PROVIDER_ERROR: ("{name} has a problem of its own (HTTP {status}). Test again in a few minutes."),
    Outcome.UNCHECKED: (
        "{name} neither accepted nor refused this key (HTTP {status}{code_after}). "
        "Check the base URL, then test again."
    ),
}
_NO_REPLY = {
    Reason.DNS: "The address of {name} cannot be found. Check the network and the base URL.",
    Reason.REFUSED_ADDRESS: (
        "The address of {name} leads into a private network, so nothing was sent. "
        "An operator can allow it as a base URL."
    ),
    Reason.REFUSED_URL: (
        "The address of {name} is not allowed, so nothing was sent. "
        "Only https is, unless an operator sets a base URL."
    ),
    Reason.REFUSED_HEADER: (
        "A value for {name} holds a character that cannot be sent. Copy it again and replace it."
    ),
    Reason.TIMEOUT: "{name} did not answer in time. Check the network, then test again.",
    Reason.TLS: ("No safe connection to {name} was possible (TLS). Check the base URL and its certificate."),
    Reason.CONNECTION: ("{name} cannot be reached. Check the network and the base URL, then test again."),
    Reason.PROTOCOL: (
        "{name} sent something that is not a proper HTTP answer. Check the base URL, then test again."
    ),
}


def sentence_for(provider: Provider, outcome: Outcome, code: str | None, status: int, models: int) -> str:
    """Word an outcome that a reply led to. `code` must be clean already."""
    return _SENTENCES[outcome].format(
        name=provider.name,
        console=provider.console_url.removeprefix("https://"),
        status=status,
        code=f" ({code})" if code else "",
        code_after=f", {code}" if code else "",
        seen=f" and lists {models} model{'s' if models > 1 else ''}" if models else "",
    )


def sentence_without_reply(provider: Provider, reason: Reason) -> str:
    """Word why no reply came."""
    return _NO_REPLY[reason].format(name=provider.name)
