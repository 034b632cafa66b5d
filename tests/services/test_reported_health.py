"""What reports make of a key's health: a verdict of today's value, told apart from a test's, audited once."""

from datetime import timedelta
from typing import Any

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import checks, credentials, usage_reports
from keyportal.services.check_views import last_check_view
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.fakes.fake_provider import FakeProvider
from tests.services.reporting import counted, decide, handed_out, report
from tests.services.support import SYSTEM, USER, events, row_of, save, spoil
from tests.services.test_resolution import agent_of
from tests.support import START, FakeClock

MINUTE = timedelta(minutes=1)
VERDICTS = ("valid", "valid_limited", "quota_exhausted", "invalid", "region_or_endpoint_mismatch")


def told(portal: Portal, credential_id: str) -> list[dict[str, Any]]:
    """Return the details of what the trail says of reports."""
    return [
        e.details for e in events(portal) if (e.action, e.object_id) == ("credential.report", credential_id)
    ]


@pytest.mark.parametrize(
    ("outcome", "health", "words"),
    [
        ("ok", "valid", "agent used this key, and it worked."),
        ("auth_failed", "invalid", "agent reported that OpenAI refused this key (HTTP 401). "),
        ("quota_exhausted", "quota_exhausted", "agent reported that this key has no quota left (HTTP 401). "),
        ("rate_limited", "rate_limited", "agent reported too many requests at OpenAI (HTTP 401). "),
        ("error", "provider_error", "agent reported an error of OpenAI (HTTP 401). "),
    ],
)
def test_a_report_is_the_health_of_a_key_nobody_tested(
    portal: Portal, alice: Principal, agent: Principal, outcome: str, health: str, words: str
) -> None:
    mine = save(portal, alice)
    told_of = report(portal, agent, mine.id, outcome, http_status=401).resolution_id
    row, view = row_of(portal, mine.id), credentials.get(portal, alice, USER, mine.id)
    assert (row.health_outcome, row.health_source, row.health_checked_at) == (health, "report", START)
    assert row.health_message.startswith(words)
    assert (view.health_source, view.health.reported_by, view.health.latency_ms) == ("report", "agent", None)
    (details,) = told(portal, mine.id)
    said = {"outcome": outcome, "http_status": 401, "resolution_id": told_of}
    assert details == {**said, "provider": "openai", "ownership": "user"}


@pytest.mark.parametrize("outcome", ["rate_limited", "error"])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_says_nothing_of_the_key_replaces_no_verdict(
    portal: Portal, alice: Principal, agent: Principal, outcome: str, verdict: str
) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id, health_outcome=verdict, health_checked_at=START)
    report(portal, agent, mine.id, outcome)
    row = row_of(portal, mine.id)
    assert (row.health_outcome, row.health_source, told(portal, mine.id)) == (verdict, "test", [])
    assert getattr(counted(portal)[0], outcome) == 1


@pytest.mark.parametrize("former", [None, "unchecked", "unreachable", "rate_limited", "provider_error"])
def test_but_it_stands_where_there_is_no_verdict(
    portal: Portal, alice: Principal, agent: Principal, former: str | None
) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id, health_outcome=former)
    report(portal, agent, mine.id, "error")
    assert (row_of(portal, mine.id).health_outcome) == "provider_error"


def test_other_peoples_agent_keys_are_told_with_whose_they_are(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    mine, shared = save(portal, alice), save(portal, root, "shared", ownership=SYSTEM)
    anybody = agent_of(portal, root, Scope.RESOLVE_ANY)
    for key in (mine, shared):
        report(portal, anybody, key.id, "ok")
        assert row_of(portal, key.id).health_message.startswith(f"{anybody.name} (root@example.com) used ")


def test_a_report_about_a_former_value_says_nothing_of_the_new_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id)
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(api_key=Secret("sk-new-0123456789abc")))
    usage_reports.report(portal, agent, resolution_id, "auth_failed")
    assert (row_of(portal, mine.id).health_outcome, counted(portal)[0].auth_failed) == (None, 1)


def test_what_was_handed_out_before_versions_were_on_record_says_nothing(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id, secret_version=2)
    resolution_id = handed_out(portal, agent, mine.id)
    spoil(portal, mine.id, secret_version=1)
    usage_reports.report(portal, agent, resolution_id, "auth_failed")
    assert row_of(portal, mine.id).health_outcome is None


def test_a_report_about_an_older_use_than_the_last_test_says_nothing(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id, count=2)
    spoil(portal, mine.id, health_outcome="valid", health_checked_at=START + MINUTE)
    clock.advance(2 * MINUTE)
    usage_reports.report(portal, agent, resolution_id, "auth_failed")
    assert row_of(portal, mine.id).health_outcome == "valid"
    usage_reports.report(portal, agent, handed_out(portal, agent, mine.id), "auth_failed")
    assert row_of(portal, mine.id).health_outcome == "invalid"


def test_a_report_about_the_value_with_other_fields_says_nothing(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id)
    clock.advance(MINUTE)
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(fields={"project": "p"}))
    usage_reports.report(portal, agent, resolution_id, "auth_failed")
    assert row_of(portal, mine.id).health_outcome is None
    report(portal, agent, mine.id, "auth_failed")
    assert row_of(portal, mine.id).health_outcome == "invalid"


def test_a_key_that_waits_for_its_value_has_no_health(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id)
    spoil(portal, mine.id, sealed=None)
    usage_reports.report(portal, agent, resolution_id, "ok")
    assert row_of(portal, mine.id).health_outcome is None


def test_a_program_that_always_says_the_same_fills_no_trail(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    for _ in range(5):
        report(portal, agent, mine.id, "ok")
        clock.advance(timedelta(seconds=20))
    # Written at once, and again after a minute; on the trail once.
    assert row_of(portal, mine.id).health_checked_at == START + MINUTE
    for _ in range(5):
        report(portal, agent, mine.id, "quota_exhausted")
    assert [details["outcome"] for details in told(portal, mine.id)] == ["ok", "quota_exhausted"]


def test_what_is_said_again_leaves_alone_what_resolves_are_kept_by(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    report(portal, agent, mine.id, "ok")
    with portal.database.reading() as session:
        before = session.connection().exec_driver_sql("SELECT scope, number FROM changes").all()
    clock.advance(MINUTE)
    report(portal, agent, mine.id, "ok")
    assert row_of(portal, mine.id).health_checked_at == START + MINUTE
    with portal.database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT scope, number FROM changes").all() == before


async def test_what_the_last_test_found_is_still_there_behind_reports(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    found = await checks.check_saved(portal, alice, mine.id)
    clock.advance(MINUTE)
    for outcome in ("ok", "auth_failed"):
        report(portal, agent, mine.id, outcome)
        assert last_check_view(row_of(portal, mine.id)) == found
        assert checks.last_check(portal, alice, mine.id) == found


def test_a_key_that_was_only_reported_on_was_not_tested(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    report(portal, agent, mine.id, "ok")
    assert last_check_view(row_of(portal, mine.id)) is None


# --- stepping back


@pytest.mark.parametrize("outcome", ["auth_failed", "quota_exhausted"])
def test_a_reported_failure_makes_a_key_step_back_for_a_while(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock, outcome: str
) -> None:
    decide(portal, failover=True, failover_minutes=5)
    mine = save(portal, alice, failover=True)
    save(portal, alice, "second")
    until = START + 5 * MINUTE
    resolution_id = handed_out(portal, agent, mine.id)
    for _ in range(2):
        assert usage_reports.report(portal, agent, resolution_id, outcome).steps_back_until == until
    assert row_of(portal, mine.id).failing_until == until
    assert [details["until"] for details in told(portal, mine.id)] == [until.isoformat()]
    assert credentials.get(portal, alice, USER, mine.id).failing_until == until
    clock.moment = until
    assert usage_reports.report(portal, agent, resolution_id, outcome).steps_back_until is None
    assert credentials.get(portal, alice, USER, mine.id).failing_until is None


@pytest.mark.parametrize(("policy", "consent"), [(False, True), (True, False)])
def test_without_policy_or_consent_it_is_health_alone(
    portal: Portal, alice: Principal, agent: Principal, policy: bool, consent: bool
) -> None:
    decide(portal, failover=policy)
    mine = save(portal, alice, failover=consent)
    assert report(portal, agent, mine.id, "auth_failed").steps_back_until is None
    row = row_of(portal, mine.id)
    assert (row.failing_until, row.health_outcome) == (None, "invalid")


@pytest.mark.parametrize("outcome", ["rate_limited", "error"])
def test_what_is_not_the_keys_fault_makes_nothing_step_back(
    portal: Portal, alice: Principal, agent: Principal, outcome: str
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    assert report(portal, agent, mine.id, outcome).steps_back_until is None
    assert row_of(portal, mine.id).failing_until is None


def test_a_failure_again_makes_it_longer_and_is_on_the_trail_once_per_time(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    for minutes in (0, 1, 2):
        clock.moment = START + minutes * MINUTE
        report(portal, agent, mine.id, "auth_failed")
    assert row_of(portal, mine.id).failing_until == START + 12 * MINUTE
    assert len(told(portal, mine.id)) == 1
    clock.moment = START + 12 * MINUTE
    report(portal, agent, mine.id, "auth_failed")
    assert (row_of(portal, mine.id).failing_until, len(told(portal, mine.id))) == (START + 22 * MINUTE, 2)


def test_what_was_handed_out_before_the_failure_was_known_makes_it_no_longer(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    uid = handed_out(portal, agent, mine.id, count=2)
    clock.advance(MINUTE)
    usage_reports.report(portal, agent, uid, "auth_failed")
    clock.advance(MINUTE)
    usage_reports.report(portal, agent, f"{uid}-1", "auth_failed")
    assert row_of(portal, mine.id).failing_until == START + 11 * MINUTE


def test_a_report_that_it_works_brings_it_back(portal: Portal, alice: Principal, agent: Principal) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    report(portal, agent, mine.id, "auth_failed")
    assert report(portal, agent, mine.id, "ok").steps_back_until is None
    row = row_of(portal, mine.id)
    assert (row.failing_until, row.health_outcome) == (None, "valid")
    assert [details["outcome"] for details in told(portal, mine.id)] == ["auth_failed", "ok"]


@pytest.mark.parametrize(
    ("status", "body", "health", "ends"),
    [
        (200, {"data": []}, "valid", True),
        (401, {"error": {}}, "invalid", True),
        (429, {"error": {}}, "invalid", False),
        (500, {"error": {}}, "provider_error", False),
    ],
)
async def test_a_test_has_the_last_word_if_it_learns_something_of_the_key(
    portal: Portal,
    alice: Principal,
    agent: Principal,
    openai: FakeProvider,
    clock: FakeClock,
    status: int,
    body: dict[str, Any],
    health: str,
    ends: bool,
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    report(portal, agent, mine.id, "auth_failed")
    openai.answer(status, body)
    clock.advance(MINUTE)
    await checks.check_saved(portal, alice, mine.id)
    row = row_of(portal, mine.id)
    assert (row.health_outcome, row.failing_until is None) == (health, ends)
    # A rate limit keeps the former verdict with its source.
    assert row.health_source == ("report" if status == 429 else "test")


def test_the_fault_a_test_found_stays_the_tests(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    spoil(portal, mine.id, health_outcome="invalid", health_checked_at=START)
    clock.advance(MINUTE)
    report(portal, agent, mine.id, "auth_failed")
    row = row_of(portal, mine.id)
    assert (row.health_source, row.failing_until, told(portal, mine.id)) == ("test", None, [])


@pytest.mark.parametrize("edit", [{"api_key": Secret("sk-new-0123456789abc")}, {"fields": {"project": "p"}}],
                         ids=["value", "fields"])  # fmt: skip
def test_a_new_value_begins_without_a_past(
    portal: Portal, alice: Principal, agent: Principal, edit: dict[str, Any]
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    report(portal, agent, mine.id, "auth_failed")
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(**edit))
    row = row_of(portal, mine.id)
    assert (row.failing_until, row.health_outcome, row.health_source) == (None, None, "test")


def test_turning_the_policy_off_ends_stepping_back_at_once(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, failover=True)
    resolution_id = handed_out(portal, agent, mine.id)
    usage_reports.report(portal, agent, resolution_id, "auth_failed")
    decide(portal, failover=False)
    assert usage_reports.report(portal, agent, resolution_id, "auth_failed").steps_back_until is None
