"""Queries for pages of stored keys. Each walks an index in the wanted order and reads no ciphertext."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from keyportal.domain.usage import HealthSource
from keyportal.persistence.credentials import GENERAL, CredentialFilter, escape_like, theirs
from keyportal.persistence.tables import CredentialRow

_LIKE_ESCAPE = "\\"
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_MOST_CHOICES = 200

# What a list is sorted by: the columns of one index behind `owner_key`, so that nothing is sorted by hand.
SORTS: dict[str, tuple[Any, ...]] = {
    # Unique among an owner's live keys: nothing is needed behind it.
    "name": (CredentialRow.name_key,),
    "provider": (
        CredentialRow.provider,
        CredentialRow.position,
        CredentialRow.created_at,
        CredentialRow.id,
    ),
    "health": (CredentialRow.health_outcome, CredentialRow.id),
    "usage": (CredentialRow.usage_count, CredentialRow.id),
    "last_used": (CredentialRow.last_used_at, CredentialRow.id),
    "created": (CredentialRow.created_at, CredentialRow.id),
    "expires": (CredentialRow.expires_at, CredentialRow.id),
}
# What has no value in them comes last, whichever way round: databases disagree about it.
_MAY_BE_EMPTY = frozenset({"health", "last_used", "expires"})


@dataclass(frozen=True)
class Slice:
    """Which rows of a list, in which order."""

    column: str = "created"
    descending: bool = True
    offset: int = 0
    limit: int = 25


@dataclass(frozen=True)
class FirstOfChain:
    """The key a chain begins with. `fails`: its owner agreed to another one while it fails, and it does."""

    id: str
    fails: bool


def search_credentials(
    session: Session,
    owner_key: str,
    wanted: CredentialFilter,
    slice_: Slice,
    *,
    readable_key_ids: frozenset[str],
    now: datetime,
) -> tuple[list[CredentialRow], int]:
    """Return one slice and the number of all matches."""
    walked = [*_live(owner_key), *_narrowed(wanted, readable_key_ids, now, by_index=False)]
    counted = [*_live(owner_key), *_narrowed(wanted, readable_key_ids, now, by_index=True)]
    total = _count(session, counted)
    ids = _ids(session, walked, slice_) if total > slice_.offset else []
    return rows_of(session, owner_key, ids), total


def rows_of(session: Session, owner_key: str, ids: Sequence[str]) -> list[CredentialRow]:
    """Return these live rows in the order of the ids, without their ciphertext."""
    query = (
        select(CredentialRow)
        .options(defer(cast(Any, CredentialRow.sealed), raiseload=True))
        .where(col(CredentialRow.id).in_(ids), *theirs([owner_key]))
    )
    found = {row.id: row for row in session.execute(query).scalars()} if ids else {}
    return [found[one] for one in ids if one in found]


def firsts_of_chains(
    session: Session, owner_key: str, providers: Sequence[str], now: datetime, failed: Sequence[str]
) -> dict[str, FirstOfChain]:
    """Return, by provider, the first key in its order that is switched on and not expired.

    `failed` are the outcomes of a test by which a key fails.
    """
    if not providers:
        return {}
    firsts = [
        select(col(CredentialRow.provider), col(CredentialRow.id), _fails(now, failed).label("fails"))
        .where(*_live(owner_key), col(CredentialRow.provider) == provider, *_in_use(now))
        .order_by(col(CredentialRow.position), col(CredentialRow.created_at), col(CredentialRow.id))
        .limit(1)
        .subquery()
        for provider in sorted(set(providers))
    ]
    rows = session.execute(union_all(*(select(first) for first in firsts))).all()
    return {row.provider: FirstOfChain(row.id, bool(row.fails)) for row in rows}


def environments_of(session: Session, owner_key: str) -> list[str]:
    """Return the labels in use, in order, asking the index for one after the other."""
    return [label for label in _choices(session, owner_key, col(CredentialRow.environment)) if label]


def providers_of(session: Session, owner_key: str) -> list[str]:
    """Return the providers of live keys, in order; an empty one where there are General keys."""
    return _choices(session, owner_key, col(CredentialRow.provider))


def _choices(session: Session, owner_key: str, column: Any) -> list[str]:
    """Return the different values of a column. A DISTINCT would read all rows of the owner."""
    found: list[str] = []
    query = select(func.min(column)).where(*_live(owner_key))
    value = session.execute(query).scalar()
    while value is not None and len(found) < _MOST_CHOICES:
        found.append(value)
        value = session.execute(query.where(column > value)).scalar()
    return found


def _ids(session: Session, conditions: Sequence[Any], slice_: Slice) -> list[str]:
    column = SORTS[slice_.column][0]
    if slice_.column not in _MAY_BE_EMPTY:
        return _ids_of(session, conditions, slice_, slice_.offset, slice_.limit)
    filled, empty = [*conditions, col(column).is_not(None)], [*conditions, col(column).is_(None)]
    ids = _ids_of(session, filled, slice_, slice_.offset, slice_.limit)
    if missing := slice_.limit - len(ids):
        before = slice_.offset + len(ids) if ids else _count(session, filled)
        ids += _ids_of(session, empty, slice_, max(0, slice_.offset - before), missing)
    return ids


def _ids_of(session: Session, conditions: Sequence[Any], slice_: Slice, offset: int, limit: int) -> list[str]:
    columns = [col(column) for column in SORTS[slice_.column]]
    order = [column.desc() if slice_.descending else column.asc() for column in columns]
    query = select(col(CredentialRow.id)).where(*conditions).order_by(*order).offset(offset).limit(limit)
    return list(session.execute(query).scalars())


def _count(session: Session, conditions: Sequence[Any]) -> int:
    return session.execute(select(func.count()).select_from(CredentialRow).where(*conditions)).scalar_one()


def _live(owner_key: str) -> list[ColumnElement[bool]]:
    return [col(CredentialRow.owner_key) == owner_key, col(CredentialRow.deleted_at).is_(None)]


def _narrowed(
    wanted: CredentialFilter, key_ids: frozenset[str], now: datetime, *, by_index: bool
) -> list[Any]:
    """Return the conditions of a filter.

    A page walks the index of its order; unless `by_index`, no other one may tempt the database into
    collecting all matches and sorting them.
    """
    plain = col if by_index else _walked_past
    conditions: list[Any] = []
    if wanted.text:
        pattern = f"%{escape_like(wanted.text)}%"
        conditions.append(col(CredentialRow.name_key).like(pattern, escape=_LIKE_ESCAPE))
    if wanted.provider:
        provider = "" if wanted.provider == GENERAL else wanted.provider
        conditions.append(plain(CredentialRow.provider) == provider)
    if wanted.environment:
        conditions.append(plain(CredentialRow.environment) == wanted.environment)
    if wanted.health:
        conditions.append(_health(wanted.health, plain))
    if wanted.status:
        conditions.extend(_status(wanted.status, key_ids, now))
    return conditions


def _walked_past(column: Any) -> Any:
    return func.coalesce(column, "")


def _health(health: str, plain: Any) -> Any:
    # A key nobody has tested yet shows as "Not checked", as an unchecked one does.
    if health == "unchecked":
        return func.coalesce(CredentialRow.health_outcome, health) == health
    return plain(CredentialRow.health_outcome) == health


def _fails(now: datetime, failed: Sequence[str]) -> ColumnElement[bool]:
    """Tell whether a key's owner agreed to another one while it fails, and it does. NULL is no."""
    by_test = and_(
        col(CredentialRow.health_source) == HealthSource.TEST,
        col(CredentialRow.health_outcome).in_(failed),
    )
    return and_(col(CredentialRow.failover), or_(by_test, col(CredentialRow.failing_until) > now))


def _in_use(now: datetime) -> list[Any]:
    return [col(CredentialRow.active).is_(True), _expiry() > now]


def _expiry() -> Any:
    return func.coalesce(CredentialRow.expires_at, _NEVER)


def _status(status: str, key_ids: frozenset[str], now: datetime) -> list[Any]:
    """Mirror `domain.credentials.status_of` in SQL; a test holds the two together."""
    has_value = col(CredentialRow.sealed).is_not(None)
    readable = [col(CredentialRow.unreadable).is_(False), col(CredentialRow.key_id).in_(sorted(key_ids))]
    match status:
        case "inactive":
            return [has_value, col(CredentialRow.active).is_(False)]
        case "expired":
            return [has_value, col(CredentialRow.active).is_(True), _expiry() <= now]
        case "re_enter":
            return [~has_value]
        case "unreadable":
            return [*_in_use(now), has_value, ~(readable[0] & readable[1])]
        case _:
            return [*_in_use(now), has_value, *readable]
