"""What stops a start: each case with its setting, what to do next, and no value in it."""

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from keyportal.domain.errors import StorageUnavailable, UnusableSetting
from keyportal.persistence import migrate
from keyportal.persistence.engine import open_engine
from keyportal.services import own_files
from keyportal.services.start_up import open_portal
from tests.e2e.server import ROOT
from tests.support import clean_environment, make_settings


def test_a_schema_that_is_not_whole_is_a_setting_too(tmp_path: Path) -> None:
    open_portal(make_settings(tmp_path)).close()
    with open_engine(f"sqlite:///{tmp_path / 'keyportal.db'}", poolclass=NullPool).begin() as connection:
        connection.execute(text("DROP TRIGGER users_changed_update"))
    with pytest.raises(UnusableSetting, match=r"^DATABASE_URL: .*users_changed_update.*Restore it"):
        open_portal(make_settings(tmp_path))


def test_a_migration_that_was_broken_off_is_taken_up_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'keyportal.db'}"
    engine = open_engine(url, poolclass=NullPool)
    from alembic import command

    with engine.begin() as connection:
        command.upgrade(migrate._config(connection), "0004")
    open_portal(make_settings(tmp_path)).close()
    with engine.connect() as connection:
        revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    assert revisions == [migrate.newest_revision()]


# Root may write everywhere; without its capabilities it is a user like others.
_LIKE_OTHERS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def said_without_rights(folder: Path) -> str:
    """Open a portal in this folder as a user without root's rights; return what came of it."""
    done = subprocess.run(
        [*(_LIKE_OTHERS if os.geteuid() == 0 else []), sys.executable, "-c", _OPEN, str(folder)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


_OPEN = """
import sys
from shutil import which
from pathlib import Path
from tests.support import make_settings
from keyportal.services.start_up import open_portal
from keyportal.domain.errors import UnusableSetting
try:
    open_portal(make_settings(Path(sys.argv[1])))
    print("opened")
except UnusableSetting as refusal:
    print(refusal.message)
"""


@pytest.mark.parametrize(
    ("setting", "values"),
    [("KEYPORTAL_DATA_DIR", {}), ("DATABASE_URL", {"DATABASE_URL": "sqlite:////proc/keyportal.db"})],
)
def test_where_nothing_can_be_made_the_setting_is_named(
    tmp_path: Path, setting: str, values: dict[str, str]
) -> None:
    folder = Path("/proc/keyportal") if not values else tmp_path
    with pytest.raises(UnusableSetting) as refusal:
        open_portal(make_settings(folder, **values))
    assert refusal.value.setting == setting
    assert refusal.value.message.endswith((".", ")"))


def test_a_folder_on_a_disk_that_is_read_only_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(folder: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(own_files, "try_to_write", refuses)
    with pytest.raises(UnusableSetting, match=r"KEYPORTAL_DATA_DIR.*read-only.*Mount it writable"):
        open_portal(make_settings(tmp_path))


def test_a_folder_in_place_of_the_database_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "keyportal.db").mkdir()
    with pytest.raises(UnusableSetting, match=r"names a folder\. Name a file in it"):
        open_portal(make_settings(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0 and which("setpriv") is None, reason="root may write everywhere")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_may_only_be_read_is_refused(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "data"
    assert said_without_rights(folder) == "opened\n"
    if what == "file":
        (folder / "keyportal.db").chmod(0o400)
    else:
        folder.chmod(0o500)
    said = said_without_rights(folder)
    folder.chmod(0o700)
    assert said.startswith("KEYPORTAL_DATA_DIR: ")
    assert f"names a {what} that cannot be written" in said and "chown" in said


@pytest.mark.parametrize("name", ["keyportal.db", "settings.env", "."])
def test_what_is_ours_and_others_can_read_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "settings.env").touch()
    monkeypatch.setattr(own_files, "env_file", lambda: tmp_path / "settings.env")
    settings = make_settings(tmp_path)
    open_portal(settings).close()
    (tmp_path / name).chmod(0o755 if name == "." else 0o644)
    open_portal(settings).close()
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) & 0o077 == 0


def test_what_is_not_ours_is_named_with_its_chmod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(own_files.os, "geteuid", lambda: 12345)
    tmp_path.chmod(0o755)
    with caplog.at_level(logging.WARNING):
        open_portal(make_settings(tmp_path)).close()
    assert f"chmod 700 {tmp_path}" in caplog.text
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_database_that_fails_while_its_keys_are_looked_at_is_a_setting_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr("keyportal.services.start_up.require_right_keys", fails)
    with pytest.raises(UnusableSetting, match=r"^DATABASE_URL"):
        open_portal(make_settings(tmp_path))
