"""How far lists are counted, paged, searched and shown, and how much is done at once."""

from dataclasses import replace

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.errors import InvalidInput, NotFound
from keyportal.domain.principals import operator_principal
from keyportal.persistence.columns import new_id
from keyportal.persistence.tables import CredentialRow, UsageDayRow
from keyportal.services import (
    attention,
    audit,
    bulk,
    credential_lists,
    credential_order,
    overview,
    usage,
    users,
)
from keyportal.services.portal import Portal
from tests.limits.support import World, answer_of, around, number, store_copies, store_rows
from tests.services.support import USER, events, run_sql
from tests.support import START, FakeClock

limit = pytest.mark.limit
REFUSED = (422, "invalid_input")


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


@limit("page-size")
def test_a_page_of_a_hundred(world: World) -> None:
    found = [answer_of(world.client.get(f"/api/api-keys?size={n}")) for n in around("page-size")]
    # 25, 50 and 100 are offered.
    assert found == [REFUSED, (200, ""), REFUSED]


@limit("last-page")
def test_the_millionth_page(world: World) -> None:
    found = [answer_of(world.client.get(f"/api/api-keys?page={n}")) for n in around("last-page")]
    assert found == [(200, ""), (200, ""), REFUSED]


@limit("bulk")
def test_a_hundred_keys_are_changed_at_once(world: World) -> None:
    def refusal_of(count: int) -> type[Exception] | None:
        try:
            bulk.set_active(world.portal, world.alice, USER, [new_id() for _ in range(count)], active=False)
        except (InvalidInput, NotFound) as refusal:
            return type(refusal)
        return None

    # Looked for, looked for, and not even that.
    assert [refusal_of(count) for count in around("bulk")] == [NotFound, NotFound, InvalidInput]


def _event(portal: Portal) -> dict[str, object]:
    return {
        "at": START, "principal_kind": "operator", "principal_id": "", "principal_label": "operator",
        "user_id": "", "action": "usage.export", "result": "ok", "object_id": "", "object_label": "",
        "address": "", "details": {}, "key_id": portal.keyring.current.id, "chain": "0" * 64,
    }  # fmt: skip


@limit("audit-counted")
def test_ten_thousand_events_are_counted(world: World) -> None:
    n, event, totals = number("audit-counted"), _event(world.portal), []
    store_rows(world.portal, "audit_events", [{**event, "uid": new_id()} for _ in range(n - 1)])
    for _ in range(4):
        totals.append(world.admin.get("/api/admin/audit?action=usage.export").json()["total"])
        store_rows(world.portal, "audit_events", [{**event, "uid": new_id()}])
    # One more than are counted stands for "more than".
    assert totals == [n - 1, n, n + 1, n + 1]


@limit("audit-searched")
def test_text_is_looked_for_in_the_newest_two_hundred_thousand_events(world: World) -> None:
    n, event = number("audit-searched"), _event(world.portal)
    with world.portal.database.reading() as session:
        newest = run_sql(session, "SELECT max(id) FROM audit_events").scalar_one()
    needle = {**event, "uid": new_id(), "id": newest + 1, "object_label": "needle"}
    store_rows(world.portal, "audit_events", [needle])
    totals = []
    for behind in (n - 2, n - 1, n):
        store_rows(world.portal, "audit_events", [{**event, "uid": new_id(), "id": newest + 1 + behind}])
        totals.append(world.admin.get("/api/admin/audit?q=needle").json()["total"])
    assert totals == [1, 1, 0]


def _more_keys(world: World, count: int, there: int) -> int:
    """Let Alice have so many keys where there are so many."""
    if not there:
        world.client.add_key("key 0")
    names = [f"key {n}" for n in range(max(there, 1), count)]
    fresh = [{"name": name, "name_key": name, "position": int(name.split()[1])} for name in names]
    if fresh:
        store_copies(world.portal, CredentialRow, fresh, name="key 0")
    return count


@limit("order-shown")
def test_a_hundred_keys_of_an_order_are_shown(world: World) -> None:
    n, shown, there = number("order-shown"), [], 0
    for count in around("order-shown"):
        there = _more_keys(world, count, there)
        found = credential_order.order_of(world.portal, world.alice, USER, "openai")
        shown.append((len(found.items), found.total))
    assert shown == [(n - 1, n - 1), (n, n), (n, n + 1)]


@limit("chain-shown")
def test_twenty_keys_of_a_chain_are_shown(world: World) -> None:
    n, shown, there = number("chain-shown"), [], 0
    for count in around("chain-shown"):
        there = _more_keys(world, count, there)
        chain = overview.explain(world.portal, operator_principal(), "openai", "alice@example.com")
        shown.append((sum(step.source == "user" for step in chain.steps), chain.more))
    assert shown == [(n - 1, 0), (n, 0), (n, 1)]


def _person(name: str) -> dict[str, object]:
    return {
        "id": new_id(), "email": f"{name}@example.com", "email_key": f"{name}@example.com", "name": name,
        "name_key": name, "role": "member", "password_digest": "x", "active": True, "created_at": START,
        "version": 1,
    }  # fmt: skip


@limit("choices-offered")
def test_two_hundred_labels_are_offered(world: World) -> None:
    n, offered, there = number("choices-offered"), [], 0
    world.client.add_key("key 0", environment="label-0")
    there = 1
    for count in around("choices-offered"):
        names = [f"label-{i}" for i in range(there, count)]
        fresh = [{"name": name, "name_key": name, "environment": name} for name in names]
        store_copies(world.portal, CredentialRow, fresh, name="key 0")
        there = count
        offered.append(len(credential_lists.labels_in_use(world.portal, world.alice, USER)))
    assert offered == [n - 1, n, n]


@limit("used-offered")
def test_the_fifty_keys_that_were_used_most_are_offered(world: World) -> None:
    n, offered, there = number("used-offered"), [], 0
    for count in around("used-offered"):
        there = _more_keys(world, count, there)
        with world.portal.database.transaction() as session:
            run_sql(session, "DELETE FROM usage_days")
            ids = run_sql(session, "SELECT id FROM credentials").scalars().all()
            session.add_all(_used(str(one)) for one in ids)
        offered.append(len(usage.choices(world.portal, world.alice).keys))
    assert offered == [n - 1, n, n]


def _used(credential_id: str) -> UsageDayRow:
    used = {"provider": "openai", "source": "user", "agent_key_id": "", "count": 1}
    return UsageDayRow(day=START.date(), credential_id=credential_id, **used)


@limit("attention-named")
def test_five_keys_of_a_kind_are_named(world: World) -> None:
    n, named, there = number("attention-named"), [], 0
    for count in around("attention-named"):
        there = _more_keys(world, count, there)
        with world.portal.database.transaction() as session:
            run_sql(session, "UPDATE credentials SET health_outcome = 'invalid'")
        found = attention.attention_for(world.portal, world.alice)
        named.append((len(found.items), found.has_more))
    assert named == [(n - 1, False), (n, False), (n, True)]


@limit("trail-label")
def test_two_hundred_characters_of_a_label_are_on_the_trail(world: World) -> None:
    kept = []
    for size in around("trail-label"):
        with world.portal.database.transaction() as session:
            who = replace(world.alice, label="w" * size)
            audit.record(world.portal, session, who, Action.SIGN_IN, object_label="o" * size)
        last = events(world.portal)[-1]
        kept.append((len(last.principal_label), len(last.object_label)))
    assert kept == [(199, 199), (200, 200), (200, 200)]


@limit("people-offered")
def test_five_hundred_people_are_offered(world: World) -> None:
    n, offered, there = number("people-offered"), [], 3
    for count in around("people-offered"):
        rows = [_person(f"p{i}") for i in range(there, count)]
        store_rows(world.portal, "users", rows)
        there = count
        offered.append(len(users.people(world.portal, world.root)))
    assert offered == [n - 1, n, n]
