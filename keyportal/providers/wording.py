"""The sentences of a check, each one something a person can act on. Never repeats what was sent."""

from keyportal.domain.checks import Outcome
from keyportal.providers.base import Provider
from keyportal.providers.egress import Reason
from keyportal.providers.reading import Comparison, Verdict

_SENTENCES = {
    Outcome.VALID: "{name} accepts this key{seen}.",
    Outcome.VALID_LIMITED: (
        "{name} knows this key but does not let it do this{code}. "
        "Check its permissions and restrictions{console}."
    ),
    Outcome.QUOTA_EXHAUSTED: (
        "{name} accepts this key, but its credit or quota is used up{code}. "
        "Add credit or raise the limit{console}."
    ),
    Outcome.RATE_LIMITED: (
        "{name} is limiting requests right now{code}, which says nothing against the key. "
        "Test again in a minute."
    ),
    Outcome.INVALID: "{name} refused this key{code}. Create a new one{console} and replace it here.",
    Outcome.REGION_OR_ENDPOINT_MISMATCH: (
        "This key and the address or extra fields it is used with do not belong together{code}. "
        "Check the base URL and the extra fields, then test again."
    ),
    Outcome.PROVIDER_ERROR: "{name} has a problem of its own (HTTP {status}). Test again in a few minutes.",
    Outcome.UNCHECKED: ("{name} neither accepted nor refused this key (HTTP {status}{code_after}). {hint}"),
}
_HINT = "Check the base URL, then test again."
_WRONG_CLOCK = "The clock of this server is off: set it, then test again."
_HINTS = {"RequestExpired": _WRONG_CLOCK, "RequestTimeTooSkewed": _WRONG_CLOCK}
_AMBIGUOUS = (
    "{name} refused this key{code}: the key is wrong, or {also}. "
    "Check both; if the rest is right, create a new key{console} and replace it here."
)
_COMPARED = {
    Comparison.ALIKE: (
        "{name} answers at this address{seen}, but it answers a made-up key alike, so the key itself "
        "is not proven. Nothing has to be done if it needs none."
    ),
    Comparison.UNCLEAR: (
        "{name} answers at this address{seen}, but how it answers a made-up key was not to be found out, "
        "so the key itself is not proven. Test again in a minute."
    ),
}
_NOT_THIS_MODEL = "It may not use {model}{code}. Try another model, or check its permissions{console}."
_MODEL_SENTENCES = {
    Outcome.VALID: "It may use {model}.",
    Outcome.VALID_LIMITED: _NOT_THIS_MODEL,
    Outcome.INVALID: _NOT_THIS_MODEL,
    Outcome.RATE_LIMITED: (
        "Requests are limited right now, so model access is not proven. Test again in a minute."
    ),
}
_MODEL_OPEN = "Whether it may use {model} could not be told{code}. Try another model, or test again."
_NO_REPLY = {
    Reason.DNS: "The address of {name} cannot be found. Check the network{place}.",
    Reason.REFUSED_ADDRESS: (
        "The address of {name} leads into a private network, so nothing was sent. "
        "An admin can allow it as a base URL."
    ),
    Reason.CLOSED_ADDRESS: (
        "The address of {name} leads to the machine's own services, which stay closed, so nothing was sent. "
        "Set another base URL."
    ),
    Reason.REFUSED_URL: (
        "The address of {name} is not allowed, so nothing was sent. "
        "Only https is, unless an admin sets a base URL."
    ),
    Reason.REFUSED_HEADER: (
        "A value for {name} holds a character that cannot be sent. Copy it again and replace it."
    ),
    Reason.TIMEOUT: "{name} did not answer in time. Check the network, then test again.",
    Reason.TLS: "No safe connection to {name} was possible (TLS). Check the base URL and its certificate.",
    Reason.CONNECTION: "{name} cannot be reached. Check the network{place}, then test again.",
    Reason.PROTOCOL: (
        "{name} sent something that is not a proper HTTP answer. Check the base URL, then test again."
    ),
}


def sentence_for(
    provider: Provider, verdict: Verdict, status: int, comparison: Comparison | None = None
) -> str:
    """Word a verdict that a reply led to. It must be clean already."""
    sentence = _SENTENCES[verdict.outcome]
    if comparison is not None:
        sentence = _COMPARED[comparison]
    elif verdict.outcome is Outcome.INVALID and provider.refused_also:
        sentence = _AMBIGUOUS
    return sentence.format(
        status=status,
        code_after=f", {verdict.code}" if verdict.code else "",
        hint=_HINTS.get(verdict.code or "", _HINT),
        seen=_seen(verdict),
        also=provider.refused_also,
        **_common(provider, verdict),
    )


def sentence_for_model(provider: Provider, model: str, verdict: Verdict) -> str:
    """Word what a model check found, to stand after the sentence about the key."""
    sentence = _MODEL_SENTENCES.get(verdict.outcome, _MODEL_OPEN)
    return sentence.format(model=model, **_common(provider, verdict))


def sentence_without_reply(provider: Provider, reason: Reason) -> str:
    """Word why no reply came."""
    places = [f.label.lower() for f in provider.fields if "{" + f.name + "}" in provider.base_url]
    place = f" and the {' and the '.join(places or ['base URL'])}"
    return _NO_REPLY[reason].format(name=provider.name, place=place)


def _seen(verdict: Verdict) -> str:
    count = len(verdict.models)
    if not count:
        return ""
    least = "at least " if verdict.has_more_models else ""
    return f" and lists {least}{count} model{'s' if count > 1 else ''}"


def _common(provider: Provider, verdict: Verdict) -> dict[str, str]:
    console = provider.console_url.removeprefix("https://")
    return {
        "name": provider.name,
        "console": f" at {console}" if console else "",
        "code": f" ({verdict.code})" if verdict.code else "",
    }
