"""The catalogue as the screen and the API see it, and what a pasted value looks like."""

from dataclasses import dataclass

from keyportal.domain.credentials import PastedValue, find_assignment, require_value
from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.providers.base import Field, Provider
from keyportal.providers.checking import format_warning
from keyportal.services import environment
from keyportal.services.portal import Portal


@dataclass(frozen=True)
class ProviderFieldView:
    """Something a provider needs besides the key. `choices` pairs each allowed value with its label."""

    name: str
    label: str
    help: str
    required: bool
    default: str
    secret: bool
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ProviderView:
    """A provider a key can be saved for. `environment_names` are in the order they are tried.

    `enabled` is False where an admin turned it off: its keys stay, and nothing new begins. Without a
    `base_url` nothing can be asked until an admin sets one.
    """

    id: str
    name: str
    initials: str
    kind: str
    base_url: str
    console_url: str
    how_to: str
    environment_names: tuple[str, ...]
    enabled: bool
    is_custom: bool
    has_model_check: bool
    preferred_models: tuple[str, ...]
    formats: tuple[str, ...]
    fields: tuple[ProviderFieldView, ...]
    keywords: tuple[str, ...]


@dataclass(frozen=True)
class PastedView:
    """What a pasted text looks like, without the text.

    `candidates` are several providers it could equally be for. `is_assignment`: it is a `NAME=value`
    line, of which the owner may keep the value alone. `notice` says what will be cleaned off, `problem`
    why it cannot be saved, `warning` what is odd about it.
    """

    guessed: ProviderView | None
    candidates: tuple[ProviderView, ...]
    is_assignment: bool
    notice: str
    problem: str
    warning: str


def list_providers(
    portal: Portal, principal: Principal, *, include_disabled: bool = False
) -> list[ProviderView]:
    """Return the providers a key can be saved for; with the disabled, those a list may hold keys of."""
    principal.require(Permission.PROVIDERS_READ)
    registry = portal.providers
    return [provider_view(portal, p) for p in registry.all() if include_disabled or registry.is_enabled(p.id)]


def look_at_pasted(portal: Portal, principal: Principal, pasted: Secret, provider_id: str = "") -> PastedView:
    """Say what a pasted text looks like. Refuses nothing and keeps nothing.

    `provider_id` is the provider chosen by hand, which a guess does not replace.
    """
    principal.require(Permission.PROVIDERS_READ)
    registry = portal.providers
    assignment = find_assignment(pasted.reveal())
    value = assignment.value if assignment else pasted
    found = registry.candidates(value.reveal())
    named = _named(portal, assignment.name) if assignment and not found else None
    guessed = found[0] if len(found) == 1 else named
    chosen = registry.find(provider_id) or guessed or next(iter(found), None)
    problem, cleaned = _cleaned(value)
    return PastedView(
        guessed=provider_view(portal, guessed) if guessed else None,
        candidates=tuple(provider_view(portal, p) for p in found) if len(found) > 1 else (),
        is_assignment=assignment is not None,
        notice=cleaned.notice if cleaned else "",
        problem=problem,
        warning=(format_warning(chosen, cleaned.secret.reveal()) or "") if chosen and cleaned else "",
    )


def _cleaned(value: Secret) -> tuple[str, PastedValue | None]:
    if not value.reveal().strip():
        return "", None
    try:
        return "", require_value(value.reveal())
    except InvalidInput as refusal:
        return refusal.message, None


def _named(portal: Portal, variable: str) -> Provider | None:
    """Return the provider a variable is for; None where several share the name, or it is turned off."""
    registry = portal.providers
    found = [
        p for p in registry.all() if registry.is_enabled(p.id) and variable in environment_names_of(portal, p)
    ]
    return found[0] if len(found) == 1 else None


def provider_view(portal: Portal, provider: Provider) -> ProviderView:
    return ProviderView(
        id=provider.id,
        name=provider.name,
        initials=initials_of(provider.name),
        kind=provider.kind,
        base_url=provider.base_url,
        console_url=provider.console_url,
        how_to=provider.how_to,
        environment_names=environment_names_of(portal, provider),
        enabled=portal.providers.is_enabled(provider.id),
        is_custom=provider.is_custom,
        has_model_check=provider.check.model_check is not None,
        preferred_models=provider.preferred_models,
        formats=tuple(known.label for known in provider.formats if not known.wrong_kind),
        fields=tuple(_field_view(f) for f in provider.fields),
        keywords=provider.keywords,
    )


def _field_view(field: Field) -> ProviderFieldView:
    choices = tuple((choice.value, choice.label) for choice in field.choices)
    return ProviderFieldView(
        field.name, field.label, field.help, field.required, field.default, field.secret, choices
    )


def initials_of(name: str) -> str:
    """Return one or two letters for a provider's tile, such as `OR` for OpenRouter."""
    capitals = "".join(c for c in name if c.isupper())
    return (capitals if len(capitals) > 1 else name[:2].title())[:2]


def environment_names_of(portal: Portal, provider: Provider) -> tuple[str, ...]:
    """Return the variables tried for a provider in this deployment, in order."""
    return environment.names_of(portal.settings, provider)
