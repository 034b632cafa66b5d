"""What a stored key is used for besides its own provider: links to providers and model patterns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, LinkTaken, NotFound
from keyportal.domain.links import require_pattern
from keyportal.domain.principals import Principal
from keyportal.domain.text import is_row_id
from keyportal.persistence import links
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.providers.base import Provider
from keyportal.services.acting import acting
from keyportal.services.credential_access import READ, WRITE, require_row
from keyportal.services.key_events import record_key
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of

MOST = 50


@dataclass(frozen=True)
class LinkView:
    """One link. An empty `model_pattern` stands for all models of the provider."""

    id: str
    provider: str
    provider_name: str
    initials: str
    model_pattern: str
    created_at: datetime


def links_of(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str
) -> list[LinkView]:
    """Return what a key is linked to, oldest first. Raises NotFound."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        return views_of(portal, session, require_row(session, principal, ownership, credential_id))


def views_of(portal: Portal, session: Session, row: CredentialRow) -> list[LinkView]:
    """Return what a key is linked to, in the caller's transaction."""
    return [_view(portal, link) for link in links.links_of(session, row.owner_key, row.id)]


def link(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    credential_id: str,
    provider_id: str,
    model_pattern: str = "",
) -> LinkView:
    """Use a key for a provider too, or first for those of its models that match a pattern.

    Raises NotFound, UnknownProvider, ProviderDisabled, LinkTaken, and InvalidInput where the provider
    needs what the key does not have.
    """
    principal.require(WRITE[ownership])
    provider, pattern = portal.providers.get_enabled(provider_id), require_pattern(model_pattern)
    if portal.providers.guess(pattern) is not None:
        raise InvalidInput("This is a key and not a model. Take it out of this field.", field="model_pattern")
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        _require_fitting(provider, row, pattern)
        if links.count_links(session, row.id) >= MOST:
            raise InvalidInput(f"A key has at most {MOST} links. Remove one first.", field="provider")
        made = CredentialLinkRow(
            credential_id=row.id,
            owner_key=row.owner_key,
            provider=provider.id,
            model_pattern=pattern,
            base_url="" if row.provider else provider.address({}),
            created_at=portal.clock.now(),
        )
        _store(session, made)
        _record(portal, session, principal, Action.CREDENTIAL_LINK, row, made)
    return _view(portal, made)


def unlink(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str, link_id: str
) -> None:
    """Take a link away. Raises NotFound."""
    principal.require(WRITE[ownership])
    with acting(portal, principal) as session:
        row = require_row(session, principal, ownership, credential_id, for_update=True)
        found = links.find_link(session, row.owner_key, row.id, link_id) if is_row_id(link_id) else None
        if found is None:
            raise NotFound
        session.delete(found)
        session.flush()
        _record(portal, session, principal, Action.CREDENTIAL_UNLINK, row, found)


def _require_fitting(provider: Provider, row: CredentialRow, pattern: str) -> None:
    """Refuse a link that could not be used, or says nothing new."""
    if row.provider == provider.id and not pattern:
        raise InvalidInput(
            f"This key is for {provider.name} already. Give a model pattern to have it tried first"
            " for some models.",
            field="model_pattern",
        )
    if missing := _missing_fields(provider, row):
        raise InvalidInput(
            f"{provider.name} also needs {_listed(missing)}, which this key does not have. Add the key"
            f" for {provider.name} instead.",
            field="provider",
        )
    if not row.provider and not provider.base_url:
        raise InvalidInput(
            f"{provider.name} has no address here yet. An admin has to set one first.", field="provider"
        )


def _missing_fields(provider: Provider, row: CredentialRow) -> list[str]:
    return [
        needed.label
        for needed in provider.fields
        if needed.required
        and needed.name not in row.secret_fields
        and not needed.accepts(row.fields.get(needed.name, ""))
    ]


def _listed(labels: Sequence[str]) -> str:
    *others, last = labels
    return f"{', '.join(others)} and {last}" if others else last


def _store(session: Session, made: CredentialLinkRow) -> None:
    session.add(made)
    try:
        session.flush()
    except IntegrityError:
        raise LinkTaken(field="model_pattern" if made.model_pattern else "provider") from None


def _view(portal: Portal, link: CredentialLinkRow) -> LinkView:
    provider = portal.providers.find(link.provider)
    name = provider.name if provider else link.provider
    return LinkView(link.id, link.provider, name, initials_of(name), link.model_pattern, link.created_at)


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    row: CredentialRow,
    made: CredentialLinkRow,
) -> None:
    pattern = made.model_pattern or None
    record_key(portal, session, principal, action, row, provider=made.provider, model_pattern=pattern)
