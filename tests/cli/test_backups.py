"""`backup`, `verify` and `restore` as an operator types them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keyportal.cli.commands import app
from keyportal.domain.clock import SystemClock
from keyportal.services.portal import Portal
from tests.conftest import person
from tests.services.backup_support import add_server, fill, names_in, rows_in
from tests.services.support import VALUE, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY

Run = Callable[..., Result]
# What is typed and printed is the same for both databases; what differs is in tests/services.
on_sqlite = pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)


@pytest.fixture
def environment(portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What the commands find configured."""
    values = {
        "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "KEYPORTAL_ENV_FILE": str(tmp_path / "no.env"),
        "KEYPORTAL_DATA_DIR": str(tmp_path),
        "DATABASE_URL": portal.settings.database_url,
    }
    monkeypatch.setattr("keyportal.settings.os.environ", values)
    return values


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def command(*arguments: str | Path, stdin: str = "") -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)

    return command


@pytest.fixture
def backup(run: Run, portal: Portal, tmp_path: Path) -> Path:
    fill(portal)
    assert run("backup", tmp_path / "b.db").exit_code == 0
    return tmp_path / "b.db"


def has(portal: Portal, name: str) -> bool:
    return f"'{name}'" in str(rows_in(portal.settings.database_url)["credentials"])


def test_a_backup_names_its_file_the_keys_it_needs_and_where_they_belong(
    run: Run, portal: Portal, tmp_path: Path
) -> None:
    fill(portal)
    done = run("backup", tmp_path / "b.db")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'b.db'}\n")
    assert f"encryption key {portal.keyring.current.id}, for 4 values" in done.stderr
    assert "The encryption key is NOT inside" in done.stderr


@on_sqlite
def test_a_backup_that_cannot_be_made_is_one_line(run: Run, backup: Path, tmp_path: Path) -> None:
    for path in (backup, tmp_path / "nowhere" / "b.db"):
        done = run("backup", path)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert [name for name in names_in(tmp_path) if name.startswith((".keyportal", "b.db"))] == [
        "b.db",
        "b.db.recovery.txt",
    ]


@on_sqlite
def test_nothing_is_made_where_there_is_no_database(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"DATABASE_URL": "", "KEYPORTAL_DATA_DIR": str(tmp_path / "none")}
    done = run("backup", tmp_path / "b.db")
    assert (done.exit_code, done.stderr.count("\n"), (tmp_path / "none").exists()) == (1, 1, False)


@on_sqlite
def test_a_good_backup_is_verified_line_by_line(run: Run, backup: Path) -> None:
    done = run("verify", backup)
    assert done.exit_code == 0, done.output
    assert {line[:3] for line in done.stdout.splitlines()} == {"ok "}


@on_sqlite
def test_a_backup_is_verified_with_keys_of_a_file_or_of_standard_input(
    run: Run, environment: dict[str, str], backup: Path, tmp_path: Path
) -> None:
    environment["API_KEY_ENCRYPTION_KEY"] = OTHER_KEY
    assert run("verify", backup).exit_code == 1
    assert run("verify", backup, "--key-stdin", stdin=f"{OTHER_KEY},{ENCRYPTION_KEY}\n").exit_code == 0
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_text(f"API_KEY_ENCRYPTION_KEY={ENCRYPTION_KEY}\n")
    assert run("verify", backup, "--key-file", file).exit_code == 0
    assert run("verify", backup, "--key-file", file, "--key-stdin").exit_code == 2


@on_sqlite
def test_a_malformed_key_ends_with_78_and_is_not_repeated(run: Run, backup: Path) -> None:
    done = run("verify", backup, "--key-stdin", stdin=f"{ENCRYPTION_KEY}ff")
    assert done.exit_code == 78 and ENCRYPTION_KEY[:8] not in done.output


@on_sqlite
def test_a_backup_can_be_verified_where_nothing_is_configured(
    run: Run, environment: dict[str, str], backup: Path, tmp_path: Path
) -> None:
    environment.clear()
    environment |= {"KEYPORTAL_ENV_FILE": "/nowhere", "KEYPORTAL_DATA_DIR": str(tmp_path / "none")}
    assert run("verify", backup, "--key-stdin", stdin=ENCRYPTION_KEY).exit_code == 0
    assert not (tmp_path / "none").exists()


def test_a_restore_tells_what_it_does_and_brings_back_what_was(
    run: Run, portal: Portal, backup: Path, tmp_path: Path
) -> None:
    save(portal, person(portal, "alice"), "later")
    portal.close()
    done = run("restore", backup, "--yes")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "4 API keys" in done.stderr and "5 API keys" in done.stderr
    assert f"lies in {tmp_path / 'before-restore-'}" in done.stderr
    assert not has(portal, "later") and has(portal, "for all")


@on_sqlite
def test_a_restore_asks_and_a_no_touches_nothing(run: Run, portal: Portal, backup: Path) -> None:
    save(portal, person(portal, "alice"), "later")
    portal.close()
    done = run("restore", backup, stdin="n\n")
    assert done.exit_code == 1 and has(portal, "later")


@on_sqlite
def test_whoever_is_asked_decides(
    run: Run, portal: Portal, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(portal, person(portal, "alice"), "later")
    portal.close()
    monkeypatch.setattr("keyportal.cli.backups._is_somebody_there", lambda: True)
    assert run("restore", backup, stdin="n\n").exit_code == 1 and has(portal, "later")
    assert run("restore", backup, stdin="y\n").exit_code == 0 and not has(portal, "later")


@on_sqlite
def test_a_restore_is_refused_while_a_server_runs(run: Run, portal: Portal, backup: Path) -> None:
    object.__setattr__(portal, "clock", SystemClock())
    add_server(portal)
    portal.close()
    done = run("restore", backup, "--yes")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1) and "portal 1 on h" in done.stderr


def test_a_missing_key_ends_with_78_and_says_what_to_do(
    run: Run, environment: dict[str, str], portal: Portal, backup: Path
) -> None:
    environment["API_KEY_ENCRYPTION_KEY"] = OTHER_KEY
    portal.close()
    done = run("restore", backup, "--yes")
    assert done.exit_code == 78 and f"{portal.keyring.current.id} (for 4 values)" in done.stderr
    done = run("restore", backup, "--yes", "--anyway")
    assert done.exit_code == 0 and f"encryption-key abandon {portal.keyring.current.id}" in done.stderr
    # And that does it.
    assert run("encryption-key", "abandon", portal.keyring.current.id, "--yes").exit_code == 0
    assert run("doctor").exit_code == 0


def test_no_secret_is_ever_printed(
    run: Run, environment: dict[str, str], portal: Portal, backup: Path, tmp_path: Path
) -> None:
    portal.close()
    output = run("backup", tmp_path / "second.db").output + run("verify", backup).output
    output += run("restore", backup, "--yes").output
    environment["API_KEY_ENCRYPTION_KEY"] = OTHER_KEY
    output += run("verify", backup).output + run("restore", backup, "--yes").output
    output += run("backup", tmp_path / "third.db").output
    assert "for 4 values" in output
    for secret in (VALUE, ENCRYPTION_KEY, OTHER_KEY, "postgresql+psycopg"):
        assert secret not in output
