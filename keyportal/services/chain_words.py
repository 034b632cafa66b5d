"""How a chain of keys is told: what each of them is right now, and why the winner wins. Decides nothing."""

from keyportal.domain.sentences import Sentence
from keyportal.providers.base import Provider
from keyportal.resolver import Candidate, Decision, Situation, Source, Step, Verdict
from keyportal.services.chains import Sources, saved_address, stays_elsewhere
from keyportal.services.key_faults import failure_of, fault_of, why_back, why_kept

_SITUATIONS = {
    Situation.USABLE: "ready",
    Situation.INACTIVE: "switched off",
    Situation.EXPIRED: "expired",
    Situation.UNREADABLE: "cannot be decrypted",
    Situation.RE_ENTER: "waiting for its value",
    Situation.ABSENT: "not set",
    Situation.PLACEHOLDER: "holds a placeholder",
}
_NONE = "No key anywhere. Add your own, or ask an admin for a system key."
# How many keys that were passed over the reason names.
_NAMED = 2


def situation(sources: Sources, step: Step) -> Sentence:
    """Return what a key is right now, in a few words."""
    candidate, row = step.candidate, sources.rows.get(step.candidate.id)
    is_used = step.verdict is Verdict.USED
    if row is not None and candidate.situation is Situation.FAILING:
        return Sentence(failure_of(row), ", still used") if is_used else why_back(row, sources.rule.now)
    fault = fault_of(row) if row is not None and candidate.situation is Situation.USABLE else ""
    if not fault:
        return Sentence(_SITUATIONS[candidate.situation])
    return Sentence(fault, ", still used") if is_used else Sentence(fault)


def reason(provider: Provider, sources: Sources, passed_over: int) -> Sentence:
    """Say why a chain ends where it does; `passed_over` saved keys come before its end."""
    return Sentence(
        _reason(sources, passed_over), _where(provider, sources), _without_variables(provider, sources)
    )


def _reason(sources: Sources, passed_over: int) -> Sentence:
    decision = sources.decision
    if (blocked := decision.blocked_by) is not None:
        if blocked.situation is Situation.RE_ENTER:
            return Sentence(
                f"{blocked.name} waits for its value. Enter it: nothing else is used in its place."
            )
        return Sentence(
            f"{blocked.name} cannot be decrypted. Replace its value: nothing else is used in its place."
        )
    passed = _passed(sources, passed_over)
    if (winner := decision.winner) is None:
        none = ("No key can be used.", passed, " Bring one back, or add another.") if passed else (_NONE,)
        return Sentence(*none)
    if winner.situation is Situation.FAILING:
        fault = failure_of(sources.rows[winner.id])
        return Sentence(f"{winner.name} is used although it was {fault}: nothing else is left.", passed)
    return Sentence(_winning(decision, winner, passed_over), _kept(sources, winner), passed)


def _passed(sources: Sources, passed_over: int) -> Sentence:
    """Name the first keys that were passed over, each with its reason."""
    said: list[Sentence] = []
    for step in _skipped(sources.decision)[:_NAMED]:
        is_or_was = "was" if step.candidate.situation is Situation.FAILING else "is"
        said.append(Sentence(f" {step.candidate.name} {is_or_was} ", situation(sources, step), "."))
    if passed_over > _NAMED:
        said.append(Sentence(f" {passed_over - _NAMED:,} more cannot be used."))
    return Sentence(*said)


def _skipped(decision: Decision) -> list[Step]:
    return [s for s in decision.steps if s.verdict is Verdict.SKIPPED and s.candidate.id]


def _winning(decision: Decision, winner: Candidate, passed_over: int) -> str:
    back = {s.candidate.source for s in _skipped(decision) if s.candidate.situation is Situation.FAILING}
    match winner.source:
        case Source.USER if back:
            return f"Your own key {winner.name} is used meanwhile."
        case Source.USER if passed_over:
            return f"Your own key {winner.name} is the first that can be used."
        case Source.USER:
            return f"Your own key {winner.name} comes first."
        case Source.SYSTEM if Source.USER in back:
            return (
                f"No key of your own is left that works, so the system key {winner.name} is used meanwhile."
            )
        case Source.SYSTEM if back:
            return f"You have no usable key of your own, so the system key {winner.name} is used meanwhile."
        case Source.SYSTEM:
            return "You have no usable key of your own, so the system key is used."
        case _ if back:
            return f"No saved key is left that works, so the server's {winner.name} is used meanwhile."
        case _:
            return f"There is no usable saved key, so the server's {winner.name} is used."


def _kept(sources: Sources, winner: Candidate) -> str:
    """Say what speaks against the winner, and why it is used all the same."""
    row = sources.rows.get(winner.id)
    fault = fault_of(row) if row is not None else ""
    if row is None or not fault:
        return ""
    return f" {winner.name} was {fault} and is still used: {why_kept(row, sources.policies)}."


def _where(provider: Provider, sources: Sources) -> str:
    """Say where the winner is used, if that is not where its provider is by now."""
    winner = sources.decision.winner
    row = sources.rows.get(winner.id) if winner else None
    if row is None:
        return ""
    link = sources.links.get(row.id)
    if not stays_elsewhere(provider, row, link):
        return ""
    host = saved_address(row, link).partition("://")[2].partition("/")[0] or "no address"
    if row.provider and row.provider != provider.id:
        return f" It is linked here, and stays with {host}, which it was saved for."
    if not row.provider:
        return f" It stays with {host}, which it was linked for, until it is linked again."
    return f" It stays with {host}, which it was saved for, until its value is entered again."


def _without_variables(provider: Provider, sources: Sources) -> str:
    if sources.decision.winner is not None or sources.policies.uses_environment(provider.id):
        return ""
    return " The server's variables are not asked: a policy turned them off."
