"""What is known of saved keys as a file: a table for a spreadsheet, or a `.env` without values. No secret."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from keyportal.domain.audit import Action
from keyportal.domain.cells import neutral_cell
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput
from keyportal.domain.principals import Principal
from keyportal.persistence import importing
from keyportal.services import audit
from keyportal.services.credential_access import READ, owner_key_of
from keyportal.services.credential_views import CredentialView, credential_view
from keyportal.services.files import File, csv_lines, written_for
from keyportal.services.portal import Portal
from keyportal.services.providers import environment_names_of

FORMATS = {"csv": "text/csv; charset=utf-8", "env": "text/plain; charset=utf-8"}
# So many keys are read at once.
BATCH = 500
_NOT_IN_A_NAME = re.compile(r"[^A-Z0-9_]+")
_NAME_LIMIT = 100

# The columns of the table, and where each comes from.
_COLUMNS: dict[str, Callable[[CredentialView], Any]] = {
    "id": lambda key: key.id,
    "ownership": lambda key: key.ownership,
    "provider": lambda key: key.provider,
    "provider_name": lambda key: key.provider_name,
    "name": lambda key: key.name,
    "mask": lambda key: key.mask,
    "status": lambda key: key.status,
    "position": lambda key: key.position,
    "fields": lambda key: json.dumps(dict(key.fields), ensure_ascii=False) if key.fields else "",
    "secret_fields": lambda key: ", ".join(key.secret_fields),
    "note": lambda key: key.note,
    "environment": lambda key: key.environment,
    "failover": lambda key: "yes" if key.failover else "no",
    "health": lambda key: key.health.outcome or "",
    "health_source": lambda key: key.health_source if key.health.outcome else "",
    "checked_at": lambda key: key.health.checked_at,
    "usage_count": lambda key: key.usage_count,
    "last_used_at": lambda key: key.last_used_at,
    "created_at": lambda key: key.created_at,
    "updated_at": lambda key: key.updated_at,
    "expires_at": lambda key: key.expires_at,
    "remind_at": lambda key: key.remind_at,
}


def export(portal: Portal, principal: Principal, ownership: Ownership, format: str) -> File:
    """Begin an export of all keys of this owner. Raises InvalidInput, Forbidden, TooManyAttempts."""
    principal.require(READ[ownership])
    if format not in FORMATS:
        raise InvalidInput(f"Choose a format of {', '.join(FORMATS)}.", field="format")
    owner_key, day = owner_key_of(principal, ownership), portal.clock.now().date()
    parts = written_for(portal, principal, (_table if format == "csv" else _template)(portal, owner_key))
    # Before the first line leaves; if it cannot be written, nothing leaves.
    with portal.database.transaction() as session:
        count = importing.count_live(session, owner_key)
        audit.record(
            portal, session, principal, Action.CREDENTIAL_EXPORT, ownership=ownership, count=count, to=format
        )
    kind = "system-keys" if ownership is Ownership.SYSTEM else "keys"
    return File(f"keyportal-{kind}-{day.isoformat()}.{format}", FORMATS[format], parts)


def _batches(portal: Portal, owner_key: str) -> Iterator[list[CredentialView]]:
    """Yield the keys there are. No connection is held while a batch is written."""
    after: importing.Place | None = None
    while True:
        with portal.database.reading() as session:
            rows = importing.batch_after(session, owner_key, after, BATCH)
            keys = [credential_view(portal, row) for row in rows]
        if not keys:
            return
        yield keys
        after = keys[-1].created_at, keys[-1].id


def _table(portal: Portal, owner_key: str) -> Iterator[str]:
    yield csv_lines([list(_COLUMNS)])
    for batch in _batches(portal, owner_key):
        yield csv_lines([[_cell(read(key)) for read in _COLUMNS.values()] for key in batch])


def _cell(value: Any) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    return neutral_cell(value if isinstance(value, str) else value.isoformat())


def _template(portal: Portal, owner_key: str) -> Iterator[str]:
    """Yield a block for each provider in use, then one for each General key."""
    by_provider: dict[str, list[str]] = {}
    general: list[tuple[str, str]] = []
    for batch in _batches(portal, owner_key):
        for key in batch:
            comment = f"#   {key.name} ({key.mask})"
            if key.is_general:
                general.append((key.name, comment))
            else:
                by_provider.setdefault(key.provider, []).append(comment)
    yield "# The values stay in KeyPortal: fill in what you need.\n"
    used: set[str] = set()
    for provider_id, comments in sorted(by_provider.items()):
        yield _provider_block(portal, provider_id, comments, used)
    for name, comment in general:
        yield f"\n# General key\n{comment}\n{_free(_variable_of(name), used)}=\n"


def _provider_block(portal: Portal, provider_id: str, comments: Sequence[str], used: set[str]) -> str:
    provider = portal.providers.find(provider_id)
    names = environment_names_of(portal, provider) if provider else ()
    first = next(iter(names), f"{_variable_of(provider_id)}_API_KEY")
    beside = [f.environment_names[0] for f in (provider.fields if provider else ()) if f.environment_names]
    title = provider.name if provider else provider_id
    variables = [_free(first, used), *(name for name in beside if name not in used)]
    used.update(variables)
    return "\n".join([f"\n# {title}", *comments, *(f"{name}=" for name in variables), ""])


def _variable_of(name: str) -> str:
    """Return a variable's name made from a key's, such as `STRIPE_LIVE` from `Stripe (live)`."""
    plain = _NOT_IN_A_NAME.sub("_", name.upper()).strip("_")[:_NAME_LIMIT]
    return plain if plain and not plain[0].isdigit() else f"KEY_{plain}".rstrip("_")


def _free(name: str, used: set[str]) -> str:
    found, number = name, 1
    while found in used:
        number += 1
        found = f"{name}_{number}"
    used.add(found)
    return found
