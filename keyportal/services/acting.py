"""Acting as somebody: what was true at the gate is looked at once more inside the transaction.

An act may wait for a lock while its person is demoted, deactivated or removed. They are looked up with
a shared lock, so whoever changes them comes before the act or after it, never in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from keyportal.domain.errors import AgentKeyRevoked, NotSignedIn
from keyportal.domain.principals import Principal, PrincipalKind
from keyportal.persistence import agent_keys, users
from keyportal.services.portal import Portal


@contextmanager
def acting(portal: Portal, principal: Principal) -> Iterator[Session]:
    """Begin a transaction for an act of this principal. Raises NotSignedIn, AgentKeyRevoked.

    An act that takes the lock on people takes that first and calls `require_still` itself: who holds that
    lock may be waiting for this very person.
    """
    with portal.database.transaction() as session:
        require_still(session, principal)
        yield session


def require_still(session: Session, principal: Principal) -> None:
    """Raise unless the principal may still act as what they were let in as."""
    if principal.kind not in (PrincipalKind.USER, PrincipalKind.AGENT):
        return
    person = users.find_present(session, principal.user_id or "", for_share=True)
    is_agent = principal.kind is PrincipalKind.AGENT
    if person is None or not person.active or not (is_agent or person.role == principal.role):
        raise AgentKeyRevoked if is_agent else NotSignedIn
    if is_agent and not agent_keys.is_live(session, person.id, principal.agent_key_id or ""):
        raise AgentKeyRevoked
