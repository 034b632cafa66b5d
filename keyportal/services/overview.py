"""Which key would be used for me right now, per provider, and why. Releases nothing."""

from dataclasses import dataclass, replace

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import search_key
from keyportal.persistence import users
from keyportal.providers.base import Provider
from keyportal.resolver import Decision, Situation, Source, Step, Verdict
from keyportal.services.credential_views import is_system
from keyportal.services.credentials import require_row
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.resolution import decide

_SITUATIONS = {
    Situation.USABLE: "ready",
    Situation.INACTIVE: "switched off",
    Situation.EXPIRED: "expired",
    Situation.UNREADABLE: "cannot be decrypted",
    Situation.ABSENT: "not set",
    Situation.PLACEHOLDER: "holds a placeholder",
}

_NONE = "No key anywhere. Add your own, or ask an admin for a system key."
_NONE_FOR_ADMIN = "No key anywhere. Add your own, or a system key for everybody."


@dataclass(frozen=True)
class StepView:
    """One place that is asked. `verdict` is used, skipped, blocks or not_reached."""

    source: str
    name: str
    mask: str
    verdict: str
    situation: str


@dataclass(frozen=True)
class ChainView:
    """The whole chain of one provider. `source` is user, system, environment, none or blocked."""

    provider: str
    provider_name: str
    initials: str
    source: str
    reason: str
    steps: tuple[StepView, ...]


def chains_for(portal: Portal, principal: Principal) -> list[ChainView]:
    """Return every provider's chain for the principal, those with a key first."""
    principal.require(Permission.CHAIN_READ)
    if principal.user_id is None:
        raise NotFound
    views = [_chain(portal, principal.user_id, p) for p in portal.providers.all()]
    if principal.can(Permission.SYSTEM_CREDENTIALS_WRITE):
        views = [replace(v, reason=_NONE_FOR_ADMIN) if v.source == "none" else v for v in views]
    return sorted(views, key=lambda v: v.source == "none")


def explain(portal: Portal, principal: Principal, provider_id: str, user: str) -> ChainView:
    """Return one provider's chain for any person, by email; for those who may act for anybody."""
    principal.require(Permission.SECRETS_RELEASE_ANY)
    provider = portal.providers.get(provider_id)
    with portal.database.reading() as session:
        person = users.find_user_by_email(session, search_key(user))
    if person is None:
        raise NotFound("There is no person with this email.")
    return _chain(portal, person.id, provider)


def after_deletion(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> str:
    """Say what would be used once this key is gone. Raises NotFound."""
    principal.require(Permission.CHAIN_READ)
    with portal.database.reading() as session:
        row = require_row(session, principal, ownership, credential_id)
        provider = portal.providers.find(row.provider)
        if provider is None:
            return "Its provider is no longer in the catalogue, so nothing resolves to it."
        # For a system key the question is what people without a key of their own are left with.
        user_id = "" if is_system(row) else row.owner_key
        decision = decide(portal, session, user_id, provider, without=row.id).decision
    winner, blocked = decision.winner, decision.blocked_by
    if blocked is not None:
        return f"After this, {provider.name} is blocked by {blocked.name}, which cannot be decrypted."
    if winner is None:
        return f"Nothing is left for {provider.name} after this: programs that ask for it get no key."
    places = {
        Source.USER: "your own key",
        Source.SYSTEM: "the system key",
        Source.ENVIRONMENT: "the server's environment variable",
    }
    return f"After this, {provider.name} resolves to {places[winner.source]} {winner.name}."


def _chain(portal: Portal, user_id: str, provider: Provider) -> ChainView:
    with portal.database.reading() as session:
        decision = decide(portal, session, user_id, provider).decision
    return ChainView(
        provider=provider.id,
        provider_name=provider.name,
        initials=initials_of(provider.name),
        source=_source(decision),
        reason=_reason(decision),
        steps=tuple(_step(s) for s in decision.steps),
    )


def _step(step: Step) -> StepView:
    c = step.candidate
    return StepView(c.source, c.name, c.mask, step.verdict, _SITUATIONS[c.situation])


def _source(decision: Decision) -> str:
    if decision.winner is not None:
        return decision.winner.source
    return "blocked" if decision.blocked_by is not None else "none"


def _reason(decision: Decision) -> str:
    if (blocked := decision.blocked_by) is not None:
        return f"{blocked.name} cannot be decrypted. Replace its value: nothing else is used in its place."
    if decision.winner is None:
        return _NONE
    skipped = [s for s in decision.steps if s.verdict is Verdict.SKIPPED and s.candidate.id]
    passed = "".join(f" {s.candidate.name} is {_SITUATIONS[s.candidate.situation]}." for s in skipped)
    match decision.winner.source:
        case Source.USER:
            return f"Your own key {decision.winner.name} comes first.{passed}"
        case Source.SYSTEM:
            return f"You have no usable key of your own, so the system key is used.{passed}"
        case Source.ENVIRONMENT:
            return f"There is no usable saved key, so the server's {decision.winner.name} is used.{passed}"
