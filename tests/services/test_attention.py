"""What needs attention, in which order and for whom; and how far somebody has come."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from keyportal.domain.errors import Forbidden
from keyportal.domain.principals import Principal, operator_principal
from keyportal.services import agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.attention import MOST, Concern, attention_for
from keyportal.services.getting_started import StartView, start_of
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, save, spoil
from tests.support import START

DAY = timedelta(days=1)
INVALID = {"health_outcome": "invalid", "health_message": "Refused.", "health_checked_at": START}
SITUATIONS: dict[Concern, dict[str, Any]] = {
    Concern.UNREADABLE: {"unreadable": True},
    Concern.RE_ENTER: {"sealed": None},
    Concern.FAILING: INVALID,
    Concern.EXPIRED: {"expires_at": START - DAY},
    Concern.EXPIRING: {"expires_at": START + 13 * DAY},
    Concern.REMINDER: {"remind_at": START},
    Concern.UNUSED: {"last_used_at": START - 31 * DAY, "created_at": START - 60 * DAY},
}


def concerns(portal: Portal, who: Principal) -> list[tuple[str, str]]:
    return [(item.concern, item.name) for item in attention_for(portal, who).items]


@pytest.mark.parametrize(("concern", "values"), SITUATIONS.items(), ids=str)
def test_each_situation_is_named_with_what_to_do(
    portal: Portal, alice: Principal, bob: Principal, concern: Concern, values: dict[str, Any]
) -> None:
    spoil(portal, save(portal, alice).id, **values)
    (item,) = attention_for(portal, alice).items
    assert (item.concern, item.name, item.ownership) == (concern, "mine", "user")
    assert item.sentence
    assert concerns(portal, bob) == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"health_outcome": "rate_limited"},
        {"expires_at": START + 15 * DAY},
        {"remind_at": START + DAY},
        {"last_used_at": START - 29 * DAY, "created_at": START - 60 * DAY},
        {"created_at": START - 29 * DAY},
        # Switched off on purpose.
        {**INVALID, "active": False},
        {"expires_at": START, "active": False},
        {"unreadable": True, "active": False},
        {"created_at": START - 60 * DAY, "active": False},
        # Gone.
        {**INVALID, "deleted_at": START},
    ],
    ids=str,
)
def test_what_is_as_it_should_be_is_left_alone(
    portal: Portal, alice: Principal, values: dict[str, Any]
) -> None:
    mine = save(portal, alice)
    if values:
        spoil(portal, mine.id, **values)
    assert concerns(portal, alice) == []


def test_a_key_is_named_once_for_its_most_urgent_reason(portal: Portal, alice: Principal) -> None:
    spoil(portal, save(portal, alice).id, **INVALID, expires_at=START - DAY, remind_at=START - DAY)
    assert concerns(portal, alice) == [("failing", "mine")]


def test_the_most_urgent_comes_first_and_admins_see_system_keys(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    spoil(portal, save(portal, root, "old").id, **SITUATIONS[Concern.UNUSED])
    spoil(portal, save(portal, root, "shared", ownership=SYSTEM).id, **INVALID)
    assert concerns(portal, root) == [("failing", "shared"), ("unused", "old")]
    assert concerns(portal, alice) == []


def test_of_many_the_first_are_named_and_it_says_that_there_are_more(
    portal: Portal, alice: Principal
) -> None:
    for number in range(MOST + 1):
        assert not attention_for(portal, alice).has_more
        spoil(portal, save(portal, alice, f"key {number}").id, **INVALID)
    found = attention_for(portal, alice)
    assert (len(found.items), found.has_more) == (MOST, True)


def test_an_agent_key_is_named_before_it_stops(portal: Portal, alice: Principal, bob: Principal) -> None:
    agent_keys.create(portal, alice, NewAgentKey("ci", lifetime=10 * DAY))
    agent_keys.create(portal, alice, NewAgentKey("long", lifetime=20 * DAY))
    revoked = agent_keys.create(portal, alice, NewAgentKey("gone", lifetime=10 * DAY))
    agent_keys.revoke(portal, alice, revoked.view.id)
    assert concerns(portal, alice) == [("agent_key_expiring", "ci")]
    assert concerns(portal, bob) == []


def test_no_query_for_attention_reads_the_whole_table(portal: Portal, root: Principal) -> None:
    """With many keys it answers as it does with few: every query says which index it walks."""
    save(portal, root)
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    engine = portal.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        attention_for(portal, root)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    asked = [s for s in statements if "FROM credentials" in s[0] or "FROM agent_keys" in s[0]]
    assert len(asked) >= 2 * 6 + 1
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        for statement, parameters in asked:
            plan = str(connection.exec_driver_sql(explain + statement, parameters).all())
            assert "ix_" in plan or "uq_" in plan
            assert "SCAN credentials" not in plan
            assert "Seq Scan" not in plan


def test_the_start_is_told_step_by_step(portal: Portal, alice: Principal) -> None:
    assert start_of(portal, alice) == StartView(False, False, False, False)
    mine = save(portal, alice)
    assert start_of(portal, alice).has_key
    assert not start_of(portal, alice).has_checked_key
    spoil(portal, mine.id, health_outcome="valid")
    agent_keys.create(portal, alice, NewAgentKey("ci"))
    start = start_of(portal, alice)
    assert (start.has_checked_key, start.has_agent_key, start.is_done) == (True, True, False)


def test_a_system_key_is_a_key_for_everybody(portal: Portal, alice: Principal, root: Principal) -> None:
    save(portal, root, ownership=SYSTEM)
    start = start_of(portal, alice)
    assert (start.has_key, start.is_served, start.is_done) == (False, True, False)


def test_nobody_else_is_told(portal: Portal) -> None:
    with pytest.raises(Forbidden):
        attention_for(portal, operator_principal())
