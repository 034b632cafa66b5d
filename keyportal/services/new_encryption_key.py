"""A new encryption key put in front of the present one, in the settings file it came from."""

import os
import secrets
import tempfile
from pathlib import Path

from dotenv import dotenv_values

from keyportal.domain.errors import UnusableSetting
from keyportal.services.canaries import PREVIOUS
from keyportal.services.first_run import locked
from keyportal.settings import ENCRYPTION_KEY, Settings
from keyportal.vault.keyring import EncryptionKey


def put_new_key(settings: Settings, env_file: Path) -> str:
    """Write a new key as the current one and the present one as a previous one; return the new one's id.

    The file is replaced as a whole or not at all. Raises UnusableSetting where the present key comes from
    somewhere else: then that is where the new one has to go.
    """
    present = settings.require_encryption_key().reveal()
    new = secrets.token_hex(32)
    try:
        with locked(env_file):
            written = dotenv_values(env_file, interpolate=False)
            if (written.get(ENCRYPTION_KEY) or "").strip().lower() != present:
                raise UnusableSetting(
                    ENCRYPTION_KEY,
                    f"does not come from {env_file.name}. Create a key with `openssl rand -hex 32`, put it"
                    f" where the present one is, and the present one into {PREVIOUS}.",
                )
            former = [present, *(key.reveal() for key in settings.previous_encryption_keys)]
            values = {ENCRYPTION_KEY: new, PREVIOUS: ",".join(dict.fromkeys(former))}
            _replace(env_file.resolve(), _with(env_file.read_text("utf-8"), values))
    except OSError:
        raise UnusableSetting(
            ENCRYPTION_KEY, f"cannot be changed: {env_file.name} cannot be written."
        ) from None
    return EncryptionKey(bytes.fromhex(new)).id


def _with(text: str, values: dict[str, str]) -> str:
    """Return the file with these settings at the place of the first, and everything else as it was."""
    lines, left = [], dict(values)
    for line in text.splitlines():
        name = line.removeprefix("export ").partition("=")[0].strip()
        if name not in values:
            lines.append(line)
        elif left:
            lines += [f"{setting}={value}" for setting, value in left.items()]
            left = {}
    return "\n".join([*lines, *(f"{setting}={value}" for setting, value in left.items())]) + "\n"


def _give_to_owner_of(file: Path, handle: int) -> None:
    """An operator may be root, and the portal somebody else."""
    if _owner_of(file) != (os.getuid(), os.getgid()):
        os.fchown(handle, *_owner_of(file))


def _owner_of(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_uid, found.st_gid


def _replace(file: Path, text: str) -> None:
    # Made for its owner alone, and on the disk before it takes the old one's place.
    handle, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            _give_to_owner_of(file, handle)
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
