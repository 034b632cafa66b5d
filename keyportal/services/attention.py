"""What a person should look after: their own keys, their agent keys, and for admins the system keys."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from keyportal.domain.checks import Outcome
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.sentences import Sentence
from keyportal.domain.usage import HealthSource
from keyportal.persistence import attention as queries
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import AgentKeyRow, CredentialRow
from keyportal.services import stand_ins
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.stand_ins import Marks

SOON = timedelta(days=14)
UNUSED = timedelta(days=30)
# Of each kind this many are named; the list of keys shows them all.
MOST = 5
_FAILING = (Outcome.INVALID, Outcome.QUOTA_EXHAUSTED, Outcome.REGION_OR_ENDPOINT_MISMATCH)


class Concern(StrEnum):
    """Why something needs attention, the most urgent first."""

    UNREADABLE = "unreadable"
    RE_ENTER = "re_enter"
    FAILING = "failing"
    REPORTED = "reported"
    STEPS_BACK = "steps_back"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    REMINDER = "reminder"
    AGENT_KEY_EXPIRING = "agent_key_expiring"
    UNUSED = "unused"


_FAULTS = (Concern.FAILING, Concern.REPORTED, Concern.STEPS_BACK)


@dataclass(frozen=True)
class AttentionView:
    """One thing to look after. `at` is when it happens or happened, where that is known.

    `is_retired`: another key took its place, so there is nothing to rotate any more.
    """

    concern: str
    ownership: str
    id: str
    name: str
    mask: str
    provider_name: str
    initials: str
    sentence: Sentence
    at: datetime | None
    is_retired: bool = False


@dataclass(frozen=True)
class AttentionList:
    """The most urgent first. `has_more`: there are more of some kind than are named."""

    items: list[AttentionView]
    has_more: bool


def attention_for(portal: Portal, principal: Principal) -> AttentionList:
    """Return what needs attention. A key is named once, for the most urgent reason."""
    principal.require(Permission.CREDENTIALS_READ)
    if principal.user_id is None:
        raise NotFound
    owners = [(Ownership.USER, principal.user_id)]
    if principal.can(Permission.SYSTEM_CREDENTIALS_READ):
        owners.append((Ownership.SYSTEM, SYSTEM_OWNER))
    now = portal.clock.now()
    with portal.database.reading() as session:
        found = [
            view
            for ownership, owner_key in owners
            for view in _views(portal, session, ownership, list(_of_owner(session, owner_key, now)))
        ]
        agents = _agent_keys(portal, session, principal)
    return _listed([*found, *agents])


def _of_owner(session: Session, owner_key: str, now: datetime) -> Iterator[tuple[Concern, CredentialRow]]:
    named: set[str] = set()
    for find, concern_of in _FINDERS:
        for row in find(session, owner_key, now):
            if row.id not in named:
                named.add(row.id)
                yield concern_of(row, now), row


def _lost(session: Session, owner_key: str, _now: datetime) -> Sequence[CredentialRow]:
    # Switched off, a key that does not open stops nobody; one without a value waits for somebody.
    return [row for row in queries.lost(session, owner_key, 4 * MOST) if row.active or not row.unreadable]


def _failing(session: Session, owner_key: str, _now: datetime) -> Sequence[CredentialRow]:
    return queries.failing(session, owner_key, _FAILING, MOST + 1)


def _expiring(session: Session, owner_key: str, now: datetime) -> Sequence[CredentialRow]:
    return [row for row in queries.expiring(session, owner_key, now + SOON, MOST + 1) if row.active]


def _due(session: Session, owner_key: str, now: datetime) -> Sequence[CredentialRow]:
    return queries.due(session, owner_key, now, MOST + 1)


def _unused(session: Session, owner_key: str, now: datetime) -> Sequence[CredentialRow]:
    return queries.unused(session, owner_key, now - UNUSED, MOST + 1)


_FINDERS: tuple[
    tuple[
        Callable[[Session, str, datetime], Sequence[CredentialRow]],
        Callable[[CredentialRow, datetime], Concern],
    ],
    ...,
] = (
    (_lost, lambda row, _now: Concern.UNREADABLE if row.unreadable else Concern.RE_ENTER),
    (
        _failing,
        lambda row, _now: Concern.REPORTED if row.health_source == HealthSource.REPORT else Concern.FAILING,
    ),
    (
        _expiring,
        lambda row, now: Concern.EXPIRED if row.expires_at and row.expires_at <= now else Concern.EXPIRING,
    ),
    (_due, lambda _row, _now: Concern.REMINDER),
    (_unused, lambda _row, _now: Concern.UNUSED),
)


def _agent_keys(portal: Portal, session: Session, principal: Principal) -> list[AttentionView]:
    now = portal.clock.now()
    rows = queries.expiring_agent_keys(session, principal.user_id or "", now, now + SOON, MOST + 1)
    return [_agent_view(row) for row in rows]


def _listed(found: list[AttentionView]) -> AttentionList:
    kept: list[AttentionView] = []
    counts: dict[tuple[str, str], int] = {}
    for item in sorted(found, key=lambda view: list(Concern).index(Concern(view.concern))):
        kind = (item.concern, item.ownership)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= MOST:
            kept.append(item)
    return AttentionList(kept, any(count > MOST for count in counts.values()))


def _views(
    portal: Portal, session: Session, ownership: Ownership, named: Sequence[tuple[Concern, CredentialRow]]
) -> list[AttentionView]:
    marks = stand_ins.marks_of(portal, session, [row for _, row in named])
    views: list[AttentionView] = []
    for concern, row in named:
        is_back = concern is Concern.REPORTED and row.id in marks.back
        meanwhile = _meanwhile(portal, row, marks) if concern in _FAULTS else Sentence()
        views.append(_view(portal, ownership, Concern.STEPS_BACK if is_back else concern, row, meanwhile))
    return views


def _view(
    portal: Portal, ownership: Ownership, concern: Concern, row: CredentialRow, meanwhile: Sentence
) -> AttentionView:
    provider = portal.providers.find(row.provider)
    provider_name = provider.name if provider else row.provider or "General"
    return AttentionView(
        concern=concern,
        ownership=ownership,
        id=row.id,
        name=row.name,
        mask=row.mask,
        provider_name=provider_name,
        initials=initials_of(provider_name),
        sentence=Sentence(_sentence(concern, row, provider_name), meanwhile),
        at=_moment(concern, row),
        is_retired=row.replaced_by_id is not None,
    )


def _agent_view(row: AgentKeyRow) -> AttentionView:
    return AttentionView(
        concern=Concern.AGENT_KEY_EXPIRING,
        ownership=Ownership.USER,
        id=row.id,
        name=row.name,
        mask=row.mask,
        provider_name="Agent key",
        initials="AK",
        sentence=Sentence("This agent key expires soon. Rotate it, so that its program goes on."),
        at=row.expires_at,
    )


def _sentence(concern: Concern, row: CredentialRow, provider_name: str) -> str:
    match concern:
        case Concern.UNREADABLE:
            return "Its value cannot be decrypted, and nothing else is used in its place. Enter it again."
        case Concern.RE_ENTER:
            return "It has no value yet. Enter the value to bring it into use."
        case concern if concern in _FAULTS:
            return row.health_message or f"{provider_name} did not accept it. Test it again or replace it."
        case Concern.EXPIRED if row.replaced_by_id:
            return f"It was rotated out, and its grace period is over. Delete it here and at {provider_name}."
        case Concern.EXPIRED:
            return "It expired and is passed over. Replace its value or set another date."
        case Concern.EXPIRING if row.replaced_by_id:
            return f"It was rotated out and ends soon. Delete it at {provider_name} after that."
        case Concern.EXPIRING:
            return "It expires soon. Rotate it before that, so that nothing stops."
        case Concern.REMINDER:
            return "You wanted to be reminded to rotate it."
        case Concern.UNUSED if row.last_used_at:
            return "Nobody used it for 30 days. Delete it if nobody needs it."
        case _:
            return "Nobody ever used it. Delete it if nobody needs it."


def _meanwhile(portal: Portal, row: CredentialRow, marks: Marks) -> Sentence:
    """Say what is used while a key fails, and until when, where that is known."""
    instead, until = marks.instead.get(row.id), row.failing_until
    if instead is None:
        return Sentence()
    if row.id not in marks.back or until is None or until <= portal.clock.now():
        return Sentence(f" {instead}")
    return Sentence(" It steps back until ", until, f". {instead}")


def _moment(concern: Concern, row: CredentialRow) -> datetime | None:
    match concern:
        case concern if concern in _FAULTS:
            return row.health_checked_at
        case Concern.EXPIRED | Concern.EXPIRING:
            return row.expires_at
        case Concern.REMINDER:
            return row.remind_at
        case Concern.UNUSED:
            return row.last_used_at
        case _:
            return None
