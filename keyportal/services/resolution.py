"""Which key to use: builds the sources for the pure rule, opens the winner, counts and audits it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.credentials import CredentialStatus
from keyportal.domain.errors import Forbidden, InvalidInput, KeyPortalError, KeyUnreadable, NoKey, Unopenable
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import search_key
from keyportal.persistence import credentials, users
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialRow, UserRow
from keyportal.providers.base import Provider, destination_of
from keyportal.resolver import Candidate, Decision, Situation, Source, resolve
from keyportal.services import audit, environment
from keyportal.services.credential_views import row_status
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


@dataclass(frozen=True)
class Sources:
    """The candidates of one provider for one person, and the rows behind them by id."""

    decision: Decision
    rows: dict[str, CredentialRow]


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


def decide(
    portal: Portal, session: Session, user_id: str, provider: Provider, *, without: str = ""
) -> Sources:
    """Apply the precedence rule for one person and provider, as if one id were gone. Decrypts nothing."""
    own, system = (
        [row for row in credentials.chain_of(session, owner, provider.id) if row.id != without]
        for owner in (user_id, SYSTEM_OWNER)
    )
    return Sources(decide_among(portal, provider, own, system), {row.id: row for row in (*own, *system)})


def decide_among(
    portal: Portal, provider: Provider, own: Sequence[CredentialRow], system: Sequence[CredentialRow]
) -> Decision:
    """Apply the precedence rule to rows already read, in their order, and to the environment."""
    return resolve(
        [_candidate(portal, row, Source.USER) for row in own],
        [_candidate(portal, row, Source.SYSTEM) for row in system],
        _environment_candidates(portal, provider),
    )


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
    sources = decide(portal, session, subject.id, provider)
    details: dict[str, Any] = {"provider": provider.id, "for_user": subject.email, "model": model}
    winner = sources.decision.winner
    try:
        if sources.decision.blocked_by is not None:
            raise KeyUnreadable
        if winner is None:
            raise NoKey(_places_asked(provider, sources.decision))
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
        base_url=address_of(provider, row) if row else provider.environment_address(opened.fields),
        resolution_id=resolution_id,
    )


def address_of(provider: Provider, row: CredentialRow) -> str:
    """Return where a saved key is used: the provider's present address, if it is at the key's origin."""
    return row.base_url if stays_elsewhere(provider, row) else provider.address(row.fields)


def stays_elsewhere(provider: Provider, row: CredentialRow) -> bool:
    """Tell whether a key is sealed to another origin than its provider has by now."""
    try:
        return destination_of(provider.address(row.fields)) != row.destination
    except InvalidInput:
        # A place of the address is not filled in by the fields of this key.
        return True


def _candidate(portal: Portal, row: CredentialRow, source: Source) -> Candidate:
    return Candidate(source, row.name, _situation(row_status(portal, row)), row.id, row.mask)


def _situation(status: CredentialStatus) -> Situation:
    match status:
        case CredentialStatus.ACTIVE:
            return Situation.USABLE
        case CredentialStatus.INACTIVE:
            return Situation.INACTIVE
        case CredentialStatus.EXPIRED:
            return Situation.EXPIRED
        case CredentialStatus.UNREADABLE:
            return Situation.UNREADABLE
    assert_never(status)


def _environment_candidates(portal: Portal, provider: Provider) -> list[Candidate]:
    return [
        Candidate(Source.ENVIRONMENT, name, environment.situation_of(portal.settings, provider, name))
        for name in environment.names_of(portal.settings, provider)
    ]


def _places_asked(provider: Provider, decision: Decision) -> str:
    """Say every place that was asked, so that the caller knows where to put a key."""
    names = [s.candidate.name for s in decision.steps if s.candidate.source is Source.ENVIRONMENT]
    variables = " or ".join(names) if names else "none"
    return (
        f"No API key is configured for {provider.name}. Asked in this order: the person's own keys,"
        f" the system keys, the environment variables ({variables}). Add one in any of these places."
    )
