"""Pages of stored keys: what a list is searched, narrowed and sorted by. Decrypts nothing."""

from dataclasses import dataclass

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import CredentialStatus, Ownership
from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Principal
from keyportal.domain.text import require_label, search_key
from keyportal.persistence import credential_lists as queries
from keyportal.persistence.credential_lists import SORTS
from keyportal.persistence.credentials import GENERAL
from keyportal.persistence.credentials import CredentialFilter as CredentialFilter
from keyportal.services.credential_access import READ, owner_key_of
from keyportal.services.credential_views import GENERAL_NAME, CredentialView, credential_views
from keyportal.services.paging import PAGE_SIZES, Page, page_of, require_page, require_sort
from keyportal.services.portal import Portal

SORT_COLUMNS = tuple(SORTS)
# Newest first.
USUAL_SORT = "-created"


def search(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    wanted: CredentialFilter | None = None,
    sort: str = USUAL_SORT,
    *,
    page: int = 1,
    size: int = PAGE_SIZES[0],
) -> Page[CredentialView]:
    """Return one page of a list, sorted by a column of `SORTS`; a `-` before it turns it round.

    Raises Forbidden, and InvalidInput for a filter, column or page that cannot be.
    """
    principal.require(READ[ownership])
    wanted = _require_filter(portal, wanted or CredentialFilter())
    column, descending = require_sort(sort, SORTS)
    require_page(page, size)
    slice_ = queries.Slice(column, descending, offset=(page - 1) * size, limit=size)
    with portal.database.reading() as session:
        rows, total = queries.search_credentials(
            session,
            owner_key_of(principal, ownership),
            wanted,
            slice_,
            readable_key_ids=portal.keyring.ids,
            now=portal.clock.now(),
        )
        items = credential_views(portal, session, rows)
    return page_of(items, total, page, size)


@dataclass(frozen=True)
class ProviderInUse:
    """A provider this owner has keys for; its id is `general` for keys without one."""

    id: str
    name: str


def choices(
    portal: Portal, principal: Principal, ownership: Ownership
) -> tuple[list[ProviderInUse], list[str]]:
    """Return what this owner's list can be narrowed by: the providers and the labels in use."""
    found = []
    for one in providers_in_use(portal, principal, ownership):
        provider = portal.providers.find(one)
        name = GENERAL_NAME if one == GENERAL else provider.name if provider else one
        found.append(ProviderInUse(one, name))
    in_order = sorted(found, key=lambda one: (one.id != GENERAL, one.name.casefold()))
    return in_order, labels_in_use(portal, principal, ownership)


def labels_in_use(portal: Portal, principal: Principal, ownership: Ownership) -> list[str]:
    """Return the environment labels of this owner's keys, for the filter to offer."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        return queries.environments_of(session, owner_key_of(principal, ownership))


def providers_in_use(portal: Portal, principal: Principal, ownership: Ownership) -> list[str]:
    """Return the ids of the providers this owner has keys for; `general` stands for no provider."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        found = queries.providers_of(session, owner_key_of(principal, ownership))
    return [provider or GENERAL for provider in found]


def _require_filter(portal: Portal, wanted: CredentialFilter) -> CredentialFilter:
    if wanted.status and wanted.status not in set(CredentialStatus):
        raise InvalidInput(f"A status is one of {', '.join(CredentialStatus)}.", field="status")
    if wanted.health and wanted.health not in set(Outcome):
        raise InvalidInput(f"A health is one of {', '.join(Outcome)}.", field="health")
    provider = wanted.provider.strip().lower()
    if provider and provider != GENERAL:
        provider = portal.providers.get(provider).id
    return CredentialFilter(
        text=search_key(wanted.text),
        provider=provider,
        status=wanted.status,
        health=wanted.health,
        environment=require_label(wanted.environment),
    )
