"""Which key would be used for me right now, per provider, and why. Releases nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import NotFound
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.text import search_key
from keyportal.persistence import providers, users
from keyportal.persistence.credentials import SYSTEM_OWNER
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider
from keyportal.resolver import Decision, Situation, Source, Step, Verdict
from keyportal.services.credential_views import is_system
from keyportal.services.credentials import require_row
from keyportal.services.portal import Portal
from keyportal.services.providers import initials_of
from keyportal.services.resolution import decide, decide_among, stays_elsewhere

_SITUATIONS = {
    Situation.USABLE: "ready",
    Situation.INACTIVE: "switched off",
    Situation.EXPIRED: "expired",
    Situation.UNREADABLE: "cannot be decrypted",
    Situation.ABSENT: "not set",
    Situation.PLACEHOLDER: "holds a placeholder",
}

_NONE = "No key anywhere. Add your own, or ask an admin for a system key."
# How many keys that were passed over the reason names.
_NAMED = 2


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
    """The whole chain of one provider. `source` is user, system, environment, none, blocked or off."""

    provider: str
    provider_name: str
    initials: str
    source: str
    reason: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True)
class OverviewView:
    """The chains of the providers in use, and how many others a key could be added for."""

    chains: tuple[ChainView, ...]
    without_key: int


def overview_for(portal: Portal, principal: Principal) -> OverviewView:
    """Return the chains that have a key in them, the usable first, in one query for all providers."""
    principal.require(Permission.CHAIN_READ)
    if principal.user_id is None:
        raise NotFound
    with portal.database.reading() as session:
        rows = providers.chains_by_provider(session, [principal.user_id, SYSTEM_OWNER])
    registry = portal.providers
    views, without_key = [], 0
    for provider in registry.all():
        own, system = (rows.get((owner, provider.id), []) for owner in (principal.user_id, SYSTEM_OWNER))
        decision, is_enabled = decide_among(portal, provider, own, system), registry.is_enabled(provider.id)
        if _is_in_use(decision, is_enabled=is_enabled):
            views.append(_view(provider, decision, [*own, *system], is_enabled=is_enabled))
        else:
            without_key += is_enabled
    return OverviewView(tuple(sorted(views, key=lambda v: v.source in ("none", "off"))), without_key)


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
        if not portal.providers.is_enabled(provider.id):
            return f"{provider.name} is turned off by an admin, so nothing resolves to it."
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
        sources = decide(portal, session, user_id, provider)
    is_enabled = portal.providers.is_enabled(provider.id)
    return _view(provider, sources.decision, list(sources.rows.values()), is_enabled=is_enabled)


def _view(
    provider: Provider, decision: Decision, rows: Sequence[CredentialRow], *, is_enabled: bool
) -> ChainView:
    view = ChainView(
        provider=provider.id,
        provider_name=provider.name,
        initials=initials_of(provider.name),
        source=_source(decision),
        reason=_reason(decision) + _where(provider, decision, rows),
        steps=tuple(_step(s) for s in decision.steps),
    )
    if is_enabled:
        return view
    return replace(
        view,
        source="off",
        reason=f"{provider.name} is turned off by an admin. Its keys stay, and count again once it is on.",
        steps=tuple(replace(step, verdict=str(Verdict.SKIPPED)) for step in view.steps),
    )


def _is_in_use(decision: Decision, *, is_enabled: bool) -> bool:
    """Tell whether a chain has a key in it: a saved one in any state, or a usable variable."""
    return any(
        c.id or (is_enabled and c.situation is Situation.USABLE)
        for c in (s.candidate for s in decision.steps)
    )


def _where(provider: Provider, decision: Decision, rows: Sequence[CredentialRow]) -> str:
    """Say where the winner is used, if that is not where its provider is by now."""
    winner = next((row for row in rows if decision.winner and row.id == decision.winner.id), None)
    if winner is None or not stays_elsewhere(provider, winner):
        return ""
    host = winner.destination.partition("://")[2] or "no address"
    return f" It stays with {host}, which it was saved for, until its value is entered again."


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
    skipped = [s.candidate for s in decision.steps if s.verdict is Verdict.SKIPPED and s.candidate.id]
    passed = "".join(f" {c.name} is {_SITUATIONS[c.situation]}." for c in skipped[:_NAMED])
    if len(skipped) > _NAMED:
        passed += f" {len(skipped) - _NAMED} more cannot be used."
    if decision.winner is None:
        return f"No key can be used.{passed} Bring one back, or add another." if passed else _NONE
    match decision.winner.source:
        case Source.USER:
            return f"Your own key {decision.winner.name} comes first.{passed}"
        case Source.SYSTEM:
            return f"You have no usable key of your own, so the system key is used.{passed}"
        case Source.ENVIRONMENT:
            return f"There is no usable saved key, so the server's {decision.winner.name} is used.{passed}"
