"""The first start: generate an encryption key into `.env`, but never where ciphertext could exist."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy import inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from keyportal.domain.errors import UnusableSetting
from keyportal.persistence.engine import open_engine
from keyportal.settings import ENCRYPTION_KEY, Settings

_NOTE = "# Encrypts every saved API key. Back it up now, away from the database: without it they are lost.\n"


def ensure_encryption_key(settings: Settings, env_file: Path) -> bool:
    """Write a new key to `.env` (mode 0600) if there is neither a key nor a database. Returns whether.

    Raises UnusableSetting where a database exists without its key: a new key would lock it for ever.
    """
    if settings.encryption_key is not None:
        return False
    line = f"{_NOTE}{ENCRYPTION_KEY}={secrets.token_hex(32)}\n"
    try:
        with locked(env_file):
            if dotenv_values(env_file).get(ENCRYPTION_KEY):
                # Another start was faster; its key is the one.
                return False
            if has_database(settings):
                settings.require_encryption_key()
            _append_private(env_file, line)
    except OSError:
        raise UnusableSetting(
            ENCRYPTION_KEY,
            "is not set, and .env cannot be written. Make its folder writable, or set the key.",
        ) from None
    return True


@contextmanager
def locked(env_file: Path) -> Iterator[None]:
    with env_file.with_name(env_file.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def has_database(settings: Settings) -> bool:
    """Tell whether a database of KeyPortal is there already."""
    url = make_url(settings.database_url)
    if settings.uses_sqlite:
        return bool(url.database) and Path(str(url.database)).exists()
    engine = open_engine(settings.database_url, poolclass=NullPool)
    try:
        return bool(inspect(engine).get_table_names())
    except SQLAlchemyError:
        raise UnusableSetting(
            "DATABASE_URL",
            "names a database that cannot be opened. See that the server runs, and that host, port, name and"
            " password are right.",
        ) from None
    finally:
        engine.dispose()


def _append_private(file: Path, line: str) -> None:
    existing = file.read_text(encoding="utf-8") if file.exists() else ""
    opener = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(opener, "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o600)
        out.write(("" if not existing or existing.endswith("\n") else "\n") + line)
        out.flush()
        os.fsync(out.fileno())
