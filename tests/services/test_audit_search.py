"""The trail as admins read it: every filter, the cap, files for spreadsheets and programs, and proof."""

import csv
import io
import json
from datetime import timedelta

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.cells import neutral_cell
from keyportal.domain.errors import Forbidden, InvalidInput, NotFound
from keyportal.domain.principals import Principal
from keyportal.persistence import audit_events
from keyportal.services import (
    audit,
    audit_export,
    audit_search,
    audit_verification,
    credentials,
    resolution,
    usage_reports,
)
from keyportal.services.portal import Portal
from tests.conftest import person
from tests.services.reporting import handed_out
from tests.services.support import SYSTEM, USER, events, run_sql, save
from tests.support import FakeClock


def found(portal: Portal, root: Principal, **wanted: str) -> list[str]:
    wanted = {name.rstrip("_"): value for name, value in wanted.items()}
    return [e.action for e in audit_search.search(portal, root, wanted).items]


def test_a_resolution_is_found_by_its_id(portal: Portal, alice: Principal, agent: Principal) -> None:
    save(portal, alice)
    answer, root = resolution.resolve_key(portal, agent, "openai"), person(portal, "root")
    resolution.resolve_key(portal, agent, "openai")
    for pasted in (answer.resolution_id, f" {answer.resolution_id}-7 "):
        (event,) = audit_search.search(portal, root, {"q": pasted}).items
        assert event.id == answer.resolution_id


def test_the_newest_event_comes_first_with_all_its_parts(portal: Portal, alice: Principal) -> None:
    key, root = save(portal, alice), person(portal, "root")
    event = audit_search.search(portal, root).items[0]
    assert (event.action, event.who, event.user_id) == ("credential.create", alice.email, alice.user_id)
    assert (event.object_id, event.object_label, event.result) == (key.id, "mine", "ok")
    assert ("provider", "openai") in event.details and event.number == len(events(portal))


def test_events_are_narrowed_by_person_action_result_object_and_text(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    key = save(portal, alice, "Invoices")
    save(portal, bob, "Büro 100%")
    assert found(portal, root, person=str(alice.user_id)) == ["credential.create"]
    assert set(found(portal, root, person="operator")) == {"user.create"}
    assert found(portal, root, person="anonymous") == []
    assert found(portal, root, action="keys") == ["credential.create"] * 2
    assert found(portal, root, action="user.create") == ["user.create"] * 3
    assert found(portal, root, result="refused") == []
    assert found(portal, root, object=key.id) == found(portal, root, q=key.id) == ["credential.create"]
    assert found(portal, root, q="invoi") == found(portal, root, q="100%") == ["credential.create"]
    assert found(portal, root, q="bob@", action="keys") == ["credential.create"]
    assert found(portal, root, q="_") == []


def test_events_are_narrowed_by_time(portal: Portal, alice: Principal, clock: FakeClock) -> None:
    root = person(portal, "root")
    clock.advance(timedelta(days=8))
    save(portal, alice)
    assert len(found(portal, root, within="30d")) == 4
    assert found(portal, root, within="7d") == found(portal, root, within="today") == ["credential.create"]
    assert found(portal, root, from_="2026-11-29") == ["credential.create"]
    assert found(portal, root, to="2026-11-28", from_="2026-11-21") == ["user.create"] * 3
    assert found(portal, root, to="2026-11-20") == []


@pytest.mark.parametrize(
    "wanted",
    [
        {"person": "alice"},
        {"action": "drop"},
        {"result": "maybe"},
        {"within": "century"},
        {"from": "tomorrow"},
        {"to": "9999-12-31"},
        {"from": "2026-11-21", "to": "2026-11-20"},
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    portal: Portal, root: Principal, wanted: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        audit_search.search(portal, root, wanted)
    assert refusal.value.field in wanted


def test_counting_stops_at_the_cap(portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (audit_events, audit_search):
        monkeypatch.setattr(module, "COUNTED", 2)
    page = audit_search.search(portal, root)
    assert (page.total, page.pages) == (3, 1)
    assert audit_search.is_capped(page.total)


def test_the_trail_is_for_admins_alone(portal: Portal, alice: Principal) -> None:
    for attempt in (
        lambda: audit_search.search(portal, alice),
        lambda: audit_search.get_event(portal, alice, "1"),
        lambda: audit_export.export(portal, alice, {}, "csv"),
        lambda: audit_verification.verify(portal, alice),
        lambda: audit_verification.last_verification(portal, alice),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_an_events_object_is_found_where_it_is_today(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    hers, system = save(portal, alice), save(portal, root, ownership=SYSTEM)
    numbers = {e.object_id: str(e.id) for e in events(portal)}
    of_hers = audit_search.get_event(portal, root, numbers[hers.id])
    of_system = audit_search.get_event(portal, root, numbers[system.id])
    assert of_hers.target == audit_search.Target("person", str(alice.user_id))
    assert of_system.target == audit_search.Target("system_key", system.id)
    credentials.delete(portal, alice, USER, hers.id)
    assert audit_search.get_event(portal, root, numbers[hers.id]).target is None
    for odd in ("0", "-1", "x", "9" * 40, "²"):
        with pytest.raises(NotFound):
            audit_search.get_event(portal, root, odd)


@pytest.mark.parametrize(("count", "listed"), [(1, 0), (2, 2), (20, 20), (21, 20), (1000, 20)])
def test_the_uses_an_event_stands_for_are_listed_by_their_ids(
    portal: Portal, alice: Principal, agent: Principal, root: Principal, count: int, listed: int
) -> None:
    uid = handed_out(portal, agent, save(portal, alice).id, count)
    found = audit_search.get_event(portal, root, str(events(portal)[-1].id))
    assert (found.uses, len(found.resolutions)) == (count, listed)
    assert found.resolutions[:2] == ((uid, f"{uid}-1") if listed else ())
    for one in found.resolutions[-1:]:
        assert usage_reports.report(portal, agent, one, "ok").resolution_id == f"{uid}-{listed - 1}"
        with pytest.raises(NotFound):
            usage_reports.report(portal, agent, f"{uid}-{count}", "ok")


def test_only_a_use_stands_for_several(portal: Portal, root: Principal) -> None:
    with portal.database.transaction() as session:
        audit.record(portal, session, root, Action.CREDENTIAL_EXPORT, count=7)
    found = audit_search.get_event(portal, root, str(events(portal)[-1].id))
    assert (found.uses, found.resolutions) == (1, ())


def test_a_spreadsheet_gets_all_matches_and_computes_nothing(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, alice, "=HYPERLINK(1)")
    made = audit_export.export(portal, root, {"action": "keys"}, "csv")
    rows = list(csv.DictReader(io.StringIO("".join(made.parts))))
    assert [(r["object_label"], r["who"]) for r in rows] == [("'=HYPERLINK(1)", alice.email)]
    assert made.name.endswith(".csv")
    last = events(portal)[-1]
    assert (last.action, last.details, last.user_id) == ("audit.export", {"to": "csv"}, root.user_id)


def test_a_program_gets_one_document_a_line(
    portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = audit_export.export(portal, root, {}, "jsonl")
    lines = [json.loads(line) for line in "".join(made.parts).splitlines()]
    assert [line["number"] for line in lines] == [4, 3, 2, 1]
    assert lines[1]["details"] == {"role": "admin"}
    with pytest.raises(InvalidInput):
        audit_export.export(portal, root, {}, "xlsx")


def test_batches_of_an_export_join_without_a_gap(
    portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "BATCH", 2)
    made = audit_export.export(portal, root, {}, "jsonl")
    batches = [[json.loads(line)["number"] for line in part.splitlines()] for part in made.parts]
    assert batches == [[4, 3], [2, 1]]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_a_cell_that_looks_like_a_formula_is_text(sign: str) -> None:
    assert neutral_cell(f"{sign}1+1") == f"'{sign}1+1"
    assert neutral_cell(f"a{sign}1") == f"a{sign}1"


def test_a_whole_trail_is_remembered_as_verified(portal: Portal, root: Principal) -> None:
    assert audit_verification.last_verification(portal, root) is None
    seen = audit_verification.verify(portal, root)
    assert (seen.events, seen.last, seen.broken_at, seen.by) == (3, 3, None, root.email)
    assert audit_verification.last_verification(portal, root) == seen
    assert (events(portal)[-1].action, events(portal)[-1].result) == ("audit.verify", "ok")


def test_a_changed_event_is_named_and_stays_named(portal: Portal, root: Principal) -> None:
    audit_verification.verify(portal, root)
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE audit_events SET object_label = 'x' WHERE id = 2")
    for _ in range(2):
        assert audit_verification.verify(portal, root).broken_at == 2
    seen = audit_verification.last_verification(portal, root)
    assert seen is not None and (seen.broken_at, seen.last) == (2, 1)
    assert events(portal)[-1].result == "failed"


def test_events_cut_off_the_end_are_missed_by_the_proven_point(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, alice)
    audit_verification.verify(portal, root)
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM audit_events WHERE id >= 4")
    assert audit_verification.verify_chain(portal).broken_at == 4


def test_progress_is_told(portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_verification, "_REPORT_EVERY", 2)
    told: list[int] = []
    audit_verification.verify(portal, root, told.append)
    assert told == [2]
