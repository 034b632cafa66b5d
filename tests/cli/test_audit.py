"""`audit verify` as an operator types it: proven, broken, and not provable, in words and for scripts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from keyportal.cli.commands import app
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import VALUE, events, run_sql, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY

Run = Callable[..., Result]


@pytest.fixture
def portal(make_portal: MakePortal) -> Portal:
    portal = make_portal()
    save(portal, person(portal, "alice"))
    return portal


@pytest.fixture
def run(portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `audit verify` on the test's database, with nothing else of this machine."""

    def command(*arguments: str, key: str = ENCRYPTION_KEY) -> Result:
        settings = {
            "KEYPORTAL_ENV_FILE": str(tmp_path / "no.env"),
            "KEYPORTAL_DATA_DIR": str(tmp_path),
            "DATABASE_URL": portal.settings.database_url,
            "API_KEY_ENCRYPTION_KEY": key,
        }
        monkeypatch.setattr("keyportal.settings.os.environ", settings)
        done = CliRunner().invoke(app, ["audit", "verify", *arguments])
        assert VALUE not in done.output and key not in done.output
        return done

    return command


def spoil_event(portal: Portal, **values: Any) -> int:
    """Change the third event, or take it out, and return its number."""
    number = events(portal)[2].id or 0
    change = ", ".join(f"{column} = :{column}" for column in values)
    statement = f"UPDATE audit_events SET {change}" if values else "DELETE FROM audit_events"
    with portal.database.transaction() as session:
        run_sql(session, f"{statement} WHERE id = :id", id=number, **values)
    return number


def test_a_whole_trail_is_told_with_its_ends_and_recorded(run: Run, portal: Portal) -> None:
    count = len(events(portal))
    done = run()
    assert done.exit_code == 0
    assert f"{count:,} events, from event 1 (21 Nov 2026, 12:00:00 UTC) to event {count} (" in done.stdout
    assert "unbroken" in done.stdout
    last = events(portal)[-1]
    assert (last.action, last.principal_kind, last.result) == ("audit.verify", "operator", "ok")


def test_a_break_is_told_between_which_events_and_what_to_do(run: Run, portal: Portal) -> None:
    number = spoil_event(portal, address="x")
    done = run()
    assert done.exit_code == 1
    first = done.stdout.splitlines()[0]
    assert first.startswith(
        f"BROKEN between event {number - 1} (21 Nov 2026, 12:00:00 UTC) and event {number} ("
    )
    assert "does not fit" in first and "backup" in done.stdout
    assert f"{number - 1} events fit" in done.stdout
    assert events(portal)[-1].result == "failed"


def test_the_first_event_may_be_the_wrong_one(run: Run, portal: Portal) -> None:
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM audit_events WHERE id = (SELECT min(id) FROM audit_events)")
    done = run()
    assert done.exit_code == 1
    assert "it is the first, and no trail begins with it" in done.stdout
    assert "No event is proven" in done.stdout


def test_an_end_that_was_cut_off_is_told(run: Run, portal: Portal) -> None:
    assert run().exit_code == 0
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM audit_events WHERE id > 2")
    done = run()
    assert done.exit_code == 1
    assert "was there when the trail was last proven, and is gone" in done.stdout
    assert "The event before it is 2 (" in done.stdout


def test_a_key_that_is_missing_is_told_by_its_id(run: Run, portal: Portal) -> None:
    done = run(key=OTHER_KEY)
    assert done.exit_code == 1
    key_id = portal.keyring.current.id
    assert f"NOT PROVEN from event 1 on: it was written under key id {key_id}" in done.stdout
    assert f"encryption-key abandon {key_id}" in done.stdout


def test_scripts_get_the_same_as_json(run: Run, portal: Portal) -> None:
    whole = json.loads(run("--json").stdout)
    assert whole["broken"] is None and whole["events"] == whole["last"]["number"]
    assert whole["first"] == {"number": 1, "at": "2026-11-21T12:00:00+00:00"}
    number = spoil_event(portal)
    done = run("--json")
    assert done.exit_code == 1
    broken = json.loads(done.stdout)["broken"]
    assert (broken["number"], broken["after"]["number"]) == (number + 1, number - 1)
