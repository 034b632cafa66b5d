"""Lists of people and of the trail run along an index, whatever they are sorted and narrowed by."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal
from keyportal.persistence import audit_events, sessions, users
from keyportal.persistence.audit_events import EventFilter
from keyportal.persistence.users import SORTS, UserFilter
from keyportal.services.portal import Portal
from tests.services.support import run_sql
from tests.support import START

USER_ID = "3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab"


def plans_of(portal: Portal, ask: Any) -> list[str]:
    """Return how the database would fetch each thing that is asked for, one text per statement."""
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    with portal.database.reading() as session:
        if not portal.database.is_sqlite:
            # With a handful of rows reading them all is cheapest; the question is what else could be done.
            # So it is with hashing a whole table, more or less so by what former tests left in it.
            for other in ("seqscan", "hashjoin", "mergejoin"):
                run_sql(session, f"SET LOCAL enable_{other} = off")
        event.listen(portal.database.engine, "before_cursor_execute", note)
        try:
            ask(session)
        finally:
            event.remove(portal.database.engine, "before_cursor_execute", note)
        prefix = "EXPLAIN QUERY PLAN " if portal.database.is_sqlite else "EXPLAIN "
        connection = session.connection()
        return [
            "\n".join(
                str(row[-1]) for row in connection.exec_driver_sql(prefix + statement, parameters).all()
            )
            for statement, parameters in asked
        ]


def reads_all(plan: str, table: str) -> bool:
    """Tell whether a plan reads a whole table without any index."""
    lines = plan.splitlines()
    return any(
        f"Seq Scan on {table}" in line or (f"SCAN {table}" in line and "USING" not in line) for line in lines
    )


@pytest.mark.parametrize("sort", sorted(SORTS))
@pytest.mark.parametrize("downwards", [True, False])
def test_people_are_sorted_along_an_index(portal: Portal, sort: str, downwards: bool) -> None:
    wanted = UserFilter()
    plans = plans_of(
        portal, lambda session: users.search_users(session, wanted, sort=sort, downwards=downwards)
    )
    assert not any(reads_all(plan, "users") for plan in plans), plans
    # PostgreSQL orders those who never signed in otherwise than the index; it sorts what it read.
    if portal.database.is_sqlite:
        assert "TEMP B-TREE" not in plans[-1], plans[-1]


def test_what_people_have_is_counted_along_an_index(portal: Portal) -> None:
    plans = plans_of(
        portal,
        lambda session: (
            users.credentials_owned(session, [USER_ID]),
            users.agent_keys_owned(session, [USER_ID]),
            sessions.sessions_open(session, [USER_ID], START, START - timedelta(days=1)),
        ),
    )
    for plan, table in zip(plans, ("credentials", "agent_keys", "sessions"), strict=True):
        assert not reads_all(plan, table), plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (EventFilter(person=USER_ID), "ix_audit_events_person"),
        (EventFilter(actions=(Action.CREDENTIAL_CREATE,)), "ix_audit_events_action"),
        (EventFilter(result="refused"), "ix_audit_events_result"),
        (EventFilter(object_id=USER_ID), "ix_audit_events_object"),
        (EventFilter(since=START), "ix_audit_events_at"),
        (EventFilter(since=START, until=START + timedelta(days=1)), "ix_audit_events_at"),
        (EventFilter(person=USER_ID, result="refused"), "ix_audit_events_"),
    ],
)
def test_the_trail_is_narrowed_and_counted_along_an_index(
    portal: Portal, root: Principal, wanted: EventFilter, index: str
) -> None:
    plans = plans_of(portal, lambda session: audit_events.search_events(session, wanted, offset=0, limit=25))
    for plan in plans:
        assert index in plan and not reads_all(plan, "audit_events"), plan
    if portal.database.is_sqlite:
        assert "TEMP B-TREE" not in plans[-1], plans[-1]


def test_the_whole_trail_is_paged_along_its_numbers(portal: Portal) -> None:
    plans = plans_of(
        portal, lambda session: audit_events.search_events(session, EventFilter(), offset=0, limit=25)
    )
    assert "TEMP B-TREE" not in plans[-1] and "Sort" not in plans[-1], plans[-1]


def test_ones_activity_runs_along_two_indexes(portal: Portal, alice: Principal) -> None:
    plans = plans_of(
        portal,
        lambda session: audit_events.events_about(session, str(alice.user_id), offset=0, limit=25),
    )
    for plan in plans[:2]:
        assert "ix_audit_events_person" in plan and "ix_audit_events_object" in plan, plan
    assert not any(reads_all(plan, "audit_events") for plan in plans)
