"""How long things are kept, and how long a failing key steps back, unless the policies say otherwise."""

from datetime import timedelta

import pytest

from keyportal.domain.principals import Scope
from keyportal.persistence.tables import UsageDayRow
from keyportal.services import credentials, policies, resolution, retention
from keyportal.services.portal import Portal
from keyportal.services.usage_reports import report
from tests.limits.numbers import NUMBERS
from tests.limits.support import World
from tests.services.support import USER, run_sql, save
from tests.services.test_resolution import agent_of
from tests.support import FakeClock

limit = pytest.mark.limit
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


def period(name: str) -> timedelta:
    found = NUMBERS[name]
    assert isinstance(found, timedelta)
    return found


def how_many(portal: Portal, table: str) -> int:
    with portal.database.reading() as session:
        return run_sql(session, f"SELECT count(*) FROM {table}").scalar_one()


@limit("usage-kept")
def test_usage_is_kept_for_400_days(world: World) -> None:
    today = world.clock.now().date()
    with world.portal.database.transaction() as session:
        for ago in (-1, 0, 1):
            day = today - period("usage-kept") - ago * DAY
            session.add(
                UsageDayRow(day=day, provider="openai", source="user", credential_id="", agent_key_id="")
            )
    retention.prune(world.portal)
    with world.portal.database.reading() as session:
        days = [str(day) for day in run_sql(session, "SELECT day FROM usage_days ORDER BY day").scalars()]
    kept = today - period("usage-kept")
    assert days == [str(kept), str(kept + DAY)]


@limit("deleted-kept")
def test_the_remains_of_a_key_are_kept_for_90_days(world: World) -> None:
    credentials.delete(world.portal, world.alice, USER, save(world.portal, world.alice).id)
    found = []
    for wait in (period("deleted-kept") - SECOND, SECOND, SECOND):
        world.clock.advance(wait)
        retention.prune(world.portal)
        found.append(how_many(world.portal, "credentials"))
    assert found == [1, 1, 0]


@limit("reports-kept")
def test_a_report_is_remembered_for_30_days(world: World) -> None:
    save(world.portal, world.alice)
    agent = agent_of(world.portal, world.alice, Scope.RESOLVE)
    report(world.portal, agent, resolution.resolve_key(world.portal, agent, "openai").resolution_id, "ok")
    found = []
    for wait in (period("reports-kept") - SECOND, SECOND, SECOND):
        world.clock.advance(wait)
        retention.prune(world.portal)
        found.append(how_many(world.portal, "usage_reports"))
    assert found == [1, 1, 0]


@limit("cool-down")
def test_a_failing_key_steps_back_for_10_minutes(world: World) -> None:
    policies.change_policies(world.portal, world.root, {"failover": True})
    for name in ("first", "second"):
        save(world.portal, world.alice, name, failover=True)
    agent = agent_of(world.portal, world.alice, Scope.RESOLVE)

    def used() -> str:
        found = resolution.resolve_key(world.portal, agent, "openai").credential
        return found.name if found else ""

    first = resolution.resolve_key(world.portal, agent, "openai").resolution_id
    report(world.portal, agent, first, "auth_failed")
    found = []
    for wait in (period("cool-down") - SECOND, SECOND, SECOND):
        world.clock.advance(wait)
        found.append(used())
    assert found == ["second", "first", "first"]
