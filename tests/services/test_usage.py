"""What was used: whose uses one sees, how they are added up, narrowed, sorted and named."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, KeyPortalError
from keyportal.domain.principals import Principal, Scope, anonymous_principal, operator_principal
from keyportal.services import access, agent_keys, credentials, usage
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.usage import COMMAND_LINE, EVERYONE
from tests.services.support import SYSTEM, USER, run_sql, save
from tests.services.usage_support import GONE, agent_key, use
from tests.support import START, FakeClock

TODAY = START.date()


def names(portal: Portal, who: Principal, wanted: dict[str, str] | None = None, **how: Any) -> list[str]:
    return [g.used.name for g in usage.search(portal, who, wanted, **how).groups.items]


def uses(portal: Portal, who: Principal, wanted: dict[str, str] | None = None, **how: Any) -> int:
    return usage.search(portal, who, wanted, **how).sums.uses


def test_a_person_sees_the_uses_of_their_keys_and_by_their_agent_keys_once_each(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    mine, system = save(portal, alice).id, save(portal, root, ownership=SYSTEM).id
    robot, bobs = agent_key(portal, alice), agent_key(portal, bob)
    use(portal, mine, robot, 5)
    use(portal, mine, "", 1)
    use(portal, mine, agent_key(portal, root, "for anybody", Scope.RESOLVE_ANY), 2)
    use(portal, system, robot, 10, source="system")
    use(portal, "", robot, 20)
    use(portal, system, bobs, 100, source="system")
    use(portal, "", bobs, 200)
    assert (uses(portal, alice), uses(portal, bob)) == (38, 300)
    assert uses(portal, root) == 2
    assert uses(portal, root, {"person": EVERYONE}) == 338
    assert uses(portal, root, {"person": alice.user_id or ""}) == 38
    assert uses(portal, alice, {"person": alice.user_id or ""}) == 38


def test_a_stranger_sees_nothing_and_a_member_nothing_of_others(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    key, robot = save(portal, alice).id, agent_key(portal, alice)
    use(portal, key, robot)
    assert uses(portal, bob) == 0
    assert uses(portal, bob, {"key": key}) == 0
    assert uses(portal, bob, {"agent_key": robot}) == 0
    assert usage.choices(portal, bob) == usage.Choices((), (), ())
    for person in (EVERYONE, alice.user_id or "", "junk"):
        with pytest.raises(Forbidden):
            usage.search(portal, bob, {"person": person})
        with pytest.raises(Forbidden):
            usage.choices(portal, bob, person)
    for nobody in (anonymous_principal(), operator_principal()):
        with pytest.raises(Forbidden):
            usage.search(portal, nobody)


def test_an_agent_key_that_may_read_keys_sees_the_uses_of_its_owner_alone(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    def agent_of(owner: Principal, *scopes: Scope) -> Principal:
        made = agent_keys.create(portal, owner, NewAgentKey(" ".join(scopes), scopes))
        return access.require_agent(portal, made.token.reveal())

    use(portal, save(portal, alice).id, count=3)
    use(portal, save(portal, root).id, count=4)
    assert uses(portal, agent_of(alice, Scope.KEYS_READ)) == 3
    reader = agent_of(root, Scope.KEYS_READ, Scope.KEYS_WRITE)
    assert uses(portal, reader) == 4
    with pytest.raises(Forbidden):
        usage.search(portal, reader, {"person": EVERYONE})
    with pytest.raises(Forbidden):
        usage.search(portal, agent_of(alice, Scope.RESOLVE))


def test_uses_are_added_up_by_provider_key_and_agent_key(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    first, second = save(portal, alice, "first").id, save(portal, alice, "second", provider="groq").id
    system = save(portal, root, "spare", ownership=SYSTEM).id
    robot = agent_key(portal, alice)
    use(portal, first, robot, 30, ok=20, auth_failed=1, rate_limited=2, quota_exhausted=3, error=4)
    use(portal, first, robot, 10, days_ago=2)
    use(portal, second, "", 5, days_ago=1, provider="groq")
    use(portal, system, robot, 4, source="system")
    use(portal, "", robot, 1)
    found = usage.search(portal, alice)
    assert (found.sums.uses, found.sums.ok, found.sums.failed) == (50, 20, 10)
    assert [(g.used.name, g.sums.uses, g.share, g.last_day) for g in found.groups.items] == [
        ("OpenAI", 45, 0.9, TODAY),
        ("Groq", 5, 0.1, TODAY - timedelta(days=1)),
    ]
    by_key = usage.search(portal, alice, by="key").groups.items
    assert [(g.used.name, g.used.kind, g.sums.uses) for g in by_key] == [
        ("first", "key", 40), ("second", "key", 5), ("spare", "key", 4),
        ("Environment variable", "environment", 1),
    ]  # fmt: skip
    assert by_key[0].sums.success_rate == pytest.approx(2 / 3) and by_key[1].sums.success_rate is None
    by_agent = usage.search(portal, alice, by="agent_key").groups.items
    assert [(g.used.name, g.sums.uses) for g in by_agent] == [("robot", 45), ("Command line", 5)]


def test_each_day_of_utc_has_an_entry_and_the_days_before_count_for_nothing(
    portal: Portal, alice: Principal, clock: FakeClock
) -> None:
    clock.moment = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)
    key = save(portal, alice).id
    for days_ago, count in ((0, 1), (6, 10), (7, 100), (29, 1000), (30, 10_000), (89, 100_000), (90, 10**6)):
        use(portal, key, "", count, days_ago=days_ago)
    assert [uses(portal, alice, days=days) for days in usage.DAYS] == [11, 1111, 111_111]
    week = usage.search(portal, alice, days=7).days
    assert [(d.day, d.sums.uses) for d in (week[0], week[1], week[-1])] == [
        (date(2026, 11, 15), 10), (date(2026, 11, 16), 0), (date(2026, 11, 21), 1),
    ]  # fmt: skip
    clock.advance(timedelta(minutes=2))
    assert uses(portal, alice, days=7) == 1


def test_the_most_used_stand_apart_day_by_day(portal: Portal, alice: Principal) -> None:
    keys = [save(portal, alice, f"k{n}").id for n in range(7)]
    for number, key in enumerate(keys):
        use(portal, key, "", 10 + number, days_ago=1)
        use(portal, key, "", 1)
    found = usage.search(portal, alice, by="key", days=7, sort="usage", page=1)
    assert [used.name for used in found.apart] == ["k6", "k5", "k4", "k3", "k2"]
    assert found.days[-2].parts == (16, 15, 14, 13, 12) and found.days[-2].sums.uses == 91
    assert found.days[-1].parts == (1, 1, 1, 1, 1) and found.days[-1].sums.uses == 7


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"provider": "groq"}, {"second"}),
        ({"provider": "GROQ"}, {"second"}),
        ({"source": "system"}, {"spare"}),
        ({"source": "environment"}, {"Environment variable"}),
        ({"agent_key": COMMAND_LINE}, {"second"}),
        ({"q": "SECO"}, {"second"}),
        ({"q": "groq"}, {"second"}),
        ({"q": "obo"}, {"first", "spare", "Environment variable"}),
        ({"q": "%"}, set()),
        ({"q": "first", "source": "system"}, set()),
        ({"provider": "no such"}, set()),
    ],
    ids=lambda wanted: str(wanted) if isinstance(wanted, dict) else "",
)
def test_uses_are_narrowed(
    portal: Portal, alice: Principal, root: Principal, wanted: dict[str, str], expected: set[str]
) -> None:
    robot = agent_key(portal, alice)
    use(portal, save(portal, alice, "first").id, robot, 2)
    use(portal, save(portal, alice, "second", provider="groq").id, "", provider="groq")
    use(portal, save(portal, root, "spare", ownership=SYSTEM).id, robot, source="system")
    use(portal, "", robot)
    found = usage.search(portal, alice, wanted, by="key")
    assert {g.used.name for g in found.groups.items} == expected
    assert found.groups.total == len(expected)
    assert found.sums.uses == sum(g.sums.uses for g in found.groups.items)


def test_a_key_and_an_agent_key_are_narrowed_to_by_id(portal: Portal, alice: Principal) -> None:
    first, second = save(portal, alice, "first").id, save(portal, alice, "second").id
    robot = agent_key(portal, alice)
    use(portal, first, robot, 2)
    use(portal, second, robot, 3)
    use(portal, second, "", 5)
    assert uses(portal, alice, {"key": second}) == 8
    assert uses(portal, alice, {"agent_key": robot}) == 5
    assert uses(portal, alice, {"key": second, "agent_key": robot}) == 3


def test_groups_come_in_the_order_asked_for_page_by_page(portal: Portal, alice: Principal) -> None:
    for name, count, days_ago, ok, error in (
        ("a", 9, 3, 1, 1), ("b", 8, 2, 0, 0), ("c", 7, 1, 0, 3), ("d", 6, 0, 5, 0),
    ):  # fmt: skip
        key = save(portal, alice, name).id
        use(portal, key, "", count, days_ago=days_ago, ok=ok, error=error)
    for sort, expected in {
        "-usage": "abcd", "usage": "dcba", "-last_used": "dcba", "last_used": "abcd",
        # What nobody reported about says nothing, so it comes last.
        "rate": "cadb", "-rate": "dacb",
    }.items():  # fmt: skip
        assert names(portal, alice, by="key", sort=sort) == list(expected), sort


def test_more_groups_than_a_page_holds_are_paged(portal: Portal, alice: Principal) -> None:
    for number in range(30):
        use(portal, "", "", number + 1, provider=f"p{number:02d}", source="user")
        use(portal, save(portal, alice, f"k{number}").id, "", number + 1)
    first, second = (usage.search(portal, alice, by="key", page=n).groups for n in (1, 2))
    assert (first.total, first.pages, len(first.items), len(second.items)) == (30, 2, 25, 5)
    assert [g.sums.uses for g in [*first.items, *second.items]] == list(range(30, 0, -1))
    beyond = usage.search(portal, alice, by="key", page=9)
    assert (beyond.groups.total, beyond.groups.items, len(beyond.apart)) == (30, [], 5)


def test_what_was_used_leads_to_its_page(portal: Portal, alice: Principal, root: Principal) -> None:
    mine, system = save(portal, alice, "mine").id, save(portal, root, "spare", ownership=SYSTEM).id
    robot = agent_key(portal, alice)
    use(portal, mine, robot)
    use(portal, system, robot, source="system")
    use(portal, "", robot)

    def places(who: Principal, by: str, person: str) -> dict[str, tuple[str, str, str]]:
        found = usage.search(portal, who, {"person": person}, by=by).groups.items
        return {g.used.name: (g.used.place, g.used.place_id, g.used.owner) for g in found}

    assert places(alice, "key", "") == {
        "mine": ("own_key", mine, ""), "spare": ("", "", ""), "Environment variable": ("", "", ""),
    }  # fmt: skip
    assert places(alice, "agent_key", "") == {"robot": ("agent_key", "robot", "")}
    assert places(alice, "provider", "") == {"OpenAI": ("provider", "openai", "")}
    assert places(root, "key", EVERYONE) == {
        "mine": ("person", alice.user_id, "alice@example.com"), "spare": ("system_key", system, ""),
        "Environment variable": ("", "", ""),
    }  # fmt: skip
    assert places(root, "agent_key", EVERYONE) == {"robot": ("person", alice.user_id, "alice@example.com")}


def test_what_is_deleted_keeps_its_counts_under_its_name_while_a_tombstone_stands(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    key, robot = save(portal, alice, "mine").id, agent_key(portal, alice)
    use(portal, key, robot, 7)
    credentials.delete(portal, alice, USER, key)
    agent_keys.delete(portal, alice, robot)
    for by, name in (("key", "mine"), ("agent_key", "robot")):
        (group,) = usage.search(portal, alice, by=by).groups.items
        assert (group.used.name, group.used.is_deleted, group.used.place) == (name, True, "")
    with portal.database.transaction() as session:
        for table in ("credentials", "agent_keys"):
            run_sql(session, f"DELETE FROM {table}")
    for by, name in (("key", "Deleted key"), ("agent_key", "Deleted agent key")):
        (group,) = usage.search(portal, root, {"person": EVERYONE}, by=by).groups.items
        assert (group.used.name, group.used.is_deleted, group.sums.uses) == (name, True, 7)


def test_a_key_handed_over_to_the_system_is_the_systems(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    use(portal, GONE, GONE, 3)
    use(portal, save(portal, root, ownership=SYSTEM).id, GONE, 4, source="system")
    assert uses(portal, alice) == uses(portal, root) == 0
    assert names(portal, root, {"person": EVERYONE}, by="key") == ["mine", "Deleted key"]


def test_filters_are_offered_the_most_used_first(portal: Portal, alice: Principal, root: Principal) -> None:
    robot = agent_key(portal, alice)
    use(portal, save(portal, alice, "first").id, robot, 2)
    use(portal, save(portal, alice, "second", provider="groq").id, "", 5, provider="groq")
    found = usage.choices(portal, alice)
    assert [u.name for u in found.providers] == ["Groq", "OpenAI"]
    assert [u.name for u in found.keys] == ["second", "first"]
    assert [u.name for u in found.agent_keys] == ["Command line", "robot"]
    assert usage.choices(portal, root, EVERYONE) != usage.choices(portal, root)


@pytest.mark.parametrize(
    ("wanted", "how", "field"),
    [
        ({}, {"days": 8}, "days"),
        ({}, {"by": "day"}, "by"),
        ({}, {"sort": "name"}, "sort"),
        ({}, {"size": 24}, "size"),
        ({}, {"page": 0}, "page"),
        ({"source": "nowhere"}, {}, "source"),
        ({"key": "junk"}, {}, "key"),
        ({"agent_key": "'--"}, {}, "agent_key"),
        ({"person": "junk"}, {}, "person"),
        ({"provider": "a\x00"}, {}, "provider"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_for_is_refused(
    portal: Portal, root: Principal, wanted: dict[str, str], how: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        usage.search(portal, root, wanted, **how)
    assert refusal.value.field == field


def test_no_odd_text_is_an_error_of_ours(portal: Portal, alice: Principal) -> None:
    for text in ("\x00", "\ud800", "%", "_", "\\", "'; --", "x" * 100_000):
        try:
            assert uses(portal, alice, {"q": text, "provider": text}) == 0
        except KeyPortalError as refusal:
            assert refusal.code == "invalid_input"
