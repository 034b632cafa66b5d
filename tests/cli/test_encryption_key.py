"""`encryption-key` as an operator types it: a rotation, a lost key, and nothing secret on the screen."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keyportal.cli.commands import app
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import VALUE, row_of, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY

Run = Callable[..., Result]
KEY, PREVIOUS = "API_KEY_ENCRYPTION_KEY", "API_KEY_ENCRYPTION_KEY_PREVIOUS"


@pytest.fixture
def portal(make_portal: MakePortal) -> Portal:
    portal = make_portal()
    save(portal, person(portal, "alice"))
    return portal


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / "settings"
    file.write_text(f"{KEY}={ENCRYPTION_KEY}\n")
    return file


@pytest.fixture
def run(portal: Portal, env_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command on the test's database with the settings file, and nothing else of this machine."""

    def command(*arguments: str, stdin: str = "", **settings: str) -> Result:
        given = {
            "KEYPORTAL_ENV_FILE": str(env_file),
            "KEYPORTAL_DATA_DIR": str(tmp_path),
            "DATABASE_URL": portal.settings.database_url,
            **settings,
        }
        monkeypatch.setattr("keyportal.settings.os.environ", given)
        done = CliRunner().invoke(app, ["encryption-key", *arguments], input=stdin)
        # Whatever is asked for, no key and no value is ever shown.
        shown = {VALUE, ENCRYPTION_KEY, OTHER_KEY, *re.findall(r"[0-9a-f]{64}", env_file.read_text())}
        assert not [secret for secret in shown if secret in done.output]
        return done

    return command


def test_a_whole_rotation_from_a_new_key_to_the_former_one_taken_out(run: Run, env_file: Path) -> None:
    assert "Nothing is left to do" in run("status").stdout
    assert "Restart the portal" in run("rotate", "--generate").stdout
    assert "1 of 2 values are left" in run("status").stdout
    done = run("rotate")
    assert (done.exit_code, "1 values re-sealed" in done.stdout) == (0, True)
    assert "Take it out of" in run("status").stdout
    lines = env_file.read_text().splitlines()
    env_file.write_text("\n".join(line for line in lines if PREVIOUS not in line) + "\n")
    done = run("status")
    assert "Nothing is left to do" in done.stdout and "retired" in done.stdout
    assert run("verify").exit_code == 0


def test_another_new_key_waits_until_the_rotation_is_done(run: Run, env_file: Path) -> None:
    run("rotate", "--generate")
    run("status")
    before = env_file.read_text()
    done = run("rotate", "--generate")
    assert (done.exit_code, env_file.read_text()) == (1, before)


def test_rotating_without_a_former_key_says_that_nothing_was_to_be_done(run: Run) -> None:
    done = run("rotate")
    assert (done.exit_code, done.stdout.splitlines()[0].startswith("0 values")) == (0, True)


def test_the_status_is_there_for_scripts(run: Run, portal: Portal) -> None:
    found = json.loads(run("status", "--json").stdout)
    (key,) = found["keys"]
    assert (found["current_id"], found["remaining"]) == (portal.keyring.current.id, 0)
    assert (key["id"], key["state"], key["values"]) == (portal.keyring.current.id, "current", 1)


def test_a_lost_key_is_said_to_be_missing_and_given_up_after_its_id_is_typed(
    run: Run, portal: Portal, env_file: Path
) -> None:
    lost = portal.keyring.current.id
    env_file.write_text(f"{KEY}={OTHER_KEY}\n")
    assert run("rotate").exit_code == 78
    status = run("status")
    assert f"{lost}: not configured" in status.stdout and "MISSING" in status.stdout
    done = run("verify")
    assert (done.exit_code, f"1 need key id {lost}" in done.stdout) == (1, True)
    done = run("abandon", lost, stdin=f"{lost}\n")
    assert (done.exit_code, "1 API keys wait" in done.stdout) == (0, True)
    assert run("rotate").exit_code == 0


def test_another_id_typed_gives_nothing_up(run: Run, portal: Portal, env_file: Path) -> None:
    (credential_id,) = _ids(portal)
    env_file.write_text(f"{KEY}={OTHER_KEY}\n")
    done = run("abandon", portal.keyring.current.id, stdin="yes\n")
    assert (done.exit_code, row_of(portal, credential_id).sealed is None) == (1, False)


@pytest.mark.parametrize("key_id", ["deadbeef", "", "x" * 5000], ids=["unknown", "empty", "long"])
def test_an_id_that_is_none_is_refused_in_one_line(run: Run, key_id: str) -> None:
    done = run("abandon", key_id, "--yes")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert not key_id or key_id not in done.stderr


def test_the_current_key_is_not_given_up(run: Run, portal: Portal) -> None:
    done = run("abandon", portal.keyring.current.id, "--yes")
    assert (done.exit_code, done.stderr.partition(":")[0]) == (1, "encryption_key_held")


def test_a_damaged_value_makes_verify_fail(run: Run, portal: Portal) -> None:
    (credential_id,) = _ids(portal)
    sealed = row_of(portal, credential_id).sealed or b""
    with portal.database.transaction() as session:
        row = session.merge(row_of(portal, credential_id))
        row.sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    done = run("verify")
    assert (done.exit_code, "0 open, 1 are damaged" in done.stdout) == (1, True)


def _ids(portal: Portal) -> list[str]:
    with portal.database.reading() as session:
        return list(session.connection().exec_driver_sql("SELECT id FROM credentials").scalars())
