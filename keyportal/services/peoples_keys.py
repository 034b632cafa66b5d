"""What an admin sees and ends of a person's API keys: masked, deleted, never read or tested.

Their agent keys are in `agent_keys`.
"""

from dataclasses import dataclass
from datetime import datetime

from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials, users
from keyportal.persistence.tables import CredentialRow
from keyportal.services import audit, removal
from keyportal.services.acting import acting
from keyportal.services.credential_views import row_status
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of

_GENERAL = "General"


@dataclass(frozen=True)
class PersonsKeyView:
    """A person's API key as somebody else may see it."""

    id: str
    name: str
    provider: str
    provider_name: str
    initials: str
    mask: str
    status: str
    last_used_at: datetime | None
    created_at: datetime


def credentials_of(portal: Portal, principal: Principal, user_id: str) -> list[PersonsKeyView]:
    """Return all live keys of a person, masked. Raises NotFound, Forbidden."""
    principal.require(Permission.PEOPLES_CREDENTIALS_READ)
    with portal.database.reading() as session:
        if not is_row_id(user_id) or users.find_user(session, user_id) is None:
            raise NotFound
        return [_view(portal, row) for row in users.live_credentials_of(session, user_id)]


def delete_credential_of(portal: Portal, principal: Principal, user_id: str, credential_id: str) -> None:
    """Wipe a person's key at once. Raises NotFound, Forbidden."""
    principal.require(Permission.PEOPLES_CREDENTIALS_DELETE)
    with acting(portal, principal) as session:
        row, person = None, None
        if is_row_id(user_id) and is_row_id(credential_id):
            row = credentials.find_credential(session, [user_id], credential_id, for_update=True)
            person = users.find_user(session, user_id)
        if row is None or person is None:
            raise NotFound
        audit.record_several(portal, session, principal, [removal.wipe(portal, session, person, row)])


def _view(portal: Portal, row: CredentialRow) -> PersonsKeyView:
    provider = portal.providers.find(row.provider)
    name = provider.name if provider else row.provider or _GENERAL
    return PersonsKeyView(
        id=row.id,
        name=row.name,
        provider=row.provider,
        provider_name=name,
        initials=initials_of(name),
        mask=row.mask,
        status=row_status(portal, row),
        last_used_at=row.last_used_at,
        created_at=row.created_at,
    )
