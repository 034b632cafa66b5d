"""Exports: everything that is known of keys but their values, and nothing a spreadsheet would run."""

import csv
import io
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import QueuePool

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import Forbidden, InvalidInput, TooManyAttempts
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.domain.secret import Secret
from keyportal.services import audit_export, exporting
from keyportal.services.import_lines import read_lines
from keyportal.services.portal import Portal
from tests.services.reporting import report
from tests.services.support import SYSTEM, USER, VALUE, events, save, spoil
from tests.support import FakeClock


def exported(portal: Portal, who: Principal, format: str = "csv", ownership: Ownership = USER) -> str:
    return "".join(exporting.export(portal, who, ownership, format).parts)


def rows(portal: Portal, who: Principal) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(portal, who))))


def test_the_table_has_every_key_and_no_value(portal: Portal, alice: Principal, bob: Principal) -> None:
    save(portal, alice, "Main, EU", note='says "hi"', environment="prod")
    save(portal, bob, "his")
    (row,) = rows(portal, alice)
    assert (row["name"], row["note"], row["environment"]) == ("Main, EU", 'says "hi"', "prod")
    assert (row["provider"], row["mask"]) == ("openai", f"****...{VALUE[-4:]}")
    assert VALUE not in exported(portal, alice)


def test_health_comes_with_who_says_so(portal: Portal, alice: Principal, agent: Principal) -> None:
    report(portal, agent, save(portal, alice, "reported").id, "auth_failed")
    spoil(portal, save(portal, alice, "tested").id, health_outcome="valid")
    save(portal, alice, "new")
    assert {row["name"]: (row["health"], row["health_source"]) for row in rows(portal, alice)} == {
        "reported": ("invalid", "report"),
        "tested": ("valid", "test"),
        "new": ("", ""),
    }


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\uff1d1+1"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(
    portal: Portal, alice: Principal, name: str
) -> None:
    save(portal, alice, name, note=f"{name} note")
    (row,) = rows(portal, alice)
    assert (row["name"], row["note"]) == (f"'{name}", f"'{name} note")


def test_the_template_names_the_variables_and_no_value(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "Main")
    save(portal, alice, "Spare")
    save(portal, alice, "Stripe (live)", "sk_live_0123456789", provider="")
    text = exported(portal, alice, "env")
    assert "\n# OpenAI\n#   " in text and "#   Main (****" in text
    assert [line for line in text.splitlines() if line and not line.startswith("#")] == [
        "OPENAI_API_KEY=",
        "STRIPE_LIVE=",
    ]
    assert {r.reason for r in read_lines(Secret(text)).refused} == {"It has no value."}
    assert VALUE not in text


def test_a_name_cannot_break_out_of_its_comment(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "x=1 # y")
    lines = exported(portal, alice, "env").splitlines()
    assert [line for line in lines if "x=1" in line] == [f"#   x=1 # y (****...{VALUE[-4:]})"]


def test_an_export_is_on_record_before_it_leaves(portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    exporting.export(portal, alice, USER, "csv")
    said = events(portal)[-1]
    assert (said.action, said.details) == (
        "credential.export",
        {"ownership": "user", "count": 1, "to": "csv"},
    )


def test_system_keys_are_exported_by_admins_alone(portal: Portal, alice: Principal, root: Principal) -> None:
    save(portal, root, "shared", ownership=SYSTEM)
    for who in (alice, anonymous_principal()):
        with pytest.raises(Forbidden):
            exporting.export(portal, who, SYSTEM, "csv")
    assert "shared" in exported(portal, root, "csv", SYSTEM)
    with pytest.raises(InvalidInput):
        exporting.export(portal, root, SYSTEM, "xlsx")


def test_batches_leave_nothing_out_and_double_nothing(
    portal: Portal, alice: Principal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for n in range(7):
        names.append(save(portal, alice, f"key {n}").name)
        clock.advance(timedelta(seconds=n % 2))
    monkeypatch.setattr(exporting, "BATCH", 3)
    assert sorted(row["name"] for row in rows(portal, alice)) == sorted(names)


def test_no_connection_is_held_while_a_file_is_written(
    portal: Portal, alice: Principal, root: Principal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(portal, alice, "one")
    clock.advance(timedelta(seconds=1))
    save(portal, alice, "two")
    for module in (exporting, audit_export):
        monkeypatch.setattr(module, "BATCH", 1)
    keys, trail = exporting.export(portal, alice, USER, "csv"), audit_export.export(portal, root, {}, "csv")
    assert "one" in [next(keys.parts), next(keys.parts)][1]
    assert "audit.export" in [next(trail.parts), next(trail.parts)][1]
    assert cast(QueuePool, portal.database.engine.pool).checkedout() == 0
    assert "two" in "".join(keys.parts)


def test_a_person_has_two_files_written_at_once(portal: Portal, alice: Principal, bob: Principal) -> None:
    first, second = (exporting.export(portal, alice, USER, "csv") for _ in range(2))
    recorded = len(events(portal))
    with pytest.raises(TooManyAttempts, match="2 files are being written") as refusal:
        exporting.export(portal, alice, USER, "env")
    assert (refusal.value.retry_after > 0, len(events(portal))) == (True, recorded)
    assert exported(portal, bob)
    # One that is read to its end, and one that nobody reads any more, make room.
    assert list(first.parts)
    del second
    third, fourth = (exporting.export(portal, alice, USER, "csv") for _ in range(2))
    assert list(third.parts) and list(fourth.parts)


def test_a_file_on_a_broken_line_stops_counting(portal: Portal, alice: Principal, clock: FakeClock) -> None:
    held = [exporting.export(portal, alice, USER, "csv") for _ in range(2)]
    clock.advance(timedelta(minutes=5))
    assert exported(portal, alice)
    assert len(held) == 2
