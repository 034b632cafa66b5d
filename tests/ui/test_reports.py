"""What programs report, as the pages show it: in the list, the drawer, Overview, the trail and activity."""

from datetime import timedelta

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal
from keyportal.domain.usage import ReportedOutcome
from keyportal.services import audit
from keyportal.services.audit_search import event_view
from keyportal.services.portal import Portal
from keyportal.ui.admin_audit.state import AuditState
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.overview.state import OverviewState
from keyportal.ui.shared.credentials.report_values import LastReport
from keyportal.ui.shared.credentials.reported import instead_note
from keyportal.ui.shared.lines import activity_line
from keyportal.ui.shared.sentences import Part
from keyportal.ui.theme import ACTION_WORDS, CONCERN, HEALTH, REPORTED
from tests.fakes.fake_provider import FakeProvider
from tests.services.reporting import decide, handed_out, report
from tests.services.support import events, save
from tests.support import START
from tests.ui.support import do, state_for, visit

UNTIL = (START + timedelta(minutes=10)).isoformat()


@pytest.fixture
def stepped_back(portal: Portal, alice: Principal, agent: Principal) -> str:
    decide(portal, failover=True)
    mine = save(portal, alice, "mine", failover=True)
    save(portal, alice, "spare")
    report(portal, agent, mine.id, "auth_failed")
    return mine.id


@pytest.fixture
async def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return state_for(OwnCredentialsState, portal, alice)


def test_every_outcome_has_its_word() -> None:
    assert set(REPORTED) == set(ReportedOutcome)


async def test_a_row_says_who_reported_and_until_when_it_steps_back(
    state: OwnCredentialsState, stepped_back: str
) -> None:
    await do(state, "load")
    mine, spare = sorted(state.rows, key=lambda row: row.name)
    assert (mine.health, mine.reported_by, mine.checked_at) == ("invalid", "agent", START.isoformat())
    assert (mine.back_until, mine.instead, mine.steps_back) == (UNTIL, "spare is used meanwhile.", True)
    assert (spare.reported_by, spare.back_until, spare.instead) == ("", "", "")


async def test_a_key_that_is_used_all_the_same_is_not_said_to_step_back(
    state: OwnCredentialsState, portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    report(portal, agent, save(portal, alice, failover=True).id, "auth_failed")
    await do(state, "load")
    (row,) = state.rows
    assert (row.steps_back, row.back_until) == (False, "")
    assert row.instead == "Nothing else can be used, so it is used all the same."
    await do(state, "open_row", row.id)
    assert (state.details.steps_back, state.details.back_until, state.details.instead) == (
        False,
        "",
        row.instead,
    )


async def test_the_key_in_use_is_marked_and_the_order_stays(
    state: OwnCredentialsState, stepped_back: str
) -> None:
    words = "Used for OpenAI while mine steps back."
    await do(state, "load")
    assert {r.name: (r.is_primary, r.stands_in) for r in state.rows} == {
        "mine": (True, ""),
        "spare": (False, words),
    }
    await do(state, "open_order", "openai")
    assert [(r.name, r.is_primary, r.stands_in) for r in state.order_rows] == [
        ("mine", True, ""),
        ("spare", False, words),
    ]
    await do(state, "open_row", next(r.id for r in state.rows if r.name == "spare"))
    assert (state.details.stands_in, state.details.is_primary) == (words, False)


async def test_sentences_of_the_pages_keep_their_moments_for_the_viewer_s_clock(
    state: OwnCredentialsState, portal: Portal, alice: Principal, stepped_back: str
) -> None:
    until = Part(at=UNTIL)
    await do(state, "load")
    await do(state, "open_row", stepped_back)
    assert until in state.details.place
    page = state_for(OverviewState, portal, alice)
    await do(page, "load")
    (chain,), (item,) = page.chains, page.attention
    for parts in (chain.reason, chain.steps[0].situation, item.sentence):
        assert until in parts
        assert "UTC" not in "".join(part.text for part in parts)


@pytest.mark.parametrize(("status", "back_until"), [(200, ""), (401, ""), (500, UNTIL)])
async def test_a_test_takes_the_report_s_place_in_the_row(
    state: OwnCredentialsState, stepped_back: str, openai: FakeProvider, status: int, back_until: str
) -> None:
    await do(state, "load")
    openai.answer(status, {"data": []})
    await do(state, "test", stepped_back)
    mine = next(row for row in state.rows if row.id == stepped_back)
    assert (mine.reported_by, mine.back_until) == ("", back_until)


async def test_the_drawer_counts_reports_and_says_what_is_used_meanwhile(
    state: OwnCredentialsState, portal: Portal, agent: Principal, stepped_back: str
) -> None:
    for _ in range(2):
        report(portal, agent, stepped_back, "rate_limited")
    await do(state, "load")
    await do(state, "open_row", stepped_back)
    details, said = state.details, state.details_report
    assert [(one.outcome, one.count) for one in state.details_reports] == [
        ("auth_failed", "1"),
        ("rate_limited", "2"),
    ]
    assert (said.outcome, said.by, said.at) == ("invalid", "agent", START.isoformat())
    assert (details.back_until, details.instead) == (UNTIL, "spare is used meanwhile.")
    assert said.words.startswith("agent reported that OpenAI refused this key.")
    assert state.details_check.outcome == ""
    assert state.details_history[0].what == [
        Part("Reported on the key: refused, others come first until "),
        Part(at=UNTIL),
    ]


async def test_the_history_of_a_key_has_the_words_of_the_trail(
    state: OwnCredentialsState, portal: Portal, alice: Principal, agent: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice)
    report(portal, agent, mine.id, "quota_exhausted")
    await do(state, "load")
    openai.answer(401, {})
    await do(state, "test", mine.id)
    await do(state, "open_row", mine.id)
    assert [row.what for row in state.details_history] == [
        [Part(f"{ACTION_WORDS['credential.check']}: {HEALTH['invalid'].word.lower()}")],
        [Part(f"Reported on the key: {REPORTED['quota_exhausted'].lower()}")],
        [Part("Added the key")],
    ]


@pytest.mark.parametrize(
    ("consent", "policy", "words"),
    [
        (True, True, "Another key may be used"),
        (True, False, "Another key may be used (switched off in the policies)"),
        (False, True, ""),
    ],
)
async def test_the_drawer_says_what_consent_comes_to_under_the_policies(
    state: OwnCredentialsState, portal: Portal, alice: Principal, consent: bool, policy: bool, words: str
) -> None:
    decide(portal, failover=policy)
    mine = save(portal, alice, failover=consent)
    await do(state, "open_row", mine.id)
    assert state.details.when_it_fails == words


def test_the_note_of_a_key_that_is_used_all_the_same_says_that_it_fails() -> None:
    assert "It fails. " in str(instead_note(OwnCredentialsState.details))


@pytest.mark.parametrize(("status", "stays"), [(200, False), (500, False), (429, True)])
async def test_the_dialog_of_the_last_test_shows_the_report_until_a_test_says_more(
    state: OwnCredentialsState, stepped_back: str, openai: FakeProvider, status: int, stays: bool
) -> None:
    await do(state, "open_check", stepped_back)
    assert (state.check.outcome, state.check_report.by) == ("", "agent")
    openai.answer(status, {"data": []})
    await do(state, "test_again")
    assert (state.check_report.by != "") == stays
    await do(state, "close_check", False)
    assert state.check_report == LastReport()


async def test_of_a_key_nobody_reported_on_nothing_is_said(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    mine = save(portal, alice)
    await do(state, "load")
    await do(state, "open_row", mine.id)
    assert (state.details_report, state.details.back_until, state.details_reports) == (LastReport(), "", [])


async def test_overview_offers_to_test_what_programs_report(
    portal: Portal, alice: Principal, agent: Principal, stepped_back: str
) -> None:
    other = save(portal, alice, "other", provider="anthropic")
    report(portal, agent, other.id, "quota_exhausted")
    state = state_for(OverviewState, portal, alice)
    await do(state, "load")
    assert [(row.concern, row.name, row.act, row.href) for row in state.attention] == [
        ("reported", "other", "Test", f"/api-keys?open={other.id}"),
        ("steps_back", "mine", "Test", f"/api-keys?open={stepped_back}"),
    ]
    assert {row.concern for row in state.attention} <= set(CONCERN)


async def test_an_event_for_several_uses_says_how_many(
    portal: Portal, root: Principal, alice: Principal, agent: Principal
) -> None:
    key = save(portal, alice)
    for count in (1200, 1):
        handed_out(portal, agent, key.id, count=count)
    state = state_for(AuditState, portal, root)
    visit(state, "/admin/audit?action=use")
    await do(state, "load")
    assert [row.words for row in state.rows] == ["Used the key", "Used the key 1,200 times"]
    await do(state, "open_row", state.rows[1].id)
    assert {f.label: f.value for f in state.shown.details}["How many"] == "1,200 times"
    line = activity_line(event_view(events(portal)[-2]), alice.user_id or "")
    assert line.words == "Used the key 1,200 times"


async def test_a_report_is_on_the_trail_in_words(portal: Portal, root: Principal, stepped_back: str) -> None:
    state = state_for(AuditState, portal, root)
    visit(state, "/admin/audit?action=use")
    await do(state, "load")
    assert (state.rows[0].words, state.rows[0].what) == ("Reported on the key: refused", "mine")
    await do(state, "open_row", state.rows[0].id)
    details = {f.label: f for f in state.shown.details}
    until = details["Others come first until"]
    assert (details["Outcome"].value, until.value, until.at) == ("Refused", "", "2026-11-21T12:10:00+00:00")
    line = activity_line(event_view(events(portal)[-1]), "")
    assert (line.words, line.what) == ("Reported on the key mine", "refused")


def test_a_count_of_another_act_is_not_told_as_times(portal: Portal, alice: Principal) -> None:
    with portal.database.transaction() as session:
        audit.record(portal, session, alice, Action.CREDENTIAL_EXPORT, count=7)
    line = activity_line(event_view(events(portal)[-1]), "")
    assert line.words == ACTION_WORDS["credential.export"]
