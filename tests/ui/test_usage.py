"""The Usage page without a browser: whose uses of which days, looked into, in words and as a picture."""

import pytest

from keyportal.domain.people import LeftKeys
from keyportal.domain.principals import Principal
from keyportal.persistence.usage import GROUPS, Sums
from keyportal.resolver import Source
from keyportal.services import credentials, removal
from keyportal.services.portal import Portal
from keyportal.services.usage import APART
from keyportal.ui.theme import FAILURE_WORDS, SERIES_COLORS, USAGE_GROUPS, USAGE_NOUNS, USAGE_SOURCES
from keyportal.ui.usage.rows import percent
from keyportal.ui.usage.state import UsageState
from tests.services.support import SYSTEM, USER, save
from tests.services.usage_support import agent_key, use
from tests.ui.support import do, state_for, visit


async def opened(portal: Portal, principal: Principal, address: str = "/usage") -> UsageState:
    state = state_for(UsageState, portal, principal)
    visit(state, address)
    await do(state, "load_choices")
    await do(state, "load")
    return state


def shown(state: UsageState) -> list[tuple[str, str]]:
    return [(row.name, row.uses) for row in state.rows]


@pytest.fixture
def used(portal: Portal, alice: Principal, root: Principal) -> dict[str, str]:
    """Let Alice's robot use her key, a system key and a variable. Returns their ids."""
    ids = {
        "mine": save(portal, alice, "mine").id,
        "spare": save(portal, root, "spare", ownership=SYSTEM, provider="groq").id,
        "robot": agent_key(portal, alice),
    }
    use(portal, ids["mine"], ids["robot"], 1500, ok=300, auth_failed=7, rate_limited=1)
    use(portal, ids["mine"], "", 300, days_ago=8)
    use(portal, ids["spare"], ids["robot"], 20, provider="groq", source="system")
    use(portal, "", ids["robot"], 4, provider="xai")
    return ids


async def test_a_page_shows_a_month_by_provider(portal: Portal, alice: Principal, used: object) -> None:
    state = await opened(portal, alice)
    assert shown(state) == [("OpenAI", "1,800"), ("Groq", "20"), ("xAI (Grok)", "4")]
    assert (state.range_words, state.days, state.by) == ("3 providers", "30", "provider")
    row = state.rows[0]
    assert (row.share, row.last_day, row.reported) == ("98.6 %", "21 Nov 2026", "300 ok, 8 failed")
    assert (row.failures, row.success) == ("7 refused, 1 rate limited", "97.4 %")
    assert (state.summary.uses, state.summary.busiest) == ("1,824", "21 Nov 2026")
    assert state.summary.span == "23 Oct – 21 Nov 2026"
    assert state.rows[1].reported == state.rows[1].success == ""


async def test_the_picture_and_its_words_say_the_same(portal: Portal, alice: Principal, used: object) -> None:
    state = await opened(portal, alice)
    assert [(s.key, s.name, s.uses) for s in state.series] == [
        ("s0", "OpenAI", "1,800"), ("s1", "Groq", "20"), ("s2", "xAI (Grok)", "4"),
    ]  # fmt: skip
    assert len(state.chart) == 30
    assert state.chart[-1] == {"day": "21 Nov", "s0": 1500, "s1": 20, "s2": 4}
    assert state.chart[-9] == {"day": "13 Nov", "s0": 300} and state.chart[0] == {"day": "23 Oct"}
    assert [(line.day, line.uses, line.failed) for line in state.lines] == [
        ("21 Nov 2026", "1,524", "8"), ("13 Nov 2026", "300", "0"),
    ]  # fmt: skip
    assert "1,824 in all, most on 21 Nov 2026 with 1,524" in state.summary.words


async def test_what_does_not_stand_apart_is_one(portal: Portal, alice: Principal) -> None:
    for number in range(APART + 2):
        use(portal, save(portal, alice, f"k{number}").id, "", 10 - number)
    state = await opened(portal, alice, "/usage?by=key")
    assert [s.name for s in state.series] == ["k0", "k1", "k2", "k3", "k4", "Others"]
    assert state.chart[-1]["others"] == 9
    assert (state.series[-1].id, state.series[-1].uses, len(SERIES_COLORS)) == ("", "9", APART)


async def test_an_address_says_all_and_what_is_chosen_is_written_there(
    portal: Portal, alice: Principal, used: dict[str, str]
) -> None:
    state = await opened(portal, alice, f"/usage?days=7&by=key&key={used['mine']}&source=user")
    assert shown(state) == [("mine", "1,500")]
    assert (state.key_word, state.is_filtered, state.range_words) == ("mine", True, "1 key")
    assert state.export_query == f"key={used['mine']}&source=user&days=7"
    await do(state, "choose_days", "90")
    (event,) = await do(state, "choose_group", "agent_key")
    assert f"days=90&by=agent_key&key={used['mine']}&source=user" in str(event.args)
    assert shown(state) == [("robot", "1,500"), ("Command line", "300")]
    await do(state, "choose_days", "30")
    assert state.filters["days"] == ""


async def test_a_row_is_looked_into(portal: Portal, alice: Principal, used: dict[str, str]) -> None:
    state = await opened(portal, alice)
    await do(state, "look_into", "openai")
    assert (state.by, state.provider_word, shown(state)) == ("key", "OpenAI", [("mine", "1,800")])
    await do(state, "look_into", used["mine"])
    assert (state.by, shown(state)) == ("agent_key", [("robot", "1,500"), ("Command line", "300")])
    await do(state, "look_into", "command_line")
    assert (state.by, state.agent_key_word, shown(state)) == ("key", "Command line", [("mine", "300")])
    await do(state, "clear_filters")
    assert (state.by, len(state.rows), state.is_filtered) == ("key", 3, False)
    await do(state, "look_into", "environment:xai")
    assert (state.filters["provider"], state.filters["source"]) == ("xai", "environment")
    assert shown(state) == [("robot", "4")]


async def test_rows_lead_to_where_the_key_is(
    portal: Portal, alice: Principal, root: Principal, used: dict[str, str]
) -> None:
    async def links(who: Principal, by: str, person: str = "") -> list[str]:
        return [r.link for r in (await opened(portal, who, f"/usage?by={by}&person={person}")).rows]

    mine, spare = used["mine"], used["spare"]
    assert await links(alice, "provider") == [f"/api-keys?provider={p}" for p in ("openai", "groq", "xai")]
    assert await links(alice, "key") == [f"/api-keys?open={mine}", "", ""]
    assert await links(alice, "agent_key") == ["/agent-keys?q=robot", ""]
    person = f"/admin/users?open={alice.user_id}"
    assert await links(root, "key", "everyone") == [person, f"/admin/system-keys?open={spare}", ""]
    assert await links(root, "agent_key", "everyone") == [person, ""]
    assert (await links(root, "provider", "everyone"))[0] == "/admin/providers?q=openai"


async def test_an_admin_switches_to_everyone_and_to_one_person(
    portal: Portal, alice: Principal, root: Principal, used: object
) -> None:
    state = await opened(portal, root)
    assert (state.total, state.is_filtered) == (0, False)
    assert [c.name for c in state.people] == ["alice (alice@example.com)", "bob (bob@example.com)"]
    await do(state, "choose_person", "everyone")
    await do(state, "choose_group", "key")
    assert shown(state)[0] == ("mine", "1,800")
    assert state.rows[0].about == "OpenAI · alice@example.com"
    assert [c.name for c in state.keys] == ["mine (alice@example.com)", "spare (system key)"]
    await do(state, "filter_by", "provider", "groq")
    await do(state, "choose_person", alice.user_id)
    assert (state.filters["provider"], state.summary.uses) == ("", "1,824")
    assert state.export_query == f"person={alice.user_id}&days=30"


async def test_a_member_sees_nobody_else_whatever_the_address_says(
    portal: Portal, alice: Principal, bob: Principal, used: dict[str, str]
) -> None:
    state = await opened(portal, bob, f"/usage?key={used['mine']}")
    assert (state.rows, state.people, state.keys, state.is_filtered) == ([], [], [], True)
    for person in ("everyone", alice.user_id):
        state = await opened(portal, bob, f"/usage?person={person}")
        assert state.rows == [] and "not allowed" in state.list_problem
    await do(state, "clear_filters")
    assert (state.list_problem, state.filters) == ("", {})
    assert (await opened(portal, bob, f"/usage?person={bob.user_id}")).list_problem == ""


async def test_nothing_used_yet_is_told_with_a_first_request(portal: Portal, bob: Principal) -> None:
    state = await opened(portal, bob)
    assert (state.is_loaded, state.total, state.is_filtered) == (True, 0, False)
    assert f"{portal.settings.public_url}/api/resolve" in state.first_request
    await do(state, "search", "nothing like this")
    assert state.is_filtered


async def test_an_admin_is_told_that_somebody_else_used_nothing(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, used: object
) -> None:
    state = await opened(portal, root, f"/usage?person={bob.user_id}")
    assert (state.total, state.is_filtered, state.other_person) == (0, False, "bob (bob@example.com)")
    assert state.unlisted_person == ""
    await do(state, "choose_person", "everyone")
    assert (state.total > 0, state.other_person) == (True, "")
    await do(state, "choose_person", alice.user_id)
    assert state.other_person == "alice (alice@example.com)"
    await do(state, "choose_person", "")
    assert (state.total, state.other_person) == (0, "")
    assert (await opened(portal, root, f"/usage?person={root.user_id}")).other_person == ""


async def test_what_is_deleted_says_so(portal: Portal, alice: Principal, used: dict[str, str]) -> None:
    credentials.delete(portal, alice, USER, used["mine"])
    state = await opened(portal, alice, "/usage?by=key")
    assert (state.rows[0].name, state.rows[0].is_deleted, state.rows[0].link) == ("mine", True, "")


async def test_somebody_who_is_not_offered_is_offered_while_they_are_looked_at(
    portal: Portal, alice: Principal, root: Principal, used: object
) -> None:
    removal.remove(portal, root, alice.user_id or "", LeftKeys.WIPE)
    state = await opened(portal, root, f"/usage?person={alice.user_id}")
    assert (state.person, state.unlisted_person) == (alice.user_id, alice.user_id)
    assert alice.user_id not in [choice.id for choice in state.people]
    for person in ("everyone", ""):
        await do(state, "choose_person", person)
        assert state.unlisted_person == ""


@pytest.mark.parametrize("address", ["days=365", "days=x", "by=day", "source=x", "key=1", "sort=x&days=0"])
async def test_what_an_address_cannot_ask_for_is_told(portal: Portal, alice: Principal, address: str) -> None:
    state = await opened(portal, alice, f"/usage?{address}")
    assert state.list_problem and state.rows == []
    await do(state, "clear_filters")
    assert state.list_problem == ""


@pytest.mark.parametrize("handler", ["choose_days", "choose_group", "choose_person", "look_into"])
async def test_hand_made_events_change_nothing(portal: Portal, alice: Principal, handler: str) -> None:
    state = await opened(portal, alice)
    await do(state, handler, {"not": "text"})
    assert state.notice_is_problem and state.filters == {}


def test_parts_are_rounded_so_that_all_is_all() -> None:
    parts = [0.0, 0.0004, 0.5, 0.9999, 1.0, 1 / 3, 0.29, None]
    assert [percent(part) for part in parts] == [
        "0 %", "< 0.1 %", "50 %", "99.9 %", "100 %", "33.3 %", "29 %", "",
    ]  # fmt: skip


def test_everything_that_is_counted_has_words() -> None:
    assert set(FAILURE_WORDS) == set(vars(Sums())) - {"uses", "ok"}
    assert set(USAGE_GROUPS) == set(USAGE_NOUNS) == set(GROUPS)
    assert set(USAGE_SOURCES) == set(Source)
