"""Queries for which keys are tried for a provider: what decides, and what is shown of a long chain.

No ciphertext is read here, and never more rows than are needed, however many keys somebody has.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, case, false, func, not_, or_, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from keyportal.domain.usage import HealthSource
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow

# What a key does to the search: it is passed over, it steps back for a later one, or it ends the search.
PASSED_OVER, STEPS_BACK, ENDS = 0, 1, 2

_ORDER = (col(CredentialRow.position), col(CredentialRow.created_at), col(CredentialRow.id))
_LINKS_ORDER = (col(CredentialLinkRow.created_at), col(CredentialLinkRow.id))


@dataclass(frozen=True)
class Rule:
    """What the database has to know to tell what a key does to the search.

    `failed` are the outcomes of a test that let a key step back; none where the policy forbids it.
    """

    now: datetime
    readable_key_ids: frozenset[str]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class PatternLink:
    """As much of a link as its turn depends on."""

    credential_id: str
    model_pattern: str
    id: str
    does: int


@dataclass(frozen=True)
class Wanted:
    """Whose keys for which provider, as if some of them were gone.

    `fitting` puts links to patterns in the order of their turns and leaves out those that do not fit the
    model; None where no model is asked for.
    """

    owner_key: str
    provider: str
    fitting: Callable[[Sequence[PatternLink]], Sequence[PatternLink]] | None = None
    without: Collection[str] = ()


@dataclass(frozen=True)
class Turn:
    """A key that is tried. `place` among the `total` of its kind, from 1, where places are asked for."""

    row: CredentialRow
    link: CredentialLinkRow | None
    does: int
    place: int = 0
    total: int = 0


def deciding(session: Session, wanted: Wanted, rule: Rule) -> list[Turn]:
    """Return, of one owner's keys in their order, those the search turns on; the last may end it.

    A few rows at most: those passed over are left out, and so are those behind the end.
    """
    found: list[Turn] = []
    for stretch in (_matching, _bound, _linked):
        found += stretch(session, wanted, rule)
        if any(turn.does == ENDS for turn in found):
            break
    return found


def shown(
    session: Session, owner_keys: Sequence[str], rule: Rule, most: int, provider: str | None = None
) -> list[Turn]:
    """Return the first keys of each owner and provider, and behind them those the search turns on.

    First those bound to the provider, then those linked to all of it, both in their order.
    """
    does, whose = _does(rule), (col(CredentialRow.owner_key), col(CredentialRow.provider))
    bound = _numbered(does, whose, _ORDER, col(CredentialRow.id)).where(
        *_live(owner_keys), col(CredentialRow.provider) != ""
    )
    to = (col(CredentialLinkRow.owner_key), col(CredentialLinkRow.provider))
    linked = _joined(_numbered(does, to, _LINKS_ORDER, col(CredentialLinkRow.id))).where(
        *_live(owner_keys), col(CredentialLinkRow.model_pattern) == "", *_not_bound()
    )
    if provider is not None:
        bound = bound.where(col(CredentialRow.provider) == provider)
        linked = linked.where(col(CredentialLinkRow.provider) == provider)
    return [*_placed(session, bound, most, None), *_placed(session, linked, most, CredentialLinkRow)]


def counts_behind(session: Session, row: CredentialRow) -> tuple[int, int]:
    """Return how many keys of its chain come before this one, and how many there are in all."""
    before = func.count().filter(_is_before(row))
    query = select(before, func.count()).select_from(CredentialRow)
    one = session.execute(query.where(*_live([row.owner_key]), col(CredentialRow.provider) == row.provider))
    found = one.one()
    return found[0], found[1]


def first_cool_down(session: Session, owner_keys: Sequence[str], now: datetime) -> datetime | None:
    """Return when the first of these owners' keys that step back by a report may come in again."""
    failing_until = col(CredentialRow.failing_until)
    query = select(func.min(failing_until)).where(*_live(owner_keys), failing_until > now)
    return session.execute(query).scalar()


def turn_of(row: CredentialRow) -> tuple[int, datetime, str]:
    """Return what the keys of a chain are ordered by."""
    return row.position, row.created_at, row.id


def _numbered(does: Any, whose: tuple[Any, ...], order: tuple[Any, ...], number: Any) -> Any:
    return select(
        number.label("id"),
        does.label("does"),
        func.row_number().over(partition_by=whose, order_by=order).label("place"),
        func.count().over(partition_by=whose).label("total"),
        func.row_number().over(partition_by=(*whose, does), order_by=order).label("turn"),
    )


def _placed(session: Session, numbered: Any, most: int, links: type[CredentialLinkRow] | None) -> list[Turn]:
    n = numbered.subquery()
    if links is None:
        query = select(CredentialRow, n.c.does, n.c.place, n.c.total).join(n, n.c.id == CredentialRow.id)
    else:
        query = _joined(select(CredentialRow, n.c.does, n.c.place, n.c.total, links))
        query = query.join(n, n.c.id == links.id)
    is_first = and_(n.c.does != PASSED_OVER, n.c.turn == 1)
    query = query.where(or_(n.c.place <= most, is_first)).order_by(n.c.place)
    return [
        Turn(row, more[0] if more else None, does, place, total)
        for row, does, place, total, *more in session.execute(query.options(_no_ciphertext()))
    ]


def _bound(session: Session, wanted: Wanted, rule: Rule) -> list[Turn]:
    query = select(CredentialRow, _does(rule)).where(
        *_live([wanted.owner_key], wanted.without), col(CredentialRow.provider) == wanted.provider
    )
    found = _firsts(session, query, _ORDER, rule)
    turns = [Turn(row, None, does) for row, does in found]
    return sorted(turns, key=lambda turn: turn_of(turn.row))


def _linked(session: Session, wanted: Wanted, rule: Rule) -> list[Turn]:
    query = _joined(select(CredentialRow, _does(rule), CredentialLinkRow)).where(
        *_links_to(wanted), col(CredentialLinkRow.model_pattern) == "", *_not_bound()
    )
    found = _firsts(session, query, _LINKS_ORDER, rule)
    turns = [Turn(row, link, does) for row, does, link in found]
    return sorted(turns, key=lambda t: (t.link.created_at, t.link.id) if t.link else ())


def _matching(session: Session, wanted: Wanted, rule: Rule) -> list[Turn]:
    """Return what decides among keys linked to a pattern that fits the model, the closest first."""
    if wanted.fitting is None:
        return []
    link, does = CredentialLinkRow, _does(rule)
    query = _joined(select(link.credential_id, link.model_pattern, link.id, does)).where(  # pyright: ignore
        *_links_to(wanted), col(link.model_pattern) != "", does != PASSED_OVER
    )
    links = [PatternLink(*found) for found in session.execute(query.order_by(*_LINKS_ORDER))]
    first: dict[int, str] = {}
    for one in wanted.fitting(links):
        first.setdefault(one.does, one.id)
        if one.does == ENDS:
            break
    turns = _turns_by_link(session, list(first.values()), rule)
    # Switched off or deleted by somebody since the look at all of them: look again.
    return turns if len(turns) == len(first) else _matching(session, wanted, rule)


def _turns_by_link(session: Session, link_ids: Sequence[str], rule: Rule) -> list[Turn]:
    """Return the turns of these links, in this order, that may still decide."""
    if not link_ids:
        return []
    does = _does(rule)
    query = _joined(select(CredentialRow, does, CredentialLinkRow)).where(
        col(CredentialLinkRow.id).in_(link_ids),
        col(CredentialRow.deleted_at).is_(None),
        does != PASSED_OVER,
    )
    found = session.execute(query.options(_no_ciphertext()))
    turns = {link.id: Turn(row, link, what) for row, what, link in found}
    return [turns[one] for one in link_ids if one in turns]


def _firsts(session: Session, query: Any, order: tuple[Any, ...], rule: Rule) -> Iterable[Any]:
    """Return the first row that ends the search, and the first that steps back."""
    query = query.options(_no_ciphertext()).order_by(*order).limit(1)
    conditions = [and_(_may_be_used(rule), not_(_has_failed(rule)))] if rule.failed else [_may_be_used(rule)]
    if rule.failed:
        conditions.append(and_(_may_be_used(rule), _has_failed(rule)))
    return [row for condition in conditions for row in session.execute(query.where(condition))]


def _does(rule: Rule) -> Any:
    """Return an expression for what a key does to the search, as `services.chains` tells it of a row."""
    whens: list[Any] = [(not_(_may_be_used(rule)), PASSED_OVER)]
    if rule.failed:
        whens.append((_has_failed(rule), STEPS_BACK))
    return case(*whens, else_=ENDS)


def _may_be_used(rule: Rule) -> ColumnElement[bool]:
    expires_at = col(CredentialRow.expires_at)
    return and_(col(CredentialRow.active), or_(expires_at.is_(None), expires_at > rule.now))


def _has_failed(rule: Rule) -> ColumnElement[bool]:
    """Tell whether a key's owner agreed to step back, and it fails by a test or a report. Never NULL."""
    failing_until = col(CredentialRow.failing_until)
    by_test = and_(
        col(CredentialRow.health_source) == HealthSource.TEST,
        func.coalesce(col(CredentialRow.health_outcome), "").in_(rule.failed),
    )
    by_report = and_(failing_until.is_not(None), func.coalesce(failing_until, rule.now) > rule.now)
    return and_(
        col(CredentialRow.failover),
        or_(by_test, by_report),
        col(CredentialRow.sealed).is_not(None),
        not_(col(CredentialRow.unreadable)),
        col(CredentialRow.key_id).in_(sorted(rule.readable_key_ids)) if rule.readable_key_ids else false(),
    )


def _is_before(row: CredentialRow) -> ColumnElement[bool]:
    position, created, row_id = _ORDER
    return or_(
        position < row.position,
        and_(position == row.position, created < row.created_at),
        and_(position == row.position, created == row.created_at, row_id < row.id),
    )


def _live(owner_keys: Sequence[str], without: Collection[str] = ()) -> list[Any]:
    live = [col(CredentialRow.owner_key).in_(owner_keys), col(CredentialRow.deleted_at).is_(None)]
    return [*live, col(CredentialRow.id).not_in(sorted(without))] if without else live


def _links_to(wanted: Wanted) -> list[Any]:
    return [*_live([wanted.owner_key], wanted.without), col(CredentialLinkRow.provider) == wanted.provider]


def _not_bound() -> list[Any]:
    """Leave out keys that are tried anyway, as the provider's own."""
    return [col(CredentialRow.provider) != col(CredentialLinkRow.provider)]


def _joined(query: Any) -> Any:
    return query.join_from(
        CredentialLinkRow,
        CredentialRow,
        and_(
            col(CredentialRow.id) == col(CredentialLinkRow.credential_id),
            col(CredentialRow.owner_key) == col(CredentialLinkRow.owner_key),
        ),
    )


def _no_ciphertext() -> Any:
    return defer(cast(Any, CredentialRow.sealed), raiseload=True)
