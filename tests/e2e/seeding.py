"""What a journey begins with, put there by the services: a click is spent on what is tested alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from keyportal.domain.clock import SystemClock
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.users import find_user_by_email
from keyportal.services import credentials, users
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.sessions import principal_of
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from tests.e2e.server import RunningPortal

PASSWORD = "a long password of this person"


@contextmanager
def opened(running: RunningPortal) -> Iterator[Portal]:
    """The portal beside its server, on the same database."""
    portal = open_portal(settings_from(running.environment()), SystemClock())
    yield portal
    portal.close()


def add_person(portal: Portal, email: str, role: Role = Role.ADMIN, name: str = "") -> Principal:
    """Add somebody with the password of all, and return them."""
    users.add_user(portal, operator_principal(), users.NewUser(email, Secret(PASSWORD), role, name))
    with portal.database.reading() as session:
        row = find_user_by_email(session, email)
        assert row is not None
        return principal_of(row)


def add_keys(
    portal: Portal, owner: Principal, names: Sequence[str], provider: str = "openai", *, active: bool = True
) -> None:
    for name in names:
        value = Secret(f"sk-proj-JOURNEYcanary0123{name.replace(' ', '')}")
        credentials.create(portal, owner, Ownership.USER, NewCredential(provider, name, value, active=active))
