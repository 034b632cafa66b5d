"""How a limit is tried: one less, exactly so much, one more. And who tries it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import SQLModel

from keyportal.domain.principals import Principal
from keyportal.persistence.columns import new_id
from keyportal.services.portal import Portal
from tests.api.support import Rest, browser, code_of, stranger
from tests.conftest import person
from tests.limits.numbers import NUMBERS
from tests.support import FakeClock

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class World:
    """Alice at her browser, Root at his, somebody unknown, and what they all stand before."""

    portal: Portal
    clock: FakeClock
    client: Rest
    admin: Rest
    anyone: Rest
    alice: Principal
    root: Principal

    @classmethod
    def of(cls, portal: Portal, clock: FakeClock) -> "World":
        people = person(portal, "alice"), person(portal, "root")
        return cls(
            portal, clock, browser(portal, "alice"), browser(portal, "root"), stranger(portal), *people
        )


def number(limit: str) -> int:
    """Return the number of a limit that counts things."""
    found = NUMBERS[limit]
    assert isinstance(found, int)
    return found


def around(limit: str) -> tuple[int, int, int]:
    """Return one less, exactly so much, and one more."""
    n = number(limit)
    return n - 1, n, n + 1


def answer_of(response: Any) -> tuple[int, str]:
    """Return the status, and the code of a refusal."""
    is_refused = response.status_code >= 400 and response.headers["content-type"] == "application/json"
    return response.status_code, code_of(response) if is_refused else ""


def store_rows(portal: Portal, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert many rows behind the services' back."""
    with portal.database.transaction() as session:
        session.connection().execute(insert(SQLModel.metadata.tables[table]), rows)


def store_copies(portal: Portal, table: type[SQLModel], fresh: list[dict[str, Any]], **where: Any) -> None:
    """Store copies of the one row there is, each with an id and what else is its own."""
    with portal.database.reading() as session:
        query = select(table).filter_by(**where)
        columns = SQLModel.metadata.tables[str(table.__tablename__)].columns.keys()
        row = session.execute(query).scalars().one()
        found = {column: getattr(row, column) for column in columns}
    store_rows(portal, str(table.__tablename__), [{**found, "id": new_id(), **own} for own in fresh])


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop where nobody waits: while all do, its clock jumps to the next timer."""

    _now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # pyright: ignore[reportAttributeAccessIssue]
            self._now = max(self._now, self._scheduled[0]._when)  # pyright: ignore[reportAttributeAccessIssue]
        super()._run_once()  # pyright: ignore[reportAttributeAccessIssue]


def run_jumping(work: Any) -> Any:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)
