"""What is used while a key steps back because it fails, in one sentence; and which key stands in for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from keyportal.persistence.chains import Rule
from keyportal.persistence.tables import CredentialRow
from keyportal.resolver import Candidate, Decision, Situation, Source, Verdict
from keyportal.services.chains import FAILED, decide, rule_of, situation_of
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

_PLACES = {Source.USER: "", Source.SYSTEM: "The system key ", Source.ENVIRONMENT: "The server's "}
_AFTER_ALL = "Nothing else can be used, so it is used all the same."
_WHERE_LINKED = "Where it is linked, any other key that can be used comes first meanwhile."


@dataclass(frozen=True)
class Marks:
    """Of keys of one owner, by id.

    `instead`: it fails, and this sentence says what is used. `back`: that is another key.
    `stands_in`: it is used because another one steps back, and this sentence says which.
    """

    instead: Mapping[str, str] = field(default_factory=dict)
    back: Collection[str] = ()
    stands_in: Mapping[str, str] = field(default_factory=dict)


def marks_of(
    portal: Portal, session: Session, rows: Sequence[CredentialRow], failing: Collection[str] = ()
) -> Marks:
    """Return the marks of these keys of one owner; the chains of the `failing` providers begin with a fault.

    Asks the database nothing where no key fails.
    """
    if not failing and not any(_fails(portal, row, _whatever_the_policy(portal)) for row in rows):
        return Marks()
    rule = rule_of(portal, policies_in(session))
    back = [row for row in rows if _fails(portal, row, rule) and _is_in_use(portal, row.provider)]
    wanted = sorted({p for p in {*failing, *(row.provider for row in back)} if p and _is_in_use(portal, p)})
    # For system keys: what people without a key of their own are given.
    user_id = rows[0].owner_id or ""
    decisions = {one: decide(portal, session, user_id, portal.providers.get(one)).decision for one in wanted}
    winners = {one: decision.winner for one, decision in decisions.items()}
    return Marks(
        instead={row.id: _told(row, winners.get(row.provider)) for row in back},
        back={row.id for row in back if not _is_it(winners.get(row.provider), row)},
        stands_in=dict(_stand_in(portal, one, found) for one, found in decisions.items()),
    )


def _fails(portal: Portal, row: CredentialRow, rule: Rule) -> bool:
    return situation_of(portal, row, rule) is Situation.FAILING


def _whatever_the_policy(portal: Portal) -> Rule:
    return Rule(portal.clock.now(), portal.keyring.ids, tuple(str(outcome) for outcome in FAILED))


def _is_in_use(portal: Portal, provider_id: str) -> bool:
    """Tell whether anything resolves to keys of a provider; those of none are used where they are linked."""
    known = portal.providers.find(provider_id) is not None
    return provider_id == "" or (known and portal.providers.is_enabled(provider_id))


def _told(row: CredentialRow, winner: Candidate | None) -> str:
    if winner is None:
        return _WHERE_LINKED
    return _AFTER_ALL if _is_it(winner, row) else f"{_PLACES[winner.source]}{winner.name} is used meanwhile."


def _is_it(winner: Candidate | None, row: CredentialRow) -> bool:
    return winner is not None and winner.id == row.id


def _stand_in(portal: Portal, provider_id: str, decision: Decision) -> tuple[str, str]:
    """Return the id of the key that is used in another's place, and what it does; nothing where none is."""
    back = [s.candidate for s in decision.steps if s.verdict is Verdict.SKIPPED]
    first = next((c for c in back if c.situation is Situation.FAILING), None)
    if first is None or decision.winner is None:
        return "", ""
    name = portal.providers.get(provider_id).name
    return decision.winner.id, f"Used for {name} while {first.name} steps back."
