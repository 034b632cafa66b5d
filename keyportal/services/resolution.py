"""Which key to use: builds the sources for the pure rule, opens the winner, counts and audits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.errors import (
    Forbidden,
    KeyPortalError,
    KeyUnreadable,
    NeedsReentry,
    NoKey,
    Unopenable,
)
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import search_key
from keyportal.persistence import credentials, usage, users
from keyportal.persistence.tables import UserRow
from keyportal.providers.base import Provider
from keyportal.resolver import Candidate, Situation, Source
from keyportal.services import audit, environment
from keyportal.services.chains import Sources, decide
from keyportal.services.chains import address_of as address_of
from keyportal.services.portal import Portal
from keyportal.services.sealing import Opened, open_credential


@dataclass(frozen=True)
class ResolvedCredential:
    id: str
    name: str
    mask: str


@dataclass(frozen=True)
class Resolution:
    """The key to use and where it came from. `credential` is None for an environment variable."""

    provider: str
    source: Source
    credential: ResolvedCredential | None
    api_key: Secret
    fields: Mapping[str, str] = field(repr=False)
    base_url: str
    resolution_id: str


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
        subject = _require_subject(session, principal, user)
        outcome = _release(portal, session, principal, subject, provider, model)
    # A refusal is raised after the commit: its audit event must stay.
    if isinstance(outcome, KeyPortalError):
        raise outcome
    return outcome


def _require_subject(session: Session, principal: Principal, user: str | None) -> UserRow:
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
    sources = _decided(portal, session, subject, provider, model)
    details: dict[str, Any] = {"provider": provider.id, "for_user": subject.email, "model": model}
    winner = sources.decision.winner
    try:
        if (blocked := sources.decision.blocked_by) is not None:
            raise NeedsReentry if blocked.situation is Situation.RE_ENTER else KeyUnreadable
        if winner is None:
            raise NoKey(_places_asked(provider, sources))
        opened = _open(portal, session, provider, sources, winner)
    except (NoKey, KeyUnreadable) as refusal:
        blocked = sources.decision.blocked_by or winner
        audit.record(
            portal,
            session,
            principal,
            Action.CREDENTIAL_RESOLVE,
            Result.FAILED,
            object_id=blocked.id if blocked else "",
            object_label=blocked.name if blocked else "",
            reason=refusal.code,
            **details,
        )
        return refusal
    return _count_and_record(portal, session, principal, provider, sources, winner, opened, details)


def _decided(
    portal: Portal, session: Session, subject: UserRow, provider: Provider, model: str | None
) -> Sources:
    """Return the sources with the winner read again, its value too; of no other key is a value read."""
    while True:
        sources = decide(portal, session, subject.id, provider, model=model)
        winner = sources.decision.winner
        if winner is None or not winner.id:
            return sources
        owner_key = sources.rows[winner.id].owner_key
        if (row := credentials.with_value(session, owner_key, winner.id)) is not None:
            return replace(sources, rows={row.id: row})
        # Deleted by somebody since: the next one is wanted.


def _open(
    portal: Portal, session: Session, provider: Provider, sources: Sources, winner: Candidate
) -> Opened:
    if winner.source is Source.ENVIRONMENT:
        return Opened(
            environment.value_of(portal.settings, provider, winner.name),
            environment.fields_of(portal.settings, provider),
        )
    row = sources.rows[winner.id]
    try:
        return open_credential(portal, row)
    except Unopenable:
        credentials.write_health(session, row.id, row.secret_version, unreadable=True)
        raise KeyUnreadable from None


def _count_and_record(
    portal: Portal,
    session: Session,
    principal: Principal,
    provider: Provider,
    sources: Sources,
    winner: Candidate,
    opened: Opened,
    details: dict[str, Any],
) -> Resolution:
    row = sources.rows.get(winner.id)
    now = portal.clock.now()
    if row is not None:
        credentials.count_use(session, row.id, now)
    usage.add_use(
        session,
        now.astimezone(UTC).date(),
        provider=provider.id,
        source=winner.source,
        credential_id=winner.id,
        agent_key_id=principal.agent_key_id or "",
    )
    resolution_id = audit.record(
        portal,
        session,
        principal,
        Action.CREDENTIAL_RESOLVE,
        object_id=winner.id,
        object_label=winner.name,
        source=winner.source,
        mask=winner.mask or None,
        **details,
    )
    return Resolution(
        provider=provider.id,
        source=winner.source,
        credential=ResolvedCredential(row.id, row.name, row.mask) if row else None,
        api_key=opened.secret,
        fields=opened.fields,
        base_url=address_of(provider, row, sources.links.get(row.id))
        if row
        else provider.environment_address(opened.fields),
        resolution_id=resolution_id,
    )


def _places_asked(provider: Provider, sources: Sources) -> str:
    """Say every place that was asked, so that the caller knows where to put a key."""
    steps = sources.decision.steps
    names = [s.candidate.name for s in steps if s.candidate.source is Source.ENVIRONMENT]
    variables = " or ".join(names) if names else "none"
    if not sources.policies.uses_environment(provider.id):
        return (
            f"No API key is configured for {provider.name}. Asked in this order: the person's own keys,"
            " the system keys. Variables of the server are turned off by a policy. Add a key in one of"
            " these places."
        )
    return (
        f"No API key is configured for {provider.name}. Asked in this order: the person's own keys,"
        f" the system keys, the environment variables ({variables}). Add one in any of these places."
    )
