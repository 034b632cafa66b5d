"""The files of a portal: the data directory, SQLite's database, the settings. Writable, and nobody else's.

Modes are put right where the files are ours; of others a line says what to run.
"""

import errno
import logging
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from keyportal.domain.errors import UnusableSetting
from keyportal.settings import ROOT, Settings, env_file

DATA_DIR, DATABASE = "KEYPORTAL_DATA_DIR", "DATABASE_URL"
_KEY_FILE = "API_KEY_ENCRYPTION_KEY_FILE"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Full: what is there can be read, and what cannot be written says so later.
_FULL = (errno.ENOSPC, errno.EDQUOT)
_log = logging.getLogger(__name__)


def prepare_folder(settings: Settings) -> None:
    """Create the data directory for its owner alone. Raises UnusableSetting if it cannot be used."""
    folder = settings.data_dir
    _with_reasons(DATA_DIR, "folder", lambda: folder.mkdir(mode=0o700, parents=True, exist_ok=True))
    if not folder.is_dir():
        raise UnusableSetting(DATA_DIR, "names a file. Name a folder, or move the file away.")
    _with_reasons(DATA_DIR, "folder", lambda: try_to_write(folder))


def prepare_database_file(settings: Settings) -> None:
    """Create the SQLite file for its owner alone; its log files take over the mode."""
    if settings.uses_sqlite:
        file = _database_file(settings)
        setting = DATA_DIR if file.parent == settings.data_dir else DATABASE
        _with_reasons(setting, "file", lambda: _create_or_try(file))


def keep_private(settings: Settings) -> None:
    """Take the rights of others away from what is ours; log a line for what is not."""
    for path in open_to_others(settings):
        if not _make_private(path):
            _log.warning("%s", how_to_close(path))


def how_to_close(path: Path) -> str:
    """Return what to run for a file or folder that others may read."""
    mode = "700" if path.is_dir() else "600"
    return f"{path} can be read by others. Its owner or root runs `chmod {mode} {path}`."


def open_to_others(settings: Settings) -> list[Path]:
    """Return those of the portal's files and folders on which others than their owner have rights."""
    return [path for path in _private(settings) if _mode(path) & _OTHERS]


def _with_reasons(setting: str, kind: str, act: Callable[[], object]) -> None:
    """Do something to a file or folder a setting names; say what to do where that fails."""
    try:
        act()
    except OSError as problem:
        if problem.errno not in _FULL:
            raise UnusableSetting(setting, _reason(problem.errno, kind)) from None


def _reason(number: int | None, kind: str) -> str:
    if number == errno.EROFS:
        return (
            f"names a {kind} on a file system that is mounted read-only. Mount it writable, or name another."
        )
    if number in (errno.ENOTDIR, errno.EEXIST):
        return f"names a {kind} below a file. Name a folder, or move the file away."
    if number == errno.EISDIR:
        return "names a folder. Name a file in it."
    if number == errno.ENOENT:
        return f"names a {kind} in a folder that does not exist. Make the folder first."
    return (
        f"names a {kind} that cannot be written. Give it to the user KeyPortal runs as (`chown`), mode u+rwX."
    )


def try_to_write(folder: Path) -> None:
    """Write to a folder and leave nothing there. Raises OSError."""
    # Rights alone do not tell: root may do everything, but not on a disk that is read-only.
    with tempfile.TemporaryFile(dir=folder):
        pass


def _create_or_try(file: Path) -> None:
    # What is there is not opened: closing it would end the locks this process has on it.
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    elif file.is_dir():
        raise IsADirectoryError(errno.EISDIR, "")
    elif not os.access(file, os.R_OK | os.W_OK):
        is_read_only = os.statvfs(file).f_flag & os.ST_RDONLY
        raise OSError(errno.EROFS if is_read_only else errno.EACCES, "")


def _private(settings: Settings) -> Iterator[Path]:
    yield settings.data_dir
    if settings.uses_sqlite:
        file = _database_file(settings)
        yield from (file.with_name(file.name + ending) for ending in ("", "-wal", "-shm"))
    if env_file().is_file():
        yield env_file()
    if (named := settings.variables.get(_KEY_FILE, "").strip()) and (ROOT / named).is_file():
        yield ROOT / named


def _database_file(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///").partition("?")[0])


def _make_private(path: Path) -> bool:
    try:
        found = path.stat()
        if found.st_uid != os.geteuid():
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except FileNotFoundError:
        # A log of SQLite's that was just folded in.
        return True
    except OSError:
        return False
    return True


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
