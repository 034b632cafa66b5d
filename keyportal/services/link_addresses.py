"""Where a General key is used by its links, once its value or its provider's address is another."""

from sqlmodel import Session

from keyportal.domain.errors import InvalidInput
from keyportal.persistence import links
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.services.chains import stays_elsewhere
from keyportal.services.portal import Portal


def pin_links(portal: Portal, session: Session, row: CredentialRow) -> None:
    """Pin links to where their providers are now: a value entered anew is meant for there.

    A link to a provider without an address by now ends: the new value has nowhere to go by it.
    """
    for link in links_elsewhere(portal, session, row):
        address = _present_address(portal, row, link)
        if address:
            link.base_url = address
            session.add(link)
        else:
            session.delete(link)
    session.flush()


def links_elsewhere(portal: Portal, session: Session, row: CredentialRow) -> list[CredentialLinkRow]:
    """Return the links by which a General key goes to another origin than their provider has by now."""
    if row.provider:
        return []
    found = (
        (portal.providers.find(ln.provider), ln) for ln in links.links_of(session, row.owner_key, row.id)
    )
    return [link for provider, link in found if provider is None or stays_elsewhere(provider, row, link)]


def _present_address(portal: Portal, row: CredentialRow, link: CredentialLinkRow) -> str:
    provider = portal.providers.find(link.provider)
    try:
        return provider.address(row.fields) if provider and provider.base_url else ""
    except InvalidInput:
        return ""
