"""The catalogue as the screen and the API see it, and what a pasted value looks like."""

from dataclasses import dataclass

from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.providers.base import Provider
from keyportal.services.portal import Portal


@dataclass(frozen=True)
class ProviderFieldView:
    name: str
    label: str
    help: str
    required: bool


@dataclass(frozen=True)
class ProviderView:
    """A provider a key can be saved for. `environment_names` are in the order they are tried."""

    id: str
    name: str
    initials: str
    kind: str
    base_url: str
    console_url: str
    how_to: str
    environment_names: tuple[str, ...]
    fields: tuple[ProviderFieldView, ...]


def list_providers(portal: Portal, principal: Principal) -> list[ProviderView]:
    principal.require(Permission.PROVIDERS_READ)
    return [provider_view(portal, p) for p in portal.providers.all()]


def guess_provider(portal: Portal, principal: Principal, pasted: Secret) -> ProviderView | None:
    """Return the provider a pasted key gives away by its opening, or None where it could be several."""
    principal.require(Permission.PROVIDERS_READ)
    found = portal.providers.guess(pasted.reveal().strip())
    return provider_view(portal, found) if found else None


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
        fields=tuple(ProviderFieldView(f.name, f.label, f.help, f.required) for f in provider.fields),
    )


def initials_of(name: str) -> str:
    """Return one or two letters for a provider's tile, such as `OR` for OpenRouter."""
    capitals = "".join(c for c in name if c.isupper())
    return (capitals if len(capitals) > 1 else name[:2].title())[:2]


def environment_names_of(portal: Portal, provider: Provider) -> tuple[str, ...]:
    """Return the variables tried for a provider: configured, usual, then prefixed; first non-empty wins."""
    configured = portal.settings.environment_names.get(provider.id, ())
    usual = provider.environment_names
    prefixed = tuple(p + n for p in portal.settings.environment_prefixes for n in usual)
    return tuple(dict.fromkeys((*configured, *usual, *prefixed)))
