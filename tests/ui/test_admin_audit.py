"""The Audit page without a browser: narrowing, one event in full, the file's address, and the proof."""

import pytest

from keyportal.domain.audit import DETAILS, Action, Result
from keyportal.domain.principals import Principal, PrincipalKind
from keyportal.domain.usage import ReportedOutcome
from keyportal.persistence import audit_events
from keyportal.services import audit, audit_search, policies
from keyportal.services.portal import Portal
from keyportal.ui.admin_audit.rows import Fact
from keyportal.ui.admin_audit.state import AuditState
from keyportal.ui.theme import ACTION_GROUPS, ACTION_WORDS, DETAIL_WORDS, PRINCIPAL, REPORT, RESULT
from tests.services.reporting import handed_out
from tests.services.support import SYSTEM, events, run_sql, save
from tests.ui.support import do, state_for, visit


async def opened(portal: Portal, principal: Principal, address: str = "/admin/audit") -> AuditState:
    state = state_for(AuditState, portal, principal)
    visit(state, address)
    await do(state, "load_choices")
    await do(state, "load")
    return state


async def test_an_address_narrows_the_trail(portal: Portal, root: Principal, alice: Principal) -> None:
    save(portal, alice)
    state = await opened(portal, root, f"/admin/audit?person={alice.user_id}&action=keys")
    assert [(r.words, r.who, r.what) for r in state.rows] == [("Added the key", "alice@example.com", "mine")]
    assert (state.person_word, state.export_query) == (
        "alice (alice@example.com)", f"person={alice.user_id}&action=keys",
    )  # fmt: skip
    await do(state, "filter_by", "person", "operator")
    await do(state, "filter_by", "action", "people")
    assert {r.who for r in state.rows} == {"The operator"}


async def test_text_that_has_no_place_in_an_address_is_told(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root)
    await do(state, "search", "\ud800")
    assert (state.export_query, state.list_problem) == (
        "q=%3F",
        "This text has characters that cannot be stored.",
    )


async def test_days_and_a_range_in_words_replace_each_other(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root)
    await do(state, "filter_by", "within", "7d")
    await do(state, "choose_day", "from", "2026-11-21")
    assert (state.filters["within"], state.filters["from"], state.total) == ("days", "2026-11-21", 3)
    await do(state, "choose_day", "to", "2026-11-20")
    assert "first day" in state.list_problem
    await do(state, "choose_day", "person", "x")
    assert "person" not in state.filters
    await do(state, "filter_by", "within", "today")
    assert (state.filters["from"], state.filters["to"], state.total) == ("", "", 3)
    state = await opened(portal, root, "/admin/audit?to=2026-11-20")
    assert (state.filters["within"], state.total) == ("days", 0)


async def test_an_event_is_shown_in_full_with_a_way_to_its_object(portal: Portal, root: Principal) -> None:
    key = save(portal, root, ownership=SYSTEM)
    state = await opened(portal, root)
    await do(state, "open_row", state.rows[0].id)
    labels = {f.label: f.value for f in [*state.shown.facts, *state.shown.details]}
    assert (labels["Action"], labels["Object id"], labels["Provider"]) == (
        "credential.create", key.id, "openai",
    )  # fmt: skip
    assert state.shown.link == f"/admin/system-keys?open={key.id}"
    assert len(state.shown.chain) == 16 and events(portal)[-1].chain.startswith(state.shown.chain)
    await do(state, "open_row", "999999")
    assert state.shown_problem and state.shown.chain == ""


async def facts_of(state: AuditState, number: int | None) -> dict[str, Fact]:
    await do(state, "open_row", str(number))
    return {fact.label: fact for fact in state.shown.details}


async def test_the_uses_an_event_stands_for_can_be_copied(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    uid = handed_out(portal, agent, save(portal, alice).id, 1057)
    state = await opened(portal, root)
    facts = await facts_of(state, events(portal)[-1].id)
    assert (state.shown.row.words, facts["How many"].value) == ("Used the key 1,057 times", "1,057 times")
    lines = state.shown.resolutions.splitlines()
    assert (len(lines), lines[0], lines[19], state.shown.lines) == (20, uid, f"{uid}-19", "6")
    assert state.shown.others == "1,037 more follow in the same way, up to …-1056"
    handed_out(portal, agent, save(portal, alice, "other").id, 3)
    await facts_of(state, events(portal)[-1].id)
    assert state.shown.lines == "3"
    await facts_of(state, events(portal)[0].id)
    assert (state.shown.resolutions, state.shown.others) == ("", "")


async def test_a_report_says_its_outcome_and_leads_to_the_use_it_is_about(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    key = save(portal, alice).id
    uid = handed_out(portal, agent, key, 2)
    with portal.database.transaction() as session:
        audit.record(
            portal, session, agent, Action.CREDENTIAL_REPORT, object_id=key, object_label="mine",
            outcome="auth_failed", ownership="user", resolution_id=f"{uid}-1",
        )  # fmt: skip
    state = await opened(portal, root)
    assert state.rows[0].words == "Reported on the key: refused"
    facts = await facts_of(state, events(portal)[-1].id)
    assert (facts["Outcome"].value, facts["Whose key"].value) == ("Refused", "A person's key")
    about = facts["About the use"]
    assert (about.value, about.link) == (f"{uid}-1", f"/admin/audit?q={uid}-1")
    state = await opened(portal, root, about.link)
    assert [row.words for row in state.rows] == ["Used the key 2 times"]


@pytest.mark.parametrize("outcome", ReportedOutcome)
def test_no_report_shows_a_raw_outcome(outcome: ReportedOutcome) -> None:
    assert REPORT[outcome] and "_" not in REPORT[outcome]


async def test_details_speak_as_the_other_pages_do(portal: Portal, root: Principal) -> None:
    with portal.database.transaction() as session:
        audit.record(
            portal, session, root, Action.CREDENTIAL_CHECK, outcome="valid_limited", source="environment",
            reason="too_many_attempts", role="member", changed=["api_key", "active"], model="gpt_4o",
        )  # fmt: skip
    facts = await facts_of(await opened(portal, root), events(portal)[-1].id)
    assert {label: fact.value for label, fact in facts.items()} == {
        "Outcome": "Limited", "Source": "Environment variable", "Reason": "Too many attempts",
        "Role": "Member", "Changed": "Api key, active", "Model": "gpt_4o",
    }  # fmt: skip


async def test_the_key_that_stepped_back_is_led_to_and_a_moment_is_for_the_readers_clock(
    portal: Portal, root: Principal, alice: Principal
) -> None:
    key = save(portal, alice)
    with portal.database.transaction() as session:
        audit.record(
            portal, session, alice, Action.CREDENTIAL_RESOLVE, failed_over_from=key.id, mask=key.mask,
            until="2026-11-21T12:10:00+00:00",
        )  # fmt: skip
    facts = await facts_of(await opened(portal, root), events(portal)[-1].id)
    instead, until = facts["Instead of the key"], facts["Others come first until"]
    assert (instead.value, instead.link, instead.is_mono) == (key.id, f"/admin/audit?q={key.id}", True)
    assert (facts["Masked value"].value, facts["Masked value"].is_mono) == (key.mask, True)
    assert (until.value, until.at) == ("", "2026-11-21T12:10:00+00:00")
    assert [row.what for row in (await opened(portal, root, instead.link)).rows] == ["mine"]


async def test_a_change_of_policies_is_told_in_the_words_of_their_page(
    portal: Portal, root: Principal
) -> None:
    changes = {"failover": True, "failover_minutes": 1, "environment_off": ["openai", "groq"]}
    policies.change_policies(portal, root, changes)
    facts = await facts_of(await opened(portal, root), events(portal)[-1].id)
    assert facts["Changed"].value == (
        "Providers whose variables are never used, Use another key while one fails,"
        " A reported key steps back for"
    )
    assert facts["To"].value == (
        "Providers whose variables are never used: groq, openai; Use another key while one fails: on;"
        " A reported key steps back for: 1 minute"
    )
    policies.change_policies(
        portal, root, {"environment_off": [], "failover": False, "usage_kept_days": 1000}
    )
    facts = await facts_of(await opened(portal, root), events(portal)[-1].id)
    assert facts["To"].value == (
        "Providers whose variables are never used: none; Use another key while one fails: off;"
        " Keep daily usage for: 1,000 days"
    )


async def test_more_events_than_are_counted_say_so(
    portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (audit_events, audit_search):
        monkeypatch.setattr(module, "COUNTED", 25)
    with portal.database.transaction() as session:
        for _ in range(23):
            audit.record(portal, session, root, Action.SIGN_IN)
    state = await opened(portal, root)
    assert (state.range_words, state.pages) == ("1–25 of 25+ events", 1)


async def test_the_chain_is_verified_on_the_page(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root)
    assert not state.verified.is_known
    await do(state, "verify_now")
    assert (state.verified.last, state.verified.broken_at, state.is_verifying) == ("3", "", False)
    # The reader's own clock writes it.
    assert state.verified.at == "2026-11-21T12:00:00+00:00"
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE audit_events SET result = 'failed' WHERE id = 2")
    await do(state, "verify_now")
    assert (state.verified.broken_at, state.verified.last) == ("2", "1")


async def test_a_refusal_says_in_short_what_was_asked_for(
    portal: Portal, root: Principal, bob: Principal
) -> None:
    event = "reflex___state____state.keyportal___ui___admin_users___state____users_state.submit_removal"
    audit.record_refusal(portal, bob, event, "forbidden")
    state = await opened(portal, root)
    assert (state.rows[0].words, state.rows[0].what) == ("Was refused", "users_state.submit_removal")


async def test_a_member_sees_nothing_of_the_trail(portal: Portal, bob: Principal) -> None:
    state = await opened(portal, bob)
    assert (state.rows, state.people, state.verified.is_known) == ([], [], False)
    await do(state, "verify_now")
    assert not state.verified.is_known and state.verify_problem


def test_everything_on_the_trail_has_words() -> None:
    assert set(ACTION_WORDS) == {str(a) for a in Action}
    assert set(DETAIL_WORDS) == set(DETAILS)
    assert set(ACTION_GROUPS) == set(audit_search.GROUPS)
    assert sorted(a for group in audit_search.GROUPS.values() for a in group) == sorted(Action)
    assert set(RESULT) == {str(r) for r in Result} and set(PRINCIPAL) == {str(k) for k in PrincipalKind}
