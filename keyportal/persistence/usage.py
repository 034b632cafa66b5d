"""Queries for how often keys were handed out and what came of it, day by day. Counts only, never a value."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, exists, func, literal, or_, tuple_, union
from sqlmodel import Session, col, select

from keyportal.persistence.credentials import escape_like
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, UsageDayRow, UserRow

_KEY = ["day", "provider", "source", "credential_id", "agent_key_id"]
# By what uses are added up. Variables of the server are told apart by their provider: they have no id.
PROVIDER, KEY, AGENT_KEY = "provider", "key", "agent_key"
GROUPS = (PROVIDER, KEY, AGENT_KEY)
ENVIRONMENT_PREFIX = "environment:"
SORTS = ("usage", "last_used", "rate")


@dataclass(frozen=True)
class Sums:
    """How often keys were handed out, and how often programs reported which outcome."""

    uses: int = 0
    ok: int = 0
    auth_failed: int = 0
    rate_limited: int = 0
    quota_exhausted: int = 0
    error: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def failed(self) -> int:
        return self.auth_failed + self.rate_limited + self.quota_exhausted + self.error

    @property
    def success_rate(self) -> float | None:
        """The part of what was reported that went well; None where nothing was reported."""
        reported = self.ok + self.failed
        return self.ok / reported if reported else None


@dataclass(frozen=True)
class UsageFilter:
    """What is looked at, from a day (UTC) on; empty texts narrow nothing.

    `person` limits it to the uses of a person's keys and those by their agent keys; None means
    everybody. An empty `agent_key_id` is the server's own shell, None any. `text` is a part of the name of
    a key or an agent key, or of one of `named_providers`.
    """

    since: date
    person: str | None
    provider: str = ""
    source: str = ""
    credential_id: str = ""
    agent_key_id: str | None = None
    text: str = ""
    named_providers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    id: str
    sums: Sums
    last_day: date


@dataclass(frozen=True)
class UsedOnDay:
    """A row as it is stored, columns in their order; made a hundred thousand at a time."""

    day: date
    provider: str
    source: str
    credential_id: str
    agent_key_id: str
    count: int = 0
    ok: int = 0
    auth_failed: int = 0
    rate_limited: int = 0
    quota_exhausted: int = 0
    error: int = 0


@dataclass(frozen=True)
class NamedRow:
    """What a used key or agent key is called and whose it is; tombstones too. No owner: the system's."""

    id: str
    name: str
    mask: str
    provider: str
    owner_id: str | None
    owner_email: str | None
    deleted_at: datetime | None


def usage_of(session: Session, credential_id: str, since: date) -> list[tuple[date, int]]:
    """Return the days from this one on with at least one use of a key, oldest first, and how many."""
    query = (
        select(col(UsageDayRow.day), func.sum(UsageDayRow.count))
        .where(UsageDayRow.credential_id == credential_id, col(UsageDayRow.day) >= since)
        .group_by(col(UsageDayRow.day))
        .order_by(col(UsageDayRow.day))
    )
    return [(day, int(count)) for day, count in session.exec(query).all()]


def sums_by_day(
    session: Session, wanted: UsageFilter, by: str, apart: Sequence[str] = ()
) -> dict[date, tuple[Sums, tuple[int, ...]]]:
    """Return the days with at least one use, and how often each of the groups `apart` was used on each."""
    uses = _grouped(wanted, by)
    parts = [func.sum(case((uses.c.id == one, uses.c["count"]), else_=0)) for one in apart]
    query: Any = select(uses.c.day, *_sums(uses), *parts).group_by(uses.c.day)
    return {
        day: (_read(found[: len(_COUNTS)]), tuple(int(part) for part in found[len(_COUNTS) :]))
        for day, *found in session.exec(query).all()
    }


def search_groups(
    session: Session, wanted: UsageFilter, by: str, *, order: tuple[str, bool], offset: int, limit: int
) -> tuple[list[Group], int]:
    """Return one page and the number of all groups. `order` is one of SORTS, and True for downwards."""
    uses = _grouped(wanted, by)
    last_day = func.max(uses.c.day)
    # The total comes along with the page: adding all up once more to count them takes as long again.
    page: Any = select(func.count().over(), uses.c.id, last_day, *_sums(uses)).group_by(uses.c.id)
    page = page.order_by(*_order(uses, last_day, *order)).offset(offset).limit(limit)
    found = session.exec(page).all()
    total = found[0][0] if found else 0
    if not found and offset:
        total = session.exec(select(func.count(uses.c.id.distinct()))).one()
    return [Group(one, _read(sums), day) for _total, one, day, *sums in found], total


def most_used(session: Session, wanted: UsageFilter, by: str, limit: int) -> list[str]:
    """Return the ids of the most used groups, in this order."""
    uses = _grouped(wanted, by)
    query: Any = select(uses.c.id).group_by(uses.c.id)
    return list(session.exec(query.order_by(func.sum(uses.c["count"]).desc(), uses.c.id).limit(limit)).all())


def batch_after(
    session: Session, wanted: UsageFilter, after: UsedOnDay | None, limit: int
) -> list[UsedOnDay]:
    """Return the rows behind one, oldest day first, or the first ones."""
    # From the day of that row on: what lies before it would be read again for each batch.
    since = max(wanted.since, after.day) if after else wanted.since
    uses = _uses(replace(wanted, since=since)).subquery("uses")
    place = [uses.c[name] for name in _KEY]
    query: Any = select(*(uses.c[field.name] for field in fields(UsedOnDay))).order_by(*place).limit(limit)
    if after is not None:
        values = (literal(getattr(after, column.name), column.type) for column in place)
        query = query.where(tuple_(*place) > tuple_(*values))
    return [UsedOnDay(*found) for found in session.exec(query).all()]


def keys_named(session: Session, credential_ids: Sequence[str]) -> dict[str, NamedRow]:
    return _named_rows(session, CredentialRow, CredentialRow.owner_id, CredentialRow.provider, credential_ids)


def agent_keys_named(session: Session, agent_key_ids: Sequence[str]) -> dict[str, NamedRow]:
    return _named_rows(session, AgentKeyRow, AgentKeyRow.user_id, literal(""), agent_key_ids)


def _named_rows(
    session: Session, table: Any, owner_id: Any, provider: Any, ids: Sequence[str]
) -> dict[str, NamedRow]:
    columns: list[Any] = [
        table.id,
        table.name,
        table.mask,
        provider,
        owner_id,
        UserRow.email,
        table.deleted_at,
    ]
    query: Any = select(*columns).outerjoin(UserRow, col(UserRow.id) == owner_id).where(table.id.in_(ids))
    return {row[0]: NamedRow(*row) for row in session.exec(query).all()}


def _columns() -> list[Any]:
    # SQLModel gives a class its table when it is made: no type says so.
    return list(UsageDayRow.__table__.c)  # type: ignore[attr-defined]


def _uses(wanted: UsageFilter) -> Any:
    """Select the rows looked at. What is a person's is found by two indexes, and none of it comes twice."""
    rows: Any = select(*_columns()).where(*_conditions(wanted))
    if wanted.person is None:
        return rows
    keys = select(CredentialRow.id).where(CredentialRow.owner_id == wanted.person)
    agent_keys = select(AgentKeyRow.id).where(AgentKeyRow.user_id == wanted.person)
    return union(
        rows.where(col(UsageDayRow.credential_id).in_(keys)),
        rows.where(col(UsageDayRow.agent_key_id).in_(agent_keys)),
    )


def _conditions(wanted: UsageFilter) -> list[Any]:
    conditions: list[Any] = [col(UsageDayRow.day) >= wanted.since]
    for column, value in (
        (UsageDayRow.provider, wanted.provider),
        (UsageDayRow.source, wanted.source),
        (UsageDayRow.credential_id, wanted.credential_id),
    ):
        conditions += [col(column) == value] if value else []
    if wanted.agent_key_id is not None:
        conditions.append(col(UsageDayRow.agent_key_id) == wanted.agent_key_id)
    return [*conditions, _named(wanted)] if wanted.text else conditions


def _named(wanted: UsageFilter) -> Any:
    pattern = f"%{escape_like(wanted.text)}%"

    def has_the_name(table: Any, used_id: Any) -> Any:
        return exists().where(col(table.id) == col(used_id), col(table.name_key).like(pattern, escape="\\"))

    return or_(
        col(UsageDayRow.provider).in_(wanted.named_providers),
        has_the_name(CredentialRow, UsageDayRow.credential_id),
        has_the_name(AgentKeyRow, UsageDayRow.agent_key_id),
    )


def _grouped(wanted: UsageFilter, by: str) -> Any:
    """Return the rows looked at with the id of the group each belongs to, and what is added up."""
    uses = _uses(wanted).subquery("uses")
    ids = {
        PROVIDER: uses.c.provider,
        KEY: case(
            (uses.c.credential_id == "", literal(ENVIRONMENT_PREFIX) + uses.c.provider),
            else_=uses.c.credential_id,
        ),
        # No bare column: SQLite would walk its index through all the years to save itself a sort.
        AGENT_KEY: uses.c.agent_key_id.concat(""),
    }
    return select(uses.c.day, ids[by].label("id"), *(uses.c[name] for name in _COUNTS)).subquery("grouped")


_COUNTS = ("count", *(f.name for f in fields(Sums) if f.name != "uses"))


def _sums(uses: Any) -> list[Any]:
    return [func.sum(uses.c[name]) for name in _COUNTS]


def _read(sums: Sequence[Any]) -> Sums:
    # PostgreSQL adds up big integers to decimals.
    return Sums(*(int(one) for one in sums))


def _order(uses: Any, last_day: Any, column: str, downwards: bool) -> list[Any]:
    """Sort; what nobody reported about comes last either way, and among equals the most used first."""
    count, ok, *failed = _sums(uses)
    reported = ok + failed[0] + failed[1] + failed[2] + failed[3]
    wanted = {"usage": count, "last_used": last_day, "rate": ok * 1.0 / func.nullif(reported, 0)}[column]
    first = wanted.desc() if downwards else wanted.asc()
    return [first.nulls_last(), count.desc(), uses.c.id]
