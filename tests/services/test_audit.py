"""The trail: one chain whoever writes, allow-listed words, and damage located."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.services import audit
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from tests.conftest import MakePortal
from tests.services.support import events, run_sql
from tests.support import ENCRYPTION_KEY, OTHER_KEY


def write(portal: Portal, principal: Principal, times: int = 5) -> list[int]:
    """Write events and return their numbers in the trail."""
    for n in range(times):
        with portal.database.transaction() as session:
            audit.record(
                portal, session, principal, Action.SIGN_IN, object_id=f"{n}", reason="r", scopes=["a"]
            )
    return [e.id or 0 for e in events(portal)[-times:]]


def test_an_untouched_trail_verifies(portal: Portal, alice: Principal) -> None:
    write(portal, alice)
    report = verify_chain(portal)
    assert (report.events, report.broken_at) == (len(events(portal)), None)


COLUMNS = [
    "at",
    "uid",
    "principal_kind",
    "principal_id",
    "principal_label",
    "action",
    "result",
    "object_id",
    "object_label",
    "address",
    "details",
    "key_id",
    "chain",
]


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edit_of_any_column_is_located(portal: Portal, alice: Principal, column: str) -> None:
    edited = write(portal, alice)[2]
    value = {"at": "2020-01-01 00:00:00", "details": '{"reason": "x"}'}.get(column, "x" * 8)
    with portal.database.transaction() as session:
        run_sql(session, f"UPDATE audit_events SET {column} = '{value}' WHERE id = :id", id=edited)
    assert verify_chain(portal).broken_at == edited


def test_a_deletion_is_located_at_the_next_event(portal: Portal, alice: Principal) -> None:
    numbers = write(portal, alice)
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM audit_events WHERE id = :id", id=numbers[1])
    assert verify_chain(portal).broken_at == numbers[2]


def test_two_swapped_events_are_located(portal: Portal, alice: Principal) -> None:
    numbers = write(portal, alice)
    with portal.database.transaction() as session:
        for old, new in ((numbers[1], -1), (numbers[2], numbers[1]), (-1, numbers[2])):
            run_sql(session, "UPDATE audit_events SET id = :new WHERE id = :old", old=old, new=new)
    assert verify_chain(portal).broken_at == numbers[1]


def test_concurrent_writers_keep_one_chain(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write(portal, alice, 5), range(8)))
    report = verify_chain(portal)
    assert (report.events, report.broken_at) == (before + 40, None)


def test_two_processes_portals_keep_one_chain(make_portal: MakePortal) -> None:
    portals = [make_portal(), make_portal()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda p: write(p, anonymous_principal(), 10), portals))
    assert verify_chain(portals[0]).broken_at is None


def test_a_chain_goes_on_under_a_new_key(make_portal: MakePortal) -> None:
    write(make_portal(), anonymous_principal())
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    write(portal, anonymous_principal())
    assert verify_chain(portal).broken_at is None
    assert len({e.key_id for e in events(portal)}) == 2


@pytest.mark.parametrize("name", ["api_key", "password", "message", "note"])
def test_a_word_that_is_not_on_the_list_is_an_error(portal: Portal, alice: Principal, name: str) -> None:
    before = len(events(portal))
    with pytest.raises(ValueError, match=name) as error, portal.database.transaction() as session:
        audit.record(portal, session, alice, Action.SIGN_IN, **dict[str, Any]({name: "cAnArY"}))
    assert len(events(portal)) == before and "cAnArY" not in str(error.value)


def test_an_event_says_who_from_where_and_when(portal: Portal, agent: Principal) -> None:
    write(portal, agent, 1)
    event = events(portal)[-1]
    assert (event.principal_kind, event.principal_id) == ("agent", agent.agent_key_id)
    assert (event.principal_label, event.at) == ("agent (alice@example.com)", portal.clock.now())


def test_refusals_of_people_are_recorded_and_of_strangers_not(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))
    audit.record_refusal(portal, anonymous_principal("10.0.0.1"), "/api/x", "forbidden")
    assert len(events(portal)) == before
    audit.record_refusal(portal, alice, "/api/x", "forbidden")
    last = events(portal)[-1]
    assert (last.action, last.result, last.details) == (
        "access.refused",
        "refused",
        {"route": "/api/x", "reason": "forbidden"},
    )


def test_an_event_goes_with_its_transaction(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))

    def fail(act: Callable[[Session], Any]) -> None:
        with pytest.raises(RuntimeError), portal.database.transaction() as session:
            act(session)
            raise RuntimeError

    fail(lambda s: audit.record(portal, s, alice, Action.SIGN_IN))
    assert len(events(portal)) == before
