"""Pages of keys: every order and filter, and that an index serves each of them on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, text

from keyportal.persistence import credential_chains, credential_lists, credentials
from keyportal.persistence.credential_lists import SORTS, Slice
from keyportal.persistence.credentials import SYSTEM_OWNER, CredentialFilter
from keyportal.persistence.tables import new_id
from keyportal.services.portal import Portal
from tests.persistence.test_credentials import row, store
from tests.support import START

FILTERS = {
    "": "",
    "text": "n",
    "provider": "openai",
    "environment": "prod",
    "health": "valid",
    "status": "active",
}
STATUSES = ("active", "inactive", "expired", "unreadable", "re_enter")


def names(portal: Portal, sort: str, *, offset: int = 0, limit: int = 100, **wanted: str) -> list[str]:
    slice_ = Slice(sort.removeprefix("-"), sort.startswith("-"), offset, limit)
    with portal.database.reading() as session:
        rows, _total = credential_lists.search_credentials(
            session,
            SYSTEM_OWNER,
            CredentialFilter(**wanted),
            slice_,
            readable_key_ids=frozenset({"00000001"}),
            now=START,
        )
        return [found.name for found in rows]


def stored(name: str, number: int, **values: Any) -> Any:
    def later(by: int) -> datetime:
        return START + timedelta(days=by)

    return row(
        name,
        provider=values.pop("provider", "openai"),
        position=number,
        usage_count=number,
        created_at=later(number),
        sealed=b"x",
        **values,
    )


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", "abc"),
        ("-name", "cba"),
        ("provider", "cab"),
        ("-provider", "bac"),
        ("usage", "abc"),
        ("-created", "cba"),
        ("health", "bac"),
        ("-health", "abc"),
        ("last_used", "bac"),
        ("-last_used", "abc"),
        ("expires", "cba"),
        ("-expires", "bca"),
    ],
)
def test_a_list_comes_in_the_order_asked_for_and_what_has_no_value_comes_last(
    portal: Portal, sort: str, expected: str
) -> None:
    soon, late = START + timedelta(days=1), START + timedelta(days=2)
    store(
        portal,
        stored("a", 0, health_outcome="valid", last_used_at=late),
        stored("b", 1, health_outcome="invalid", last_used_at=soon, expires_at=late),
        stored("c", 2, provider="anthropic", expires_at=soon),
    )
    assert names(portal, sort) == list(expected)
    # The same one by one: a page begins where the one before ended, over the edge of what has a value.
    assert [name for n in range(3) for name in names(portal, sort, offset=n, limit=1)] == list(expected)


def test_rows_with_equal_values_are_split_over_pages_without_loss(portal: Portal) -> None:
    store(portal, *(row(f"k{n}", sealed=b"x") for n in range(6)))
    for sort in SORTS:
        pages = [names(portal, f"-{sort}", offset=offset, limit=2) for offset in (0, 2, 4)]
        assert sorted(name for page in pages for name in page) == [f"k{n}" for n in range(6)], sort


def test_general_keys_and_labels_narrow_a_list(portal: Portal) -> None:
    store(portal, row("bound", environment="prod"), row("general", provider="", destination=""))
    assert names(portal, "name", provider="general") == ["general"]
    assert names(portal, "name", environment="prod") == ["bound"]
    assert names(portal, "name", environment="pro") == []


def test_the_choices_of_a_filter_are_those_in_use(portal: Portal) -> None:
    store(
        portal,
        row("a", environment="prod"),
        row("b", environment="dev", provider="groq"),
        row("c", provider="", environment="dev"),
        row("d", environment="gone", deleted_at=START),
        row("e", owner="somebody", environment="theirs"),
    )
    with portal.database.reading() as session:
        assert credential_lists.environments_of(session, SYSTEM_OWNER) == ["dev", "prod"]
        assert credential_lists.providers_of(session, SYSTEM_OWNER) == ["", "groq", "openai"]


def test_the_first_of_each_chain_is_found_in_one_query(portal: Portal) -> None:
    store(
        portal,
        row("off", position=0, active=False),
        row("over", position=1, expires_at=START),
        row("first", position=2),
        row("second", position=3),
        row("other", provider="groq"),
        row("none", provider="xai", active=False),
    )
    with queries(portal) as asked, portal.database.reading() as session:
        found = credential_lists.firsts_of_chains(
            session, SYSTEM_OWNER, ["openai", "groq", "xai"], START, ["invalid"]
        )
        chosen = credential_lists.rows_of(session, SYSTEM_OWNER, sorted(one.id for one in found.values()))
    assert {one.name for one in chosen} == {"first", "other"}
    assert len(asked) == 2


# An index of what every resolve counts would cost every resolve: that one order is made when asked for.
@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort != "usage"])
def test_every_order_with_every_filter_is_served_by_an_index(portal: Portal, sort: str) -> None:
    store(portal, *(stored(f"n{n}", n, environment="prod", health_outcome="valid") for n in range(3)))
    wanted: list[dict[str, Any]] = [{name: value} if name else {} for name, value in FILTERS.items()]
    wanted += [{"status": status} for status in STATUSES]
    for narrowed, direction in product(wanted, ("", "-")):
        with queries(portal) as asked:
            names(portal, direction + sort, limit=2, **narrowed)
        for statement, parameters in asked:
            plan = plan_of(portal, statement, parameters)
            assert_served_by_an_index(portal, plan, f"{direction}{sort} {narrowed}\n{statement}")


def test_the_choices_and_the_firsts_are_served_by_an_index(portal: Portal) -> None:
    store(portal, row("a", environment="prod"), row("b", environment="dev", provider="groq"))
    with queries(portal) as asked, portal.database.reading() as session:
        credential_lists.environments_of(session, SYSTEM_OWNER)
        credential_lists.providers_of(session, SYSTEM_OWNER)
        credential_lists.firsts_of_chains(session, SYSTEM_OWNER, ["openai", "groq"], START, ["invalid"])
        credential_chains.waiting_for(session, SYSTEM_OWNER, [new_id(), new_id()])
        credentials.providers_by_id(session, [SYSTEM_OWNER, "somebody"], [new_id(), new_id()])
        credentials.find_credentials(session, SYSTEM_OWNER, [new_id(), new_id()])
    for statement, parameters in asked:
        assert_served_by_an_index(portal, plan_of(portal, statement, parameters), statement)


@contextmanager
def queries(portal: Portal) -> Iterator[list[tuple[str, Any]]]:
    """Collect what is asked of the table of keys."""
    asked: list[tuple[str, Any]] = []

    def collect(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "credentials" in statement:
            asked.append((statement, parameters))

    event.listen(portal.database.engine, "before_cursor_execute", collect)
    try:
        yield asked
    finally:
        event.remove(portal.database.engine, "before_cursor_execute", collect)


def plan_of(portal: Portal, statement: str, parameters: Any) -> str:
    """Return the database's plan; PostgreSQL, which reads a small table whole, is told not to."""
    with portal.database.engine.connect() as connection:
        if portal.database.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            return "\n".join(str(found[-1]) for found in rows)
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            connection.execute(text(f"SET LOCAL {setting} = off"))
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
        return "\n".join(str(found[0]) for found in rows)


def assert_served_by_an_index(portal: Portal, plan: str, about: str) -> None:
    told = f"{about}\n{plan}"
    if portal.database.is_sqlite:
        assert "SCAN credentials" not in plan and "TEMP B-TREE" not in plan, told
        assert "SEARCH credentials USING" in plan, told
        # Rows named one by one are not looked for among all of their owner's.
        for column in ("id", "replaces_id"):
            assert f"credentials.{column} IN" not in about or f"({column}=?)" in plan, told
    else:
        assert "Seq Scan on credentials" not in plan and "Sort" not in plan, told
