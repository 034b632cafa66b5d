"""Where a stored key stands among the others, in one sentence: its turn, and when it comes."""

from sqlmodel import Session

from keyportal.domain.sentences import Sentence
from keyportal.persistence import chains
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider
from keyportal.resolver import Situation, Verdict
from keyportal.services.chains import Sources, decide, situation_of
from keyportal.services.credential_views import is_system
from keyportal.services.key_faults import failure_of, fault_of, why_back, why_kept
from keyportal.services.portal import Portal
from keyportal.services.verdicts import verdict_of

_TURNS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_PASSED_OVER = {
    Situation.INACTIVE: "it is switched off",
    Situation.EXPIRED: "it has expired",
}


def place_of(portal: Portal, session: Session, row: CredentialRow) -> Sentence:
    """Return such as "Second of 3 for OpenAI. It is used when Production cannot be."."""
    provider = portal.providers.find(row.provider)
    if not row.provider:
        return Sentence("Bound to no provider. It is used where it is linked.")
    if provider is None:
        return Sentence("Its provider is no longer in the catalogue, so nothing resolves to it.")
    if row.replaces_id is not None:
        return Sentence("It waits to take another key's place, and is not used until then.")
    turn = _turn(session, row, provider)
    if not portal.providers.is_enabled(provider.id):
        return Sentence(f"{turn} {provider.name} is turned off by an admin, so nothing resolves to it.")
    return Sentence(turn, " ", _when(portal, session, row, provider))


def _turn(session: Session, row: CredentialRow, provider: Provider) -> str:
    before, total = chains.counts_behind(session, row)
    kind = " system keys" if is_system(row) else ""
    if total == 1:
        return f"The only {'system key' if kind else 'key'} for {provider.name}."
    return f"{_ordinal(before)} of {total:,}{kind} for {provider.name}."


def _when(portal: Portal, session: Session, row: CredentialRow, provider: Provider) -> str | Sentence:
    # For a system key: how it is for somebody without a key of their own.
    user_id = "" if is_system(row) else row.owner_key
    sources = decide(portal, session, user_id, provider)
    situation = situation_of(portal, row, sources.rule)
    return _told(sources, row, verdict_of(sources, row, situation), situation)


def _told(sources: Sources, row: CredentialRow, verdict: Verdict, situation: Situation) -> str | Sentence:
    if situation in _PASSED_OVER:
        return f"It is passed over: {_PASSED_OVER[situation]}."
    for_whom = " for people without a usable key of their own" if is_system(row) else ""
    decision, now = sources.decision, sources.rule.now
    match verdict:
        case Verdict.USED if situation is Situation.FAILING:
            return f"It is used now{for_whom}, although it was {failure_of(row)}: nothing else is left."
        case Verdict.USED if fault := fault_of(row):
            kept = why_kept(row, sources.policies)
            return f"It is used now{for_whom}, although it was {fault}: {kept}."
        case Verdict.USED:
            return f"It is used now{for_whom}."
        case Verdict.BLOCKS:
            return "It stops the search: enter its value again."
        case Verdict.SKIPPED:
            return Sentence("It is passed over: it was ", why_back(row, now), ".")
    before = decision.winner or decision.blocked_by
    name = before.name if before else "the key in use"
    return f"It is used{for_whom} once neither {name} nor another key before it can be used."


def _ordinal(index: int) -> str:
    return _TURNS[index] if index < len(_TURNS) else f"Number {index + 1}"
