"""What would happen without a key: said before it is deleted. Releases nothing."""

from collections.abc import Sequence

from sqlmodel import Session

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import links
from keyportal.persistence.tables import CredentialRow
from keyportal.providers.base import Provider
from keyportal.resolver import Situation, Source
from keyportal.services.chains import decide
from keyportal.services.credential_access import require_row
from keyportal.services.credential_views import is_system
from keyportal.services.portal import Portal

# How many uses of one key are told one by one.
_TOLD = 3
_PLACES = {
    Source.USER: "your own key",
    Source.SYSTEM: "the system key",
    Source.ENVIRONMENT: "the server's environment variable",
}


def after_deletion(portal: Portal, principal: Principal, ownership: Ownership, credential_id: str) -> str:
    """Say what would be used once this key is gone, wherever it is used now. Raises NotFound."""
    principal.require(Permission.CHAIN_READ)
    with portal.database.reading() as session:
        row = require_row(session, principal, ownership, credential_id)
        uses = _uses_of(session, row)
        if not uses:
            return "It is linked to no provider, so nothing resolves to it."
        told = [_told(portal, session, row, *use) for use in uses[:_TOLD]]
    if (untold := len(uses) - _TOLD) > 0:
        told.append("One more link of it ends too." if untold == 1 else f"{untold} more links of it end too.")
    return " ".join(told)


def after_deleting(portal: Portal, session: Session, rows: Sequence[CredentialRow]) -> str:
    """Say for which providers nothing is left once these keys of one owner are gone together."""
    gone = [row.id for row in rows]
    user_id = "" if not rows or is_system(rows[0]) else rows[0].owner_key
    wanted = sorted({provider for row in rows for provider, _ in _uses_of(session, row)})
    in_use = [
        provider
        for one in wanted
        if (provider := portal.providers.find(one)) is not None and portal.providers.is_enabled(one)
    ]
    bare = [
        p.name for p in in_use if decide(portal, session, user_id, p, without=gone).decision.winner is None
    ]
    if not in_use:
        return "Nothing resolves to them."
    if not bare:
        return "Another key is left for every provider they are used for."
    return f"Nothing is left for {_listed(bare)} after this: programs that ask for it get no key."


def _listed(names: Sequence[str]) -> str:
    shown, more = names[:_TOLD], len(names) - _TOLD
    if more > 0:
        return f"{', '.join(shown)} and {more} more providers"
    *others, last = shown
    return f"{', '.join(others)} and {last}" if others else last


def _uses_of(session: Session, row: CredentialRow) -> list[tuple[str, str]]:
    """Return where a key is used, as ids of providers with a model pattern each, its own first."""
    own = [(row.provider, "")] if row.provider else []
    linked = [(ln.provider, ln.model_pattern) for ln in links.links_of(session, row.owner_key, row.id)]
    return own + [use for use in linked if use not in own]


def _told(portal: Portal, session: Session, row: CredentialRow, provider_id: str, pattern: str) -> str:
    provider = portal.providers.find(provider_id)
    if provider is None:
        return "Its provider is no longer in the catalogue, so nothing resolves to it."
    if not portal.providers.is_enabled(provider.id):
        return f"{provider.name} is turned off by an admin, so nothing resolves to it."
    return _next(portal, session, row, provider, pattern)


def _next(portal: Portal, session: Session, row: CredentialRow, provider: Provider, pattern: str) -> str:
    # For a system key the question is what people without a key of their own are left with.
    user_id = "" if is_system(row) else row.owner_key
    model = pattern.replace("*", "") or None
    decision = decide(portal, session, user_id, provider, model=model, without=[row.id]).decision
    name = f"{provider.name} ({pattern})" if pattern else provider.name
    if (blocked := decision.blocked_by) is not None:
        waits = blocked.situation is Situation.RE_ENTER
        why = "waits for its value" if waits else "cannot be decrypted"
        return f"After this, {name} is blocked by {blocked.name}, which {why}."
    if (winner := decision.winner) is None:
        return f"Nothing is left for {name} after this: programs that ask for it get no key."
    return f"After this, {name} resolves to {_PLACES[winner.source]} {winner.name}."
