"""Usage is read along its indexes, whoever asks and whatever it is narrowed by."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from keyportal.domain.principals import Principal
from keyportal.persistence import usage
from keyportal.persistence.columns import new_id
from keyportal.persistence.tables import UsageDayRow
from keyportal.persistence.usage import GROUPS, UsageFilter, UsedOnDay
from keyportal.services.portal import Portal
from tests.persistence.test_people_queries import plans_of, reads_all
from tests.support import START

SINCE = START.date() - timedelta(days=29)
NARROWED: dict[str, dict[str, Any]] = {
    "all": {},
    "provider": {"provider": "openai"},
    "source": {"source": "system"},
    "key": {"credential_id": new_id()},
    "agent key": {"agent_key_id": new_id()},
    "text": {"text": "x", "named_providers": ("openai",)},
}


def asked(wanted: UsageFilter, by: str) -> list[Callable[[Session], Any]]:
    return [
        lambda s: usage.sums_by_day(s, wanted, by, ["openai", new_id()]),
        lambda s: usage.most_used(s, wanted, by, 5),
        lambda s: usage.search_groups(s, wanted, by, order=("rate", False), offset=25, limit=25),
        lambda s: usage.batch_after(s, wanted, UsedOnDay(SINCE, "", "", "", ""), 5),
    ]  # fmt: skip


@pytest.mark.parametrize("narrowed", NARROWED)
def test_no_question_reads_a_whole_table(portal: Portal, alice: Principal, narrowed: str) -> None:
    for person, by in product((alice.user_id, None), GROUPS):
        wanted = UsageFilter(SINCE, person, **NARROWED[narrowed])
        for ask in asked(wanted, by):
            for plan in plans_of(portal, ask):
                # A part of a name is looked for in names: PostgreSQL may read them all, once.
                for table in ("usage_days", *(() if wanted.text else ("credentials", "agent_keys"))):
                    assert not reads_all(plan, table), f"{person} {by}\n{plan}"


def test_a_persons_uses_are_found_by_their_keys_and_agent_keys(portal: Portal, alice: Principal) -> None:
    (plan,) = plans_of(portal, lambda s: usage.sums_by_day(s, UsageFilter(SINCE, alice.user_id), "key"))
    assert "ix_usage_days_credential" in plan and "ix_usage_days_agent" in plan, plan


@pytest.mark.parametrize(("narrowed", "index"), [("key", "credential"), ("agent key", "agent")])
def test_one_key_is_found_by_itself(portal: Portal, narrowed: str, index: str) -> None:
    wanted = UsageFilter(SINCE, None, **NARROWED[narrowed])
    (plan,) = plans_of(portal, lambda s: usage.sums_by_day(s, wanted, "key"))
    assert f"ix_usage_days_{index}" in plan, plan


@pytest.mark.parametrize("by", GROUPS)
def test_what_is_older_than_the_days_asked_for_is_not_read(portal: Portal, by: str) -> None:
    wanted = UsageFilter(SINCE, None)
    for ask in asked(wanted, by):
        for plan in plans_of(portal, ask):
            assert "(day>" in plan or "day >= " in plan, plan
            assert "SCAN usage_days" not in plan, plan


def test_counts_beyond_thirty_two_bits_are_whole_numbers(portal: Portal) -> None:
    store(portal, [row(SINCE, count=2**40, ok=2**40), row(SINCE, source="system", count=2**40, ok=0)])
    with portal.database.reading() as session:
        ((sums, parts),) = usage.sums_by_day(
            session, UsageFilter(SINCE, None), "provider", ["openai"]
        ).values()
    assert parts == (2**41,)
    assert (sums.uses, sums.ok) == (2**41, 2**40) and type(sums.uses) is int


def row(day: date, **values: Any) -> dict[str, Any]:
    usual = {"provider": "openai", "source": "user", "credential_id": "", "agent_key_id": "", "count": 1}
    return {"day": day, **usual, **values}


def store(portal: Portal, rows: list[dict[str, Any]]) -> None:
    with portal.database.transaction() as session:
        session.connection().execute(insert(UsageDayRow), rows)
