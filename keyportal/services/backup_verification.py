"""Proof that a backup can be restored with the keys there are: every sealed value in it is opened."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.clock import Clock, SystemClock
from keyportal.domain.errors import BackupRefused, KeyPortalError, UnusableSetting
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import copies, migrate
from keyportal.persistence.inventory import Inventory
from keyportal.services import audit_verification, recovery_sheet
from keyportal.services.backup_contents import (
    Contents,
    bring_up_to_date,
    contents_of,
    counted,
    in_plain_words,
    nobodys_keyring,
    opened,
    private_copy,
)
from keyportal.services.portal import Portal
from keyportal.services.sealed_columns import Opening, open_everything
from keyportal.settings import Settings, parse_encryption_key
from keyportal.vault.keyring import Keyring

_LABEL = re.compile(r"^API_KEY_ENCRYPTION_KEY(_PREVIOUS)?=")
_LONGEST = 65536


@dataclass(frozen=True)
class BackupFinding:
    """One part that was looked at. `words` say what to do where it is not ok."""

    part: str
    is_ok: bool
    words: str


def keyring_from_text(text: str, setting: str) -> Keyring:
    """Return the keys of a text, one a line or with commas between, also as lines of `.env`.

    Raises UnusableSetting.
    """
    pieces = (_LABEL.sub("", piece) for piece in re.split(r"[\s,]+", text.strip()))
    keys = [bytes.fromhex(parse_encryption_key(piece, setting).reveal()) for piece in pieces]
    return Keyring(keys[0], keys[1:])


def keyring_from_file(path: Path, setting: str) -> Keyring:
    """Raises UnusableSetting for a file that others can read."""
    try:
        with path.open(encoding="ascii") as file:
            others = os.fstat(file.fileno()).st_mode & stat.S_IRWXO
            text = file.read(_LONGEST)
    except (OSError, ValueError):
        raise UnusableSetting(setting, "names a file that cannot be read as text.") from None
    if others:
        raise UnusableSetting(setting, "names a file others can read. Run `chmod 600` on it.")
    return keyring_from_text(text, setting)


def configured_keyring(settings: Settings) -> Keyring | None:
    if settings.encryption_key is None:
        return None
    keys = [settings.encryption_key, *settings.previous_encryption_keys]
    current, *previous = (bytes.fromhex(key.reveal()) for key in keys)
    return Keyring(current, previous)


def verify(
    settings: Settings,
    principal: Principal,
    path: Path,
    keyring: Keyring | None,
    clock: Clock | None = None,
) -> list[BackupFinding]:
    """Return what there is to say of each part of a backup, up to the first that stops the look.

    The file is not changed. Raises BackupRefused, BackupFailed.
    """
    principal.require(Permission.BACKUPS_WRITE)
    with in_plain_words("The backup could not be looked at"), private_copy(path) as (copy, digest):
        findings = [_file(path, digest), _structure(copy)]
        if not findings[-1].is_ok:
            return findings
        try:
            revision = bring_up_to_date(copy)
        except BackupRefused as refusal:
            return [*findings, BackupFinding("schema", False, refusal.message)]
        findings.append(BackupFinding("schema", True, _schema_words(revision)))
        ring = keyring or nobodys_keyring()
        with opened(copy, settings, ring, clock or SystemClock()) as portal:
            return [*findings, *_content(portal, keyring)]


def _file(path: Path, digest: str) -> BackupFinding:
    expected, size = recovery_sheet.digest_on(path), f"{path.stat().st_size:,} bytes"
    if expected is None:
        return BackupFinding("file", True, f"{size}; no recovery sheet lies beside it to compare it with")
    if expected != digest:
        return BackupFinding(
            "file", False, f"{size}; not the file its recovery sheet was written for. Take another backup."
        )
    return BackupFinding("file", True, f"{size}, as its recovery sheet says")


def _structure(copy: Path) -> BackupFinding:
    damage = copies.damage_of(copy)
    words = f"damaged ({damage}). Take another backup." if damage else "whole"
    return BackupFinding("database", not damage, words)


def _schema_words(revision: str) -> str:
    is_newest = revision == migrate.newest_revision()
    return f"revision {revision}" + ("" if is_newest else ", brought up to date when it is restored")


def _content(portal: Portal, keyring: Keyring | None) -> Iterator[BackupFinding]:
    try:
        with portal.database.reading() as session:
            contents = contents_of(session)
        missing = contents.missing(keyring)
        yield BackupFinding("what it holds", True, in_words(contents.inventory))
        yield BackupFinding("encryption keys", not missing, _keys_words(contents, missing))
        if keyring is None:
            return
        with portal.database.reading() as session:
            openings = open_everything(session, portal.keyring)
        for opening in openings:
            yield BackupFinding(opening.noun, opening.is_whole, _opening_words(opening))
        yield _trail(portal, missing)
    except (KeyPortalError, SQLAlchemyError):
        yield BackupFinding("values", False, "could not be read to their end. Take another backup.")


def in_words(held: Inventory) -> str:
    newest = f", up to {held.newest_event_at:%Y-%m-%d %H:%M:%S} UTC" if held.newest_event_at else ""
    return (
        f"{counted(held.people, 'person', 'people')}, {counted(held.api_keys, 'API key')},"
        f" {counted(held.system_keys, 'system key')}, {counted(held.agent_keys, 'agent key')},"
        f" {counted(held.audit_events, 'audit event')}{newest}"
    )


def missing_in_words(missing: Mapping[str, int]) -> str:
    return ", ".join(f"{key_id} (for {counted(count, 'value')})" for key_id, count in sorted(missing.items()))


def _keys_words(contents: Contents, missing: dict[str, int]) -> str:
    if missing:
        return (
            f"key id {missing_in_words(missing)} is not here. Give that key with --key-file, or configure it."
        )
    return f"{', '.join(sorted(contents.values))} needed, and here"


def _opening_words(opening: Opening) -> str:
    parts = [f"{opening.readable:,} open"]
    if opening.damaged:
        parts.append(f"{opening.damaged:,} damaged: enter them again, or take another backup")
    if opening.missing:
        parts.append(f"closed without key id {missing_in_words(opening.missing)}")
    return "; ".join(parts)


def _trail(portal: Portal, missing: dict[str, int]) -> BackupFinding:
    report = audit_verification.verify_chain(portal)
    unproven = f", {report.unproven:,} of them of a lost key" if report.unproven else ""
    if report.broken_at is None:
        return BackupFinding("audit trail", True, f"{counted(report.events, 'event')}, unbroken{unproven}")
    if missing:
        words = f"event {report.broken_at:,} cannot be verified without the missing key"
    else:
        words = f"event {report.broken_at:,} was changed or removed. Compare it with another backup."
    return BackupFinding("audit trail", False, words)
