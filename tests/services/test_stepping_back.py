"""How the owner is shown what programs report: in the chain, the list, the details and what needs them."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from keyportal.domain.principals import Principal, Scope
from keyportal.services import (
    credential_lists,
    credential_order,
    credentials,
    links,
    overview,
    provider_edits,
    resolution,
    usage_reports,
)
from keyportal.services.attention import attention_for
from keyportal.services.credential_details import CredentialDetails, ReportsView, get_details
from keyportal.services.credential_lists import CredentialFilter
from keyportal.services.credential_views import CredentialView
from keyportal.services.overview import ChainView
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.reporting import decide, handed_out, report
from tests.services.support import SYSTEM, USER, save, spoil
from tests.services.test_resolution import agent_of
from tests.support import START, FakeClock

MINUTE = timedelta(minutes=1)
UNTIL = "21 Nov 2026, 12:10 UTC"


def chain(portal: Portal, who: Principal) -> ChainView:
    return next(c for c in overview.overview_for(portal, who).chains if c.provider == "openai")


def listed(portal: Portal, who: Principal) -> dict[str, CredentialView]:
    return {view.name: view for view in credential_lists.search(portal, who, USER).items}


def details(portal: Portal, who: Principal, credential_id: str) -> CredentialDetails:
    return get_details(portal, who, USER, credential_id)


def used(portal: Portal, agent: Principal) -> str:
    found = resolution.resolve_key(portal, agent, "openai")
    return found.credential.name if found.credential else found.source


@pytest.fixture
def stepped_back(portal: Portal, alice: Principal, agent: Principal) -> str:
    """The id of Alice's first key, which was reported to be refused; a second one is there."""
    decide(portal, failover=True)
    mine = save(portal, alice, "first", failover=True)
    save(portal, alice, "second")
    report(portal, agent, mine.id, "auth_failed", http_status=401)
    return mine.id


def test_the_next_key_is_handed_out_until_the_cool_down_is_over(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock, stepped_back: str
) -> None:
    assert used(portal, agent) == "second"
    clock.advance(10 * MINUTE - timedelta(seconds=1))
    assert used(portal, agent) == "second"
    clock.advance(timedelta(seconds=1))
    assert used(portal, agent) == "first"


def test_the_chain_says_who_says_so_and_until_when(
    portal: Portal, alice: Principal, clock: FakeClock, stepped_back: str
) -> None:
    view = chain(portal, alice)
    assert view.reason == (
        f"Your own key second is used meanwhile. first was reported as refused and steps back until {UNTIL}."
    )
    assert START + 10 * MINUTE in view.reason.parts
    assert [(s.verdict, s.situation) for s in view.steps[:2]] == [
        ("skipped", f"reported as refused and steps back until {UNTIL}"),
        ("used", "ready"),
    ]
    clock.advance(10 * MINUTE)
    assert chain(portal, alice).reason == (
        "Your own key first comes first. first was reported as refused and is still used: a report makes it"
        " step back only for a while."
    )


def test_a_key_that_is_all_there_is_is_used_after_all(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    report(portal, agent, mine.id, "quota_exhausted")
    assert used(portal, agent) == "mine"
    assert chain(portal, alice).reason == (
        "mine is used although it was reported as without quota: nothing else is left."
    )
    found = listed(portal, alice)["mine"]
    assert (found.instead, found.steps_back, found.is_primary) == (
        "Nothing else can be used, so it is used all the same.",
        False,
        True,
    )
    assert [(s.verdict, s.situation) for s in chain(portal, alice).steps[:1]] == [
        ("used", "reported as without quota, still used")
    ]
    assert details(portal, alice, mine.id).place == (
        "The only key for OpenAI. It is used now, although it was reported as without quota: nothing else is"
        " left."
    )


def test_the_list_says_until_when_and_what_is_used_instead(
    portal: Portal, alice: Principal, bob: Principal, stepped_back: str
) -> None:
    first, second = listed(portal, alice)["first"], listed(portal, alice)["second"]
    assert (first.failing_until, first.instead) == (START + 10 * MINUTE, "second is used meanwhile.")
    assert (first.health_source, first.health.reported_by, first.status) == ("report", "agent", "active")
    assert (second.failing_until, second.instead, second.health_source) == (None, "", "test")
    assert listed(portal, bob) == {}


def test_where_no_own_key_is_left_the_one_of_the_system_or_the_server_is_named(
    make_portal: MakePortal,
) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice, root = person(portal, "alice"), person(portal, "root")
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    report(portal, agent_of(portal, alice, Scope.RESOLVE), mine.id, "auth_failed")
    assert listed(portal, alice)["mine"].instead == "The server's OPENAI_API_KEY is used meanwhile."
    save(portal, root, "Team", ownership=SYSTEM)
    assert listed(portal, alice)["mine"].instead == "The system key Team is used meanwhile."


def test_a_linked_key_steps_back_where_it_is_linked(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    general = save(portal, alice, "general", provider="", failover=True)
    links.link(portal, alice, USER, general.id, "openai", "")
    save(portal, alice, "own")
    report(portal, agent, general.id, "auth_failed")
    assert listed(portal, alice)["general"].instead == (
        "Where it is linked, any other key that can be used comes first meanwhile."
    )


def test_with_the_policy_off_nothing_is_said_of_stepping_back(
    portal: Portal, alice: Principal, stepped_back: str
) -> None:
    decide(portal, failover=False)
    assert listed(portal, alice)["first"].instead == ""
    assert [(i.concern, UNTIL in i.sentence) for i in attention_for(portal, alice).items] == [
        ("reported", False)
    ]
    assert chain(portal, alice).reason == (
        'Your own key first comes first. first was reported as refused and is still used: "Use another key'
        ' while this one fails" is off in the policies.'
    )
    assert [v.stands_in for v in listed(portal, alice).values()] == ["", ""]


def test_the_details_tell_the_reports_by_outcome_and_the_place(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock, stepped_back: str
) -> None:
    clock.advance(MINUTE)
    for outcome in ("ok", "ok", "error"):
        report(portal, agent, stepped_back, outcome)
    found = details(portal, alice, stepped_back)
    assert found.reports == (ReportsView("ok", 2), ReportsView("auth_failed", 1), ReportsView("error", 1))
    assert [(one.action, one.outcome, one.about, one.who) for one in found.history[:2]] == [
        ("credential.report", "ok", "", "agent (alice@example.com)"),
        (
            "credential.report",
            "auth_failed",
            f"others come first until {UNTIL}",
            "agent (alice@example.com)",
        ),
    ]
    clock.advance(timedelta(days=30))
    assert details(portal, alice, stepped_back).reports == ()


def test_its_place_says_why_it_is_passed_over(portal: Portal, alice: Principal, stepped_back: str) -> None:
    found = details(portal, alice, stepped_back)
    assert found.place == (
        f"First of 2 for OpenAI. It is passed over: it was reported as refused and steps back until {UNTIL}."
    )
    assert (found.view.instead, found.check) == ("second is used meanwhile.", None)


def test_until_tomorrow_comes_with_its_day(portal: Portal, alice: Principal, agent: Principal) -> None:
    decide(portal, failover=True, failover_minutes=1440)
    mine = save(portal, alice, failover=True)
    save(portal, alice, "second")
    report(portal, agent, mine.id, "auth_failed")
    assert chain(portal, alice).steps[0].situation.endswith("steps back until 22 Nov 2026, 12:00 UTC")


def test_a_key_that_steps_back_needs_attention(
    portal: Portal, alice: Principal, bob: Principal, clock: FakeClock, stepped_back: str
) -> None:
    (item,) = attention_for(portal, alice).items
    assert (item.concern, item.id, item.at) == ("steps_back", stepped_back, START)
    assert item.sentence == (
        "agent reported that OpenAI refused this key (HTTP 401). Test it, and replace its value if the test"
        f" is refused too. It steps back until {UNTIL}. second is used meanwhile."
    )
    assert attention_for(portal, bob).items == []
    clock.advance(10 * MINUTE)
    assert [i.concern for i in attention_for(portal, alice).items] == ["reported"]


def test_a_reported_key_that_is_used_all_the_same_is_not_said_to_step_back(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    report(portal, agent, save(portal, alice, failover=True).id, "auth_failed")
    (item,) = attention_for(portal, alice).items
    assert item.concern == "reported"
    assert item.sentence.endswith(" Nothing else can be used, so it is used all the same.")


def test_of_a_key_that_a_test_found_refused_it_is_said_what_is_used(portal: Portal, alice: Principal) -> None:
    decide(portal, failover=True)
    first = save(portal, alice, "first", failover=True)
    save(portal, alice, "second")
    spoil(portal, first.id, health_outcome="invalid", health_message="OpenAI refused this key.")
    (item,) = attention_for(portal, alice).items
    assert (item.concern, item.sentence) == (
        "failing",
        "OpenAI refused this key. second is used meanwhile.",
    )


def test_what_programs_say_works_needs_no_attention(
    portal: Portal, alice: Principal, agent: Principal, stepped_back: str
) -> None:
    report(portal, agent, stepped_back, "ok")
    assert attention_for(portal, alice).items == []


def test_switched_off_a_key_is_not_said_to_step_back(
    portal: Portal, alice: Principal, stepped_back: str
) -> None:
    spoil(portal, stepped_back, active=False)
    assert listed(portal, alice)["first"].instead == ""
    assert attention_for(portal, alice).items == []


def test_a_shared_key_steps_back_for_everybody_by_its_admins_consent(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    shared = save(portal, root, "Team", ownership=SYSTEM, failover=True)
    save(portal, root, "Spare", ownership=SYSTEM)
    report(portal, agent, shared.id, "auth_failed")
    assert used(portal, agent) == "Spare"
    found = get_details(portal, root, SYSTEM, shared.id)
    assert (found.view.instead, found.view.health.reported_by) == (
        "The system key Spare is used meanwhile.",
        "agent (alice@example.com)",
    )
    assert [i.ownership for i in attention_for(portal, root).items] == ["system"]
    assert attention_for(portal, alice).items == []


def test_the_list_asks_nothing_more_while_no_key_steps_back(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    save(portal, alice, "second")

    def statements() -> int:
        counted: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            counted.append(statement)

        event.listen(portal.database.engine, "before_cursor_execute", note)
        listed(portal, alice)
        event.remove(portal.database.engine, "before_cursor_execute", note)
        return len(counted)

    listed(portal, alice)
    before = statements()
    report(portal, agent, mine.id, "ok")
    assert statements() == before


# --- what the program is told


def test_a_program_is_told_of_stepping_back_only_where_it_is_given_another_key(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    resolution_id = handed_out(portal, agent, mine.id)
    for _ in range(2):
        assert usage_reports.report(portal, agent, resolution_id, "auth_failed").steps_back_until is None
    assert credentials.get(portal, alice, USER, mine.id).failing_until == START + 10 * MINUTE
    save(portal, root, "Team", ownership=SYSTEM)
    found = usage_reports.report(portal, agent, resolution_id, "auth_failed")
    assert (found.steps_back_until, used(portal, agent)) == (START + 10 * MINUTE, "Team")


def test_it_is_told_so_for_the_person_it_resolved_for(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    decide(portal, failover=True)
    anybody = agent_of(portal, root, Scope.RESOLVE_ANY)
    shared = save(portal, root, "Team", ownership=SYSTEM, failover=True)
    found = resolution.resolve_key(portal, anybody, "openai", user="alice@example.com")
    # Of no use to Alice, who is not given it.
    save(portal, root, "roots own")
    first = usage_reports.report(portal, anybody, found.resolution_id, "auth_failed")
    save(portal, alice, "alices own")
    second = usage_reports.report(portal, anybody, found.resolution_id, "auth_failed")
    assert (found.credential and found.credential.id, first.steps_back_until) == (shared.id, None)
    assert second.steps_back_until == START + 10 * MINUTE


# --- which key is in use


def in_use(portal: Portal, who: Principal) -> dict[str, tuple[bool, bool, str]]:
    return {name: (v.is_primary, v.steps_back, v.stands_in) for name, v in listed(portal, who).items()}


def test_the_key_in_use_is_marked_and_the_order_stays(
    portal: Portal, alice: Principal, clock: FakeClock, stepped_back: str
) -> None:
    words = "Used for OpenAI while first steps back."
    assert in_use(portal, alice) == {"first": (True, True, ""), "second": (False, False, words)}
    order = credential_order.order_of(portal, alice, USER, "openai").items
    assert [(v.name, v.is_primary, v.stands_in) for v in order] == [
        ("first", True, ""),
        ("second", False, words),
    ]
    clock.advance(10 * MINUTE)
    assert in_use(portal, alice) == {"first": (True, False, ""), "second": (False, False, "")}


def test_it_is_marked_also_where_the_one_that_steps_back_is_not_on_the_page(
    portal: Portal, alice: Principal, stepped_back: str
) -> None:
    (second,) = credential_lists.search(portal, alice, USER, CredentialFilter("second")).items
    assert second.stands_in == "Used for OpenAI while first steps back."


@pytest.mark.parametrize("outcome", ["invalid", "quota_exhausted"])
def test_a_key_steps_back_by_a_test_as_well(portal: Portal, alice: Principal, outcome: str) -> None:
    decide(portal, failover=True)
    spoil(portal, save(portal, alice, "first", failover=True).id, health_outcome=outcome)
    save(portal, alice, "second")
    assert in_use(portal, alice) == {
        "first": (True, True, ""),
        "second": (False, False, "Used for OpenAI while first steps back."),
    }
    first = listed(portal, alice)["first"]
    assert (first.instead, first.failing_until) == ("second is used meanwhile.", None)


def test_without_consent_or_for_a_provider_turned_off_no_key_stands_in(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    decide(portal, failover=True)
    first = save(portal, alice, "first")
    save(portal, alice, "second")
    spoil(portal, first.id, health_outcome="invalid")
    nothing = {"first": (True, False, ""), "second": (False, False, "")}
    assert in_use(portal, alice) == nothing
    spoil(portal, first.id, failover=True)
    provider_edits.set_enabled(portal, root, "openai", False)
    assert in_use(portal, alice) == nothing
    assert listed(portal, alice)["first"].instead == ""


def test_a_shared_key_that_stands_in_is_marked_in_the_list_of_system_keys(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    report(portal, agent, save(portal, root, "Team", ownership=SYSTEM, failover=True).id, "auth_failed")
    save(portal, root, "Spare", ownership=SYSTEM)
    # A key of the admin's own changes nothing about what others are given.
    save(portal, root, "roots own")
    found = {v.name: v.stands_in for v in credential_lists.search(portal, root, SYSTEM).items}
    assert found == {"Team": "", "Spare": "Used for OpenAI while Team steps back."}
