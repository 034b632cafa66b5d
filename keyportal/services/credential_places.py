"""Where a stored key stands among the others, in one sentence: its turn, and when it comes."""

from sqlmodel import Session

from keyportal.domain.credentials import CredentialStatus
from keyportal.persistence import credential_chains
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider
from keyportal.resolver import Decision, Step, Verdict
from keyportal.services.chains import decide
from keyportal.services.credential_views import is_system, row_status
from keyportal.services.portal import Portal

_TURNS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_PASSED_OVER = {
    CredentialStatus.INACTIVE: "it is switched off",
    CredentialStatus.EXPIRED: "it has expired",
}


def place_of(portal: Portal, session: Session, row: CredentialRow) -> str:
    """Return such as "Second of 3 for OpenAI. It is used when Production cannot be."."""
    provider = portal.providers.find(row.provider)
    if not row.provider:
        return "Bound to no provider. It is used where it is linked."
    if provider is None:
        return "Its provider is no longer in the catalogue, so nothing resolves to it."
    if row.replaces_id is not None:
        return "It waits to take another key's place, and is not used until then."
    turn = _turn(session, row, provider)
    if not portal.providers.is_enabled(provider.id):
        return f"{turn} {provider.name} is turned off by an admin, so nothing resolves to it."
    return f"{turn} {_when(portal, session, row, provider)}"


def _turn(session: Session, row: CredentialRow, provider: Provider) -> str:
    ids = [one for one, _ in credential_chains.in_order(session, row.owner_key, row.provider)]
    kind = " system keys" if is_system(row) else ""
    if len(ids) == 1:
        return f"The only {'system key' if kind else 'key'} for {provider.name}."
    return f"{_ordinal(ids.index(row.id))} of {len(ids)}{kind} for {provider.name}."


def _when(portal: Portal, session: Session, row: CredentialRow, provider: Provider) -> str:
    # For a system key: how it is for somebody without a key of their own.
    user_id = "" if is_system(row) else row.owner_key
    decision = decide(portal, session, user_id, provider).decision
    step = next((s for s in decision.steps if s.candidate.id == row.id), None)
    if step is None:
        return "Nothing resolves to it."
    return _told(decision, step, row_status(portal, row), is_system=is_system(row))


def _told(decision: Decision, step: Step, status: CredentialStatus, *, is_system: bool) -> str:
    if status in _PASSED_OVER:
        return f"It is passed over: {_PASSED_OVER[status]}."
    for_whom = " for people without a usable key of their own" if is_system else ""
    match step.verdict:
        case Verdict.USED:
            return f"It is used now{for_whom}."
        case Verdict.BLOCKS:
            return "It stops the search: enter its value again."
        case Verdict.SKIPPED:
            return "It is passed over: its provider refused it."
    before = decision.winner or decision.blocked_by
    name = before.name if before else "the key before it"
    return f"It is used{for_whom} when {name} is switched off or has expired."


def _ordinal(index: int) -> str:
    return _TURNS[index] if index < len(_TURNS) else f"Number {index + 1}"
