"""Which provider a saved key is checked with, and where the key may go for that."""

from dataclasses import dataclass

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.persistence import links
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.providers.base import Provider, destination_of
from keyportal.providers.registry import Registry
from keyportal.services.portal import Portal


@dataclass(frozen=True)
class Target:
    """The provider to ask, and the origin the key belongs to: it is sent nowhere else."""

    provider: Provider
    destination: str
    is_linked: bool = False


def find_target(portal: Portal, registry: Registry, row: CredentialRow) -> Target | None:
    """Return the key's own provider, or the first one a General key is linked to; None without a link.

    Raises UnknownProvider, ProviderDisabled.
    """
    if row.provider:
        return Target(registry.get_enabled(row.provider), row.destination)
    with portal.database.reading() as session:
        linked = [ln for ln in links.links_of(session, row.owner_key, row.id) if registry.find(ln.provider)]
        if not linked:
            return None
        first = next((ln for ln in linked if registry.is_enabled(ln.provider)), linked[0])
        return _target(registry, first)


def _target(registry: Registry, link: CredentialLinkRow) -> Target:
    return Target(registry.get_enabled(link.provider), destination_of(link.base_url), is_linked=True)


def moved(target: Target) -> CheckResult:
    """Say that the provider is elsewhere by now, and what to do about it."""
    made, again = ("linked", "Remove the link and link it again") if target.is_linked else (
        "saved", "Enter the key's value again")  # fmt: skip
    saved_for = f"for {target.destination}" if target.destination else "before there was an address"
    return CheckResult(
        Outcome.REGION_OR_ENDPOINT_MISMATCH,
        f"This key was {made} {saved_for}, and {target.provider.name} has another address now."
        f" {again} to use it there.",
    )
