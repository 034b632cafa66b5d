"""What is used while a key steps back because programs reported that it fails, in one sentence."""

from collections.abc import Sequence

from sqlmodel import Session

from keyportal.persistence.tables import CredentialRow
from keyportal.resolver import Candidate, Situation, Source
from keyportal.services.chains import decide, rule_of, situation_of
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

_PLACES = {Source.USER: "", Source.SYSTEM: "The system key ", Source.ENVIRONMENT: "The server's "}
_AFTER_ALL = "Nothing else can be used, so it is used all the same."
_WHERE_LINKED = "Where it is linked, the next key is used meanwhile."


def of(portal: Portal, session: Session, rows: Sequence[CredentialRow]) -> dict[str, str]:
    """Return a sentence for each of these keys of one owner that steps back, by its id."""
    rule = rule_of(portal, policies_in(session))
    back = [row for row in rows if situation_of(portal, row, rule) is Situation.FAILING]
    winners = {
        provider: _winner(portal, session, back[0], provider) for provider in {row.provider for row in back}
    }
    return {row.id: _told(row, winners[row.provider]) for row in back}


def _winner(portal: Portal, session: Session, row: CredentialRow, provider_id: str) -> Candidate | None:
    provider = portal.providers.find(provider_id)
    if provider is None:
        return None
    # For a system key: what people without a key of their own are given.
    return decide(portal, session, row.owner_id or "", provider).decision.winner


def _told(row: CredentialRow, winner: Candidate | None) -> str:
    if winner is None:
        return _WHERE_LINKED
    if winner.id == row.id:
        return _AFTER_ALL
    return f"{_PLACES[winner.source]}{winner.name} is used meanwhile."
