"""Where the encryption keys stand: which are in use, what needs them, what may be taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import attention, credentials, processes, records
from keyportal.persistence.sealed_values import CREDENTIALS
from keyportal.persistence.tables import EncryptionKeyRow, ProcessRow
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.canaries import is_needed
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import RotationMark, last_rotation
from keyportal.services.sealed_columns import Opening, damaged_values, open_everything, values_by_key
from keyportal.vault.sealed import key_id_of


class KeyState(StrEnum):
    """What an encryption key is to this database."""

    CURRENT = "current"
    PREVIOUS = "previous"
    # Configured, and nothing would be lost without it.
    REMOVABLE = "removable"
    RETIRED = "retired"
    MISSING = "missing"
    ABANDONED = "abandoned"


@dataclass(frozen=True)
class KeyView:
    """One encryption key. `values` need it; `seals` is how many it ever made, of 2^31 it may make."""

    id: str
    state: KeyState
    values: int
    seals: int
    created_at: datetime | None
    retired_at: datetime | None
    abandoned_at: datetime | None


@dataclass(frozen=True)
class EncryptionStatus:
    """`remaining` of `total` values still need a key that is not the current one.

    `unreadable` ones open with no key, `waiting` have none and are to be entered again. `lagging` are
    servers that run without the current key; those `behind` hold it and still seal with a former one, each
    with that one's id.
    """

    current_id: str
    keys: tuple[KeyView, ...]
    total: int
    remaining: int
    unreadable: int
    waiting: int
    lagging: tuple[str, ...]
    behind: tuple[tuple[str, str], ...]
    rotation: RotationMark | None

    @property
    def missing_ids(self) -> tuple[str, ...]:
        return tuple(key.id for key in self.keys if key.state is KeyState.MISSING)

    @property
    def removable_ids(self) -> tuple[str, ...]:
        return tuple(key.id for key in self.keys if key.state is KeyState.REMOVABLE)

    @property
    def is_settled(self) -> bool:
        """Nothing is left to re-seal, and no former key waits to be taken out of use."""
        return not any(key.state in (KeyState.PREVIOUS, KeyState.MISSING) for key in self.keys)

    @property
    def waits_for_restart(self) -> bool:
        """All that is left are former keys that a running server seals with."""
        former = {key.id for key in self.keys if key.state is KeyState.PREVIOUS}
        return bool(former) and not self.remaining and former <= {key_id for _, key_id in self.behind}


def status(portal: Portal, principal: Principal) -> EncryptionStatus:
    """Return where every key stands. Opens nothing."""
    principal.require(Permission.ENCRYPTION_KEY_READ)
    with portal.database.reading() as session:
        return status_in(portal, session)


def status_in(portal: Portal, session: Session) -> EncryptionStatus:
    current_id = portal.keyring.current.id
    needed = {key_id: sum(by_noun.values()) for key_id, by_noun in values_by_key(session).items()}
    known = records.encryption_keys(session)
    ids = {row.key_id for row in known}
    servers = processes.running(session, portal.clock.now())
    sealing = {row.current_key_id for row in servers}
    keys = [_view(portal, row, needed.get(row.key_id, 0), row.key_id in sealing) for row in known]
    # Configured, and not known here: a former key nobody used, or one whose row was taken away.
    keys += [
        _unknown(key_id, needed.get(key_id, 0)) for key_id in sorted(portal.keyring.ids - ids - {current_id})
    ]
    ids |= portal.keyring.ids
    return EncryptionStatus(
        current_id=current_id,
        keys=tuple(keys),
        total=sum(needed.get(key_id, 0) for key_id in ids),
        remaining=sum(needed.get(key_id, 0) for key_id in ids - {current_id}),
        unreadable=damaged_values(session),
        waiting=attention.count_without_value(session),
        lagging=tuple(server_name(row) for row in servers if current_id not in row.key_ids),
        behind=tuple(
            (server_name(row), row.current_key_id)
            for row in servers
            if current_id in row.key_ids and row.current_key_id != current_id
        ),
        rotation=last_rotation(session, portal.clock.now()),
    )


def verify(portal: Portal, principal: Principal) -> list[Opening]:
    """Open every saved value and forget it at once. Takes a few seconds for 100,000.

    What is damaged is marked, so that lists say so from now on, and what opens after all is not any more.
    """
    principal.require(Permission.ENCRYPTION_KEY_ROTATE)
    closed: list[Any] = []
    with portal.database.reading() as session:
        marked = set(attention.marked_unreadable(session))
        openings = open_everything(
            session,
            portal.keyring,
            lambda column, row: closed.append(row) if column.stored is CREDENTIALS else None,
        )
    mark_damaged(portal, [row for row in closed if portal.keyring.holds(key_id_of(row.sealed))])
    _unmark(portal, marked - {row.id for row in closed})
    count = sum(opening.readable for opening in openings)
    result = Result.OK if all(opening.is_whole for opening in openings) else Result.FAILED
    with acting(portal, principal) as session:
        audit.record(portal, session, principal, Action.ENCRYPTION_KEY_VERIFY, result, count=count)
    return openings


def mark_damaged(portal: Portal, rows: Sequence[Any]) -> None:
    """Remember which API keys open with no key: lists say so, and no key is kept for their sake."""
    if rows:
        with portal.database.transaction() as session:
            for row in rows:
                credentials.write_health(session, row.id, row.secret_version, unreadable=True)


def _unmark(portal: Portal, credential_ids: set[str]) -> None:
    if credential_ids:
        with portal.database.transaction() as session:
            attention.unmark_unreadable(session, sorted(credential_ids))


def lagging_in(session: Session, portal: Portal) -> list[ProcessRow]:
    """Return the servers that run without the current key: what is sealed with it they cannot open."""
    current_id = portal.keyring.current.id
    return [row for row in processes.running(session, portal.clock.now()) if current_id not in row.key_ids]


def server_name(row: ProcessRow) -> str:
    return f"{row.kind} {row.pid} on {row.host}"


def _view(portal: Portal, row: EncryptionKeyRow, values: int, is_sealing: bool) -> KeyView:
    return KeyView(
        row.key_id,
        _state(portal, row, values, is_sealing),
        values,
        row.seals,
        row.created_at,
        row.retired_at,
        row.abandoned_at,
    )


def _unknown(key_id: str, values: int) -> KeyView:
    state = KeyState.PREVIOUS if values else KeyState.REMOVABLE
    return KeyView(key_id, state, values, 0, None, None, None)


def _state(portal: Portal, row: EncryptionKeyRow, values: int, is_sealing: bool) -> KeyState:
    is_held = portal.keyring.holds(row.key_id)
    if row.key_id == portal.keyring.current.id:
        return KeyState.CURRENT
    if is_needed(row) or values or is_sealing:
        return KeyState.PREVIOUS if is_held else KeyState.MISSING
    if is_held:
        return KeyState.REMOVABLE
    return KeyState.RETIRED if row.retired_at else KeyState.ABANDONED
