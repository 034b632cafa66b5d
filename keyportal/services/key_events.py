"""Events about one stored key, told alike whatever was done to it."""

from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.principals import Principal
from keyportal.persistence.tables import CredentialRow
from keyportal.services import audit
from keyportal.services.portal import Portal


def record_key(
    portal: Portal,
    session: Session,
    principal: Principal,
    action: Action,
    row: CredentialRow,
    result: Result = Result.OK,
    **details: Any,
) -> None:
    """Append an event with what identifies the key. `details` come before what is known of it."""
    known = {"provider": row.provider, "ownership": row.ownership, "mask": row.mask}
    audit.record(
        portal,
        session,
        principal,
        action,
        result,
        object_id=row.id,
        object_label=row.name,
        **{**known, **details},
    )
