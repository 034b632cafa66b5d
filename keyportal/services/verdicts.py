"""What the search does with one key, also with one it does not read because another decides before it."""

from keyportal.persistence import chains
from keyportal.persistence.tables import CredentialRow
from keyportal.resolver import Situation, Verdict
from keyportal.services.chains import Sources


def verdict_of(sources: Sources, row: CredentialRow, situation: Situation) -> Verdict:
    """Return what the search does with a key bound to its provider that is neither off nor expired."""
    found = next((s.verdict for s in sources.decision.steps if s.candidate.id == row.id), None)
    if found is None and situation is Situation.FAILING and _is_before_the_end(sources, row):
        return Verdict.SKIPPED
    return found or Verdict.NOT_REACHED


def _is_before_the_end(sources: Sources, row: CredentialRow) -> bool:
    end = sources.decision.winner or sources.decision.blocked_by
    ending = sources.rows.get(end.id) if end else None
    if ending is None or ending.owner_key != row.owner_key or ending.id in sources.links:
        # A later level, or a key that is only linked here: both come after those bound to the provider.
        return True
    return chains.turn_of(row) < chains.turn_of(ending)
