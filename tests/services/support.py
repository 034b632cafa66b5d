"""Short ways to the things service tests talk about."""

from typing import Any

from sqlalchemy import text, update
from sqlmodel import Session, col, select

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence import audit_events
from keyportal.persistence.tables import AuditEventRow, CredentialRow
from keyportal.services import credentials, sessions, sign_in
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from tests.support import PASSWORDS

USER, SYSTEM = Ownership.USER, Ownership.SYSTEM
VALUE = "sk-proj-ownT3BlbkFJ0123456789abcdef"


def save(
    portal: Portal,
    principal: Principal,
    name: str = "mine",
    value: str = VALUE,
    ownership: Ownership = USER,
    **more: Any,
) -> CredentialView:
    new = NewCredential(more.pop("provider", "openai"), name, Secret(value), **more)
    return credentials.create(portal, principal, ownership, new)


def row_of(portal: Portal, credential_id: str) -> CredentialRow:
    with portal.database.reading() as session:
        return session.exec(select(CredentialRow).where(CredentialRow.id == credential_id)).one()


def spoil(portal: Portal, credential_id: str, **values: Any) -> None:
    """Change a row behind the services' back; by default damage its secret."""
    with portal.database.transaction() as session:
        session.exec(
            update(CredentialRow)
            .where(col(CredentialRow.id) == credential_id)
            .values(**(values or {"sealed": b"\x01junk"}))
        )


def events(portal: Portal) -> list[AuditEventRow]:
    with portal.database.reading() as session:
        return list(audit_events.events_in_order(session))


def signed_in(portal: Portal, name: str) -> Principal:
    """Sign one of the cast in, and return who their session stands for."""
    email = f"{name}@example.com"
    entered = sign_in.sign_in(portal, email, Secret(PASSWORDS[email]))
    found = sessions.find_principal(portal, sessions.digest_of(entered.token.reveal()))
    assert found is not None
    return found


def run_sql(session: Session, statement: str, **values: Any) -> Any:
    return session.connection().execute(text(statement), values)
