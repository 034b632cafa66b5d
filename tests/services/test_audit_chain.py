"""Damage to the trail: whatever is changed, taken out, put in, swapped or doubled is found and located."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel

from keyportal.domain.audit import Action
from keyportal.domain.errors import Forbidden
from keyportal.domain.principals import Principal, operator_principal
from keyportal.persistence import audit_events
from keyportal.persistence.columns import new_id
from keyportal.services import audit
from keyportal.services.audit_verification import verify, verify_chain
from keyportal.services.portal import Portal
from keyportal.services.trail_report import Moment, verify_trail
from tests.conftest import person
from tests.services.support import events, run_sql
from tests.support import START, FakeClock

COLUMNS = [column.name for column in SQLModel.metadata.tables["audit_events"].columns]
PLACES = ["first", "middle", "last"]
OTHER = {"at": "2020-01-01 00:00:00", "details": '{"reason": "x"}'}


@pytest.fixture
def numbers(portal: Portal, alice: Principal, clock: FakeClock) -> list[int]:
    """The whole trail, which is nine events of Alice's, a minute apart."""
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM audit_events")
    for n in range(9):
        clock.advance(timedelta(minutes=1))
        with portal.database.transaction() as session:
            audit.record(
                portal, session, alice, Action.SIGN_IN, object_id=f"{n}", object_label="l", reason="r"
            )
    return [event.id or 0 for event in events(portal)]


def at_place(numbers: list[int], place: str) -> int:
    return numbers[{"first": 0, "middle": 4, "last": -1}[place]]


def write(portal: Portal, statement: str, **values: Any) -> None:
    """What somebody does who may write to the database."""
    with portal.database.transaction() as session:
        run_sql(session, statement, **values)


def renumber(session: Session, old: int, new: int) -> None:
    run_sql(session, "UPDATE audit_events SET id = :new WHERE id = :old", old=old, new=new)


def put_in(portal: Portal, number: int, like: int, **other: Any) -> None:
    """Put an event in that is like another one."""
    with portal.database.transaction() as session:
        row = audit_events.find_event(session, like)
        assert row is not None
        values = {**row.model_dump(), "id": number, "uid": new_id(), **other}
        session.connection().execute(SQLModel.metadata.tables["audit_events"].insert(), values)


@pytest.mark.usefixtures("numbers")
def test_an_untouched_trail_is_unbroken_from_its_first_event_to_its_last(portal: Portal) -> None:
    found = verify_trail(portal, operator_principal())
    first, last = events(portal)[0], events(portal)[8]
    assert (found.events, found.unproven, found.broken) == (9, 0, None)
    assert (found.first, found.last) == (Moment(first.id or 0, first.at), Moment(last.id or 0, last.at))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "id"])
def test_a_change_of_any_column_of_any_event_is_located(
    portal: Portal, numbers: list[int], column: str, place: str
) -> None:
    changed = at_place(numbers, place)
    write(
        portal,
        f"UPDATE audit_events SET {column} = '{OTHER.get(column, 'x' * 8)}' WHERE id = :id",
        id=changed,
    )
    assert verify_chain(portal).broken_at == changed


@pytest.mark.parametrize(
    "column", ["principal_id", "user_id", "object_id", "object_label", "principal_label"]
)
def test_a_column_that_is_emptied_is_located(portal: Portal, numbers: list[int], column: str) -> None:
    write(portal, f"UPDATE audit_events SET {column} = '' WHERE id = :id", id=numbers[4])
    assert verify_chain(portal).broken_at == numbers[4]


@pytest.mark.parametrize(("place", "found"), [("first", 1), ("middle", 5), ("last", 8)])
def test_an_event_that_is_taken_out_is_located_where_it_was(
    portal: Portal, root: Principal, numbers: list[int], place: str, found: int
) -> None:
    verify(portal, root)
    # The look itself is an event of the trail; here it is taken away, too.
    write(portal, "DELETE FROM audit_events WHERE id > :last", last=numbers[-1])
    write(portal, "DELETE FROM audit_events WHERE id = :id", id=at_place(numbers, place))
    assert verify_chain(portal).broken_at == numbers[found]


def test_the_end_may_be_cut_off_unseen_only_behind_what_was_proven(
    portal: Portal, root: Principal, numbers: list[int]
) -> None:
    verify(portal, root)
    looks = [event.id or 0 for event in events(portal)][len(numbers) :]
    assert len(looks) == 1
    write(portal, "DELETE FROM audit_events WHERE id >= :id", id=looks[0])
    assert verify_chain(portal).broken_at is None
    write(portal, "DELETE FROM audit_events WHERE id >= :id", id=numbers[-1])
    found = verify_trail(portal, root)
    assert found.broken is not None and (found.broken.number, found.broken.at) == (numbers[-1], None)
    assert found.broken.after == found.last and found.events == 8


def test_a_trail_that_was_emptied_is_located_at_its_proven_end(
    portal: Portal, root: Principal, numbers: list[int]
) -> None:
    verify(portal, root)
    write(portal, "DELETE FROM audit_events")
    found = verify_trail(portal, root)
    assert found.broken is not None and (found.broken.number, found.broken.after) == (numbers[-1], None)
    assert (found.events, found.first, found.last) == (0, None, None)


PUT_IN: dict[str, Callable[[list[int]], int]] = {
    "far before the first": lambda numbers: -5,
    "right before the first": lambda numbers: numbers[0] - 1,
    "in the middle": lambda numbers: numbers[4] + 1,
    "behind the last": lambda numbers: numbers[-1] + 100,
}


@pytest.mark.parametrize("like", PLACES)
@pytest.mark.parametrize("where", PUT_IN)
def test_an_event_that_is_put_in_is_located(
    portal: Portal, numbers: list[int], where: str, like: str
) -> None:
    """It is a copy of a real one, and as far as that goes a double."""
    with portal.database.transaction() as session:
        # Room between all of them.
        for number in reversed(numbers):
            renumber(session, number, number * 10)
    spread = [number * 10 for number in numbers]
    new = PUT_IN[where](spread)
    put_in(portal, new, at_place(spread, like))
    assert verify_chain(portal).broken_at == new


@pytest.mark.parametrize(("one", "two"), [(0, 1), (0, 8), (3, 4), (2, 6), (7, 8)])
def test_two_events_that_changed_places_are_located_at_the_first(
    portal: Portal, numbers: list[int], one: int, two: int
) -> None:
    with portal.database.transaction() as session:
        for old, new in ((numbers[one], -1), (numbers[two], numbers[one]), (-1, numbers[two])):
            renumber(session, old, new)
    assert verify_chain(portal).broken_at == numbers[one]


def test_an_event_moved_to_the_end_is_located_where_it_was(portal: Portal, numbers: list[int]) -> None:
    with portal.database.transaction() as session:
        renumber(session, numbers[3], numbers[-1] + 1)
    assert verify_chain(portal).broken_at == numbers[4]


def test_a_forged_link_does_not_help(portal: Portal, numbers: list[int]) -> None:
    """Whoever changes an event and makes the next one fit has to know the encryption key."""
    write(portal, "UPDATE audit_events SET object_label = 'x' WHERE id = :id", id=numbers[4])
    write(portal, "UPDATE audit_events SET chain = :link WHERE id = :id", id=numbers[4], link="a" * 64)
    assert verify_chain(portal).broken_at == numbers[4]


def test_where_it_breaks_is_told_with_the_moments_around_it(portal: Portal, numbers: list[int]) -> None:
    write(portal, "UPDATE audit_events SET address = 'x' WHERE id = :id", id=numbers[4])
    found = verify_trail(portal, operator_principal())
    assert found.broken is not None
    assert (found.broken.number, found.broken.at) == (numbers[4], START + timedelta(minutes=5))
    assert found.broken.after == Moment(numbers[3], START + timedelta(minutes=4))
    assert (found.events, found.last, found.broken.missing_key_id) == (4, found.broken.after, "")


def test_what_broke_stays_broken_at_the_next_look(
    portal: Portal, root: Principal, numbers: list[int]
) -> None:
    write(portal, "DELETE FROM audit_events WHERE id = :id", id=numbers[4])
    found = [verify_trail(portal, root).broken for _ in range(2)]
    assert [one.number for one in found if one] == [numbers[5]] * 2


def test_a_trail_longer_than_a_batch_is_read_a_batch_at_a_time(portal: Portal, alice: Principal) -> None:
    many = [(Action.SIGN_IN, f"{n}", "l", {"reason": "r"}) for n in range(3500)]
    with portal.database.transaction() as session:
        audit.record_several(portal, session, alice, many)
    told: list[int] = []
    report = verify_chain(portal, told.append)
    assert (report.events, report.broken_at, told) == (len(events(portal)), None, [1000, 2000, 3000])
    with portal.database.reading() as session:
        assert max(len(session.identity_map) for _ in audit_events.events_in_order(session)) <= 1000


@pytest.mark.usefixtures("numbers")
def test_a_member_does_not_verify_the_trail(portal: Portal) -> None:
    with pytest.raises(Forbidden):
        verify_trail(portal, person(portal, "bob"))
