"""What is used while a key steps back because it fails, in one sentence; and which key stands in for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from keyportal.persistence.chains import Rule
from keyportal.persistence.tables import CredentialRow
from keyportal.resolver import Candidate, Decision, Situation, Source, Verdict
from keyportal.services.chains import FAILED, Sources, decide, rule_of, situation_of
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal
from keyportal.services.verdicts import verdict_of

_PLACES = {Source.USER: "", Source.SYSTEM: "The system key ", Source.ENVIRONMENT: "The server's "}
_AFTER_ALL = "Nothing else can be used, so it is used all the same."
_WHERE_LINKED = "Where it is linked, any other key that can be used comes first meanwhile."


@dataclass(frozen=True)
class Marks:
    """Of keys of one owner, by id.

    `instead`: it fails, it would be its turn, and this sentence says what is used. `back`: that is another
    key. `stands_in`: it is used because others step back, and each sentence says where and for which.
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
    chains = {one: decide(portal, session, user_id, portal.providers.get(one)) for one in wanted}
    instead = {row.id: words for row in back if (words := _told(row, chains.get(row.provider)))}
    return Marks(
        instead=instead,
        back={one for one, words in instead.items() if words != _AFTER_ALL},
        stands_in=_stand_ins(portal, chains),
    )


def _fails(portal: Portal, row: CredentialRow, rule: Rule) -> bool:
    return situation_of(portal, row, rule) is Situation.FAILING


def _whatever_the_policy(portal: Portal) -> Rule:
    return Rule(portal.clock.now(), portal.keyring.ids, tuple(str(outcome) for outcome in FAILED))


def _is_in_use(portal: Portal, provider_id: str) -> bool:
    """Tell whether anything resolves to keys of a provider; those of none are used where they are linked."""
    known = portal.providers.find(provider_id) is not None
    return provider_id == "" or (known and portal.providers.is_enabled(provider_id))


def _told(row: CredentialRow, sources: Sources | None) -> str:
    """Say what is used while a key fails; nothing of one whose turn it would not be anyway."""
    if sources is None:
        return _WHERE_LINKED
    winner, verdict = sources.decision.winner, verdict_of(sources, row, Situation.FAILING)
    if verdict is Verdict.USED:
        return _AFTER_ALL
    if verdict is not Verdict.SKIPPED or winner is None:
        return ""
    return f"{_PLACES[winner.source]}{winner.name} is used meanwhile."


def _stand_ins(portal: Portal, chains: Mapping[str, Sources]) -> dict[str, str]:
    """Return what is said of the keys used in another's place; one may stand in for several providers."""
    said: dict[str, list[str]] = {}
    for provider_id, sources in chains.items():
        winner, first = sources.decision.winner, _first_back(sources.decision)
        if winner is not None and first is not None:
            name = portal.providers.get(provider_id).name
            said.setdefault(winner.id, []).append(f"Used for {name} while {first.name} steps back.")
    return {one: " ".join(sentences) for one, sentences in said.items()}


def _first_back(decision: Decision) -> Candidate | None:
    back = [s.candidate for s in decision.steps if s.verdict is Verdict.SKIPPED]
    return next((c for c in back if c.situation is Situation.FAILING), None)
