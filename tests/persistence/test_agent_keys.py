"""Queries for agent keys: every sort and filter is served by an index, and pages are stable."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, text

from keyportal.domain.principals import Principal
from keyportal.persistence import agent_keys
from keyportal.persistence.agent_keys import SORTS, AgentKeyFilter
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services.portal import Portal
from tests.support import START


def row(owner: Principal, name: str, **values: Any) -> AgentKeyRow:
    usual: dict[str, Any] = {
        "user_id": owner.user_id,
        "public_id": f"{owner.name}{name}"[:12],
        "digest": name,
        "name": name,
        "name_key": name,
        "mask": "kpa_...",
        "scopes": ["resolve"],
        "created_by": owner.email,
        "created_at": START,
        "expires_at": START + timedelta(days=90),
    }
    return AgentKeyRow(**{**usual, **values})


def store(portal: Portal, *rows: AgentKeyRow) -> None:
    with portal.database.transaction() as session:
        session.add_all(rows)


def names(
    portal: Portal, owner: Principal, wanted: AgentKeyFilter, sort: str = "created", down: bool = True
) -> list[str]:
    with portal.database.reading() as session:
        rows, total = agent_keys.search_agent_keys(
            session, owner.user_id or "", wanted, now=START, order=(sort, down), offset=0, limit=100
        )
        assert total == len(rows)
        return [r.name for r in rows]


def test_the_status_filter_agrees_with_the_status_shown(portal: Portal, alice: Principal) -> None:
    second = timedelta(seconds=1)
    store(
        portal,
        row(alice, "active", expires_at=START + second),
        row(alice, "expired", expires_at=START),
        row(alice, "revoked", revoked_at=START),
        row(alice, "both", revoked_at=START, expires_at=START - second),
        row(alice, "gone", deleted_at=START),
    )
    found = {s: set(names(portal, alice, AgentKeyFilter("", s))) for s in ("active", "expired", "revoked")}
    assert found == {"active": {"active"}, "expired": {"expired"}, "revoked": {"revoked", "both"}}


def test_what_was_never_used_comes_last_of_the_newest_on_both_databases(
    portal: Portal, alice: Principal
) -> None:
    store(portal, row(alice, "never"), row(alice, "used", last_used_at=START))
    assert names(portal, alice, AgentKeyFilter(), "last_used", True) == ["used", "never"]
    assert names(portal, alice, AgentKeyFilter(), "last_used", False) == ["never", "used"]


def test_equal_moments_stay_in_one_order_over_the_pages(portal: Portal, alice: Principal) -> None:
    store(portal, *(row(alice, f"key {n}") for n in range(6)))
    with portal.database.reading() as session:
        pages = [
            agent_keys.search_agent_keys(
                session, alice.user_id or "", AgentKeyFilter(), now=START,
                order=("created", True), offset=offset, limit=2,
            )[0]
            for offset in (0, 2, 4)
        ]  # fmt: skip
    assert len({r.id for page in pages for r in page}) == 6


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_every_sort_and_filter_is_served_by_an_index(portal: Portal, alice: Principal) -> None:
    statements: list[tuple[str, Any]] = []
    event.listen(
        portal.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, values, *_: statements.append((statement, values)),
    )
    filters = [
        AgentKeyFilter(),
        AgentKeyFilter("night"),
        *(AgentKeyFilter("", s) for s in ("active", "expired", "revoked")),
    ]
    for sort, down, wanted in product(SORTS, (True, False), filters):
        names(portal, alice, wanted, sort, down)
    asked = [(s, v) for s, v in statements if "FROM agent_keys" in s]
    with portal.database.engine.connect() as connection:
        plans = {
            s: [r[3] for r in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v)] for s, v in asked
        }
    wrong = {s: p for s, p in plans.items() if any("SCAN" in step or "TEMP B-TREE" in step for step in p)}
    assert len(plans) >= 40
    assert wrong == {}


@pytest.mark.parametrize("database_template", ["postgresql"], indirect=True)
def test_postgresql_finds_a_page_by_an_index(portal: Portal) -> None:
    query = (
        "EXPLAIN SELECT * FROM agent_keys WHERE user_id = 'x' AND deleted_at IS NULL"
        " ORDER BY created_at DESC, id DESC LIMIT 25"
    )
    with portal.database.reading() as session:
        session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(r[0] for r in session.connection().execute(text(query)))
    assert "Index Scan Backward using ix_agent_keys_created" in plan
    assert "Sort" not in plan
