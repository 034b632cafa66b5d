"""Which key to use: decides, opens the winner, counts and audits it, and only then hands it out."""

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import Forbidden, KeyPortalError
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import search_key
from keyportal.persistence import credentials, users
from keyportal.persistence.engine import wait_at_most
from keyportal.persistence.release_batches import write_in
from keyportal.persistence.tables import UserRow
from keyportal.providers.base import Provider
from keyportal.services import audit
from keyportal.services.chains import address_of as address_of
from keyportal.services.portal import Portal
from keyportal.services.releases import Refused, details_of, prepare
from keyportal.services.releases import Resolution as Resolution
from keyportal.services.releases import ResolvedCredential as ResolvedCredential
from keyportal.services.uses import Use, batch_of

_PATIENCE_S = 2.0


def resolve_key(
    portal: Portal,
    principal: Principal,
    provider_id: str,
    *,
    user: str | None = None,
    model: str | None = None,
) -> Resolution:
    """Release the key to use for a provider, counted and audited before it leaves.

    `user` is the email of the person to act for; by default the agent's own owner.
    Raises Forbidden, UnknownProvider, ProviderDisabled, NoKey naming every place asked, KeyUnreadable.
    """
    principal.require(Permission.SECRETS_RELEASE)
    provider = portal.providers.get_enabled(provider_id)
    with portal.database.transaction() as session:
        # Who wants a key that somebody holds must not take all connections from those who want another.
        wait_at_most(session, _PATIENCE_S)
        subject = require_subject(session, principal, user)
        outcome = _release(portal, session, principal, subject, provider, model)
    # A refusal is raised after the commit: its audit event must stay.
    if isinstance(outcome, KeyPortalError):
        raise outcome
    return outcome


def require_subject(session: Session, principal: Principal, user: str | None) -> UserRow:
    """Return the person to act for. Not allowed, unknown and deactivated are refused alike."""
    refused = Forbidden("You may not act for this person, or there is no such person here.")
    found = None
    if user is None and principal.user_id is not None:
        found = users.find_user(session, principal.user_id)
    elif user is not None:
        found = users.find_user_by_email(session, search_key(user))
    if found is None or not found.active:
        raise refused
    if found.id != principal.user_id and not principal.can(Permission.SECRETS_RELEASE_ANY):
        raise refused
    return found


def _release(
    portal: Portal,
    session: Session,
    principal: Principal,
    subject: UserRow,
    provider: Provider,
    model: str | None,
) -> Resolution | KeyPortalError:
    try:
        release = prepare(portal, session, subject, provider, model)
    except Refused as stopped:
        return _record_refused(portal, session, principal, stopped, details_of(subject, provider, model))
    opened = release.open()
    use = Use(principal, principal.address, release)
    batch = batch_of(portal, [use], portal.clock.now())
    write_in(session, batch, audit.linking(portal))
    return release.handed_out(opened, batch.events[0].uid)


def _record_refused(
    portal: Portal, session: Session, principal: Principal, stopped: Refused, details: dict[str, str | None]
) -> KeyPortalError:
    candidate, refusal = stopped.candidate, stopped.refusal
    if candidate is not None and stopped.damaged is not None:
        # Lists can say so from now on without decrypting.
        credentials.write_health(session, candidate.id, stopped.damaged, unreadable=True)
    audit.record(
        portal,
        session,
        principal,
        Action.CREDENTIAL_RESOLVE,
        Result.FAILED,
        object_id=candidate.id if candidate else "",
        object_label=candidate.name if candidate else "",
        reason=refusal.code,
        **details,
    )
    return refusal
