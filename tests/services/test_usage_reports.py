"""What programs report: once each, counted exactly, by nobody else, and not for ever."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from keyportal.domain.errors import (
    AlreadyReported,
    Forbidden,
    InvalidInput,
    KeyPortalError,
    NotFound,
    ReportedTooLate,
)
from keyportal.domain.principals import Principal, Scope, anonymous_principal, operator_principal
from keyportal.domain.usage import REPORTED_WITHIN, ReportedOutcome
from keyportal.persistence.tables import UsageReportRow
from keyportal.services import credentials, resolution
from keyportal.services.audit_verification import verify_chain
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.usage_reports import report
from tests.services.reporting import counted, decide, handed_out
from tests.services.support import SYSTEM, USER, events, row_of, run_sql, save
from tests.services.test_resolution import agent_of
from tests.support import START, FakeClock


def reports(portal: Portal) -> dict[str, str]:
    with portal.database.reading() as session:
        return {row.resolution_id: row.outcome for row in session.exec(select(UsageReportRow))}


@pytest.mark.parametrize("outcome", ReportedOutcome)
def test_each_outcome_is_counted_beside_the_use_it_is_about(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock, outcome: ReportedOutcome
) -> None:
    mine = save(portal, alice)
    resolution_id = resolution.resolve_key(portal, agent, "openai").resolution_id
    clock.advance(timedelta(days=2))
    found = report(portal, agent, resolution_id, outcome)
    assert (found.resolution_id, found.outcome, found.steps_back_until) == (resolution_id, outcome, None)
    (row,) = counted(portal)
    assert (row.day, row.credential_id, row.count) == (START.date(), mine.id, 1)
    assert {one: getattr(row, one) for one in ReportedOutcome} == {
        one: int(one == outcome) for one in ReportedOutcome
    }


def test_the_same_report_again_is_answered_the_same_and_counts_once(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id)
    first = report(portal, agent, resolution_id, "ok")
    assert report(portal, agent, resolution_id, "ok", 200) == first
    assert (counted(portal)[0].ok, reports(portal)) == (1, {resolution_id: "ok"})


def test_the_first_report_counts_and_another_one_is_refused(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id)
    report(portal, agent, resolution_id, "ok")
    with pytest.raises(AlreadyReported):
        report(portal, agent, resolution_id, "auth_failed")
    (row,) = counted(portal)
    assert (row.ok, row.auth_failed, row_of(portal, mine.id).health_outcome) == (1, 0, "valid")


def test_each_resolve_of_an_event_is_reported_by_its_own_id(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    uid = handed_out(portal, agent, save(portal, alice).id, count=3)
    for one in (uid, f"{uid}-1", f"{uid}-2"):
        report(portal, agent, one, "ok")
    for one in (f"{uid}-3", f"{uid}-0", f"{uid}-01", f"{uid}-", f"{uid}-1 ", f"{uid}1", f"{uid}-\u0661"):
        with pytest.raises(NotFound):
            report(portal, agent, one, "ok")
    assert (counted(portal)[0].ok, len(reports(portal))) == (3, 3)


@pytest.mark.parametrize("odd", ["", "0", "x" * 36, "'; --", "\x00" * 36, "\ud800" * 36])
def test_an_odd_id_is_an_unknown_id(portal: Portal, agent: Principal, odd: str) -> None:
    with pytest.raises(NotFound):
        report(portal, agent, odd, "ok")


def test_what_is_no_release_of_a_key_is_as_unknown_as_what_never_was(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    save(portal, alice)
    with pytest.raises(KeyPortalError):
        resolution.resolve_key(portal, agent, "anthropic")
    for event in events(portal):
        with pytest.raises(NotFound):
            report(portal, agent, event.uid, "ok")
    with pytest.raises(NotFound):
        report(portal, agent, str(uuid4()), "ok")


def test_only_the_agent_key_it_was_given_to_reports(
    portal: Portal, alice: Principal, bob: Principal, agent: Principal
) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id)
    for who in (agent_of(portal, alice, Scope.RESOLVE), agent_of(portal, bob, Scope.RESOLVE)):
        with pytest.raises(NotFound):
            report(portal, who, resolution_id, "auth_failed")
    # What the server's own shell was given has no agent key to it.
    given_to_shell = resolution.resolve_key(portal, operator_principal(), "openai", user=alice.email)
    with pytest.raises(NotFound):
        report(portal, operator_principal(), given_to_shell.resolution_id, "ok")
    assert reports(portal) == {}


def test_whoever_may_not_resolve_reports_nothing(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id)
    for who in (alice, root, anonymous_principal(), agent_of(portal, alice, Scope.KEYS_WRITE)):
        with pytest.raises(Forbidden):
            report(portal, who, resolution_id, "auth_failed")


@pytest.mark.parametrize("outcome", ["", "OK", "valid", "invalid", "\x00"])
def test_an_unknown_outcome_is_refused_with_those_there_are(
    portal: Portal, agent: Principal, outcome: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        report(portal, agent, str(uuid4()), outcome)
    assert (refusal.value.field, "quota_exhausted" in refusal.value.message) == ("outcome", True)


@pytest.mark.parametrize("status", [-1, 0, 99, 600, 2**64])
def test_what_is_no_status_is_refused(portal: Portal, agent: Principal, status: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        report(portal, agent, str(uuid4()), "ok", status)
    assert refusal.value.field == "http_status"


def test_a_report_is_taken_for_seven_days(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id, count=2)
    clock.advance(REPORTED_WITHIN)
    report(portal, agent, resolution_id, "ok")
    clock.advance(timedelta(seconds=1))
    for one in (resolution_id, f"{resolution_id}-1"):
        with pytest.raises(ReportedTooLate):
            report(portal, agent, one, "ok")
    assert counted(portal)[0].ok == 1


def test_a_variable_of_the_server_is_reported_on_too(portal: Portal, agent: Principal) -> None:
    assert report(portal, agent, handed_out(portal, agent), "auth_failed").steps_back_until is None
    (row,) = counted(portal)
    assert (row.credential_id, row.source, row.auth_failed) == ("", "environment", 1)


def test_a_report_about_a_deleted_key_is_counted(portal: Portal, alice: Principal, agent: Principal) -> None:
    mine = save(portal, alice)
    resolution_id = handed_out(portal, agent, mine.id)
    credentials.delete(portal, alice, USER, mine.id)
    report(portal, agent, resolution_id, "auth_failed")
    assert (counted(portal)[0].auth_failed, row_of(portal, mine.id).health_outcome) == (1, None)


def test_a_day_that_was_forgotten_is_there_again(portal: Portal, alice: Principal, agent: Principal) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id)
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM usage_days")
    report(portal, agent, resolution_id, "ok")
    assert [(row.count, row.ok) for row in counted(portal)] == [(0, 1)]


def test_a_report_never_switches_a_key_off_and_is_no_use_of_it(
    portal: Portal, root: Principal, agent: Principal
) -> None:
    shared = save(portal, root, "shared", ownership=SYSTEM)
    resolution_id = handed_out(portal, agent, shared.id)
    before = row_of(portal, shared.id)
    report(portal, agent, resolution_id, "auth_failed")
    row = row_of(portal, shared.id)
    assert (row.active, row.usage_count, row.version) == (True, 1, shared.version)
    assert row.last_used_at == before.last_used_at


def test_reports_are_counted_exactly_however_many_come_at_once(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    many = 1000 if portal.database.is_sqlite else 300
    mine = save(portal, alice)
    uid = handed_out(portal, agent, mine.id, count=many)
    outcomes = list(ReportedOutcome)

    def tell(n: int) -> None:
        report(portal, agent, f"{uid}-{n}" if n else uid, outcomes[n % len(outcomes)])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(tell, range(many)))
    (row,) = counted(portal)
    assert {getattr(row, one) for one in ReportedOutcome} == {many // len(outcomes)}
    assert (row.count, len(reports(portal))) == (many, many)


def test_of_many_reports_of_one_resolve_at_once_one_counts(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    resolution_id = handed_out(portal, agent, save(portal, alice).id)

    def tell(n: int) -> str:
        try:
            return report(portal, agent, resolution_id, "ok" if n % 2 else "error").outcome
        except AlreadyReported:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(tell, range(40)))
    (row,) = counted(portal)
    assert (row.ok + row.error, sorted(map(told.count, set(told)))) == (1, [20, 20])


def test_reports_that_change_health_and_resolves_do_not_wait_for_each_other_for_ever(
    portal: Portal, alice: Principal, agent: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a turn may take long; what is looked for here would never end.
    monkeypatch.setattr(resolution, "_PATIENCE_S", 60.0)
    decide(portal, failover=True)
    keys = [save(portal, alice, name, failover=True) for name in ("first", "second")]
    outcomes = ("auth_failed", "ok", "quota_exhausted", "error")

    def use(n: int) -> None:
        resolved = resolution.resolve_key(portal, agent, "openai")
        report(portal, agent, resolved.resolution_id, outcomes[n % len(outcomes)])
        if n % 10 == 0:
            edit = CredentialEdit(note=f"note {n}")
            credentials.update(portal, alice, USER, keys[n % 20 // 10].id, edit)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(60)))
    rows = counted(portal)
    assert {one: sum(getattr(row, one) for row in rows) for one in outcomes} == dict.fromkeys(outcomes, 15)
    assert sum(row.count for row in rows) == sum(row_of(portal, key.id).usage_count for key in keys) == 60
    assert verify_chain(portal).broken_at is None
