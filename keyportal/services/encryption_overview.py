"""What an admin should know of the encryption keys at one glance, and of the servers that hold them."""

import os
import socket
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from keyportal.domain.principals import Permission, Principal
from keyportal.persistence import processes
from keyportal.persistence.tables import ProcessRow
from keyportal.services.backups import last_backup
from keyportal.services.encryption_keys import EncryptionStatus, KeyState, status_in
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import last_rotation
from keyportal.vault.sealed import SEALS_REFUSE, SEALS_WARN

# Without a backup for so long, somebody should make one.
BACKUP_WANTED_AFTER = timedelta(days=30)


class Situation(StrEnum):
    """What there is to do, the most pressing first."""

    RUNNING = "running"
    MISSING = "missing"
    LAGGING = "lagging"
    INTERRUPTED = "interrupted"
    REMAINING = "remaining"
    # Every value has the current key, and a former one is not taken out of use yet.
    UNFINISHED = "unfinished"
    REMOVABLE = "removable"
    SETTLED = "settled"


@dataclass(frozen=True)
class ServerView:
    """A server that runs. `is_this`: the one that answers now."""

    kind: str
    host: str
    pid: int
    holds_current: bool
    is_this: bool
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class BackupView:
    """The last backup, where one was ever made; `is_due` where that is long ago."""

    at: datetime | None
    file: str
    is_due: bool


@dataclass(frozen=True)
class EncryptionOverview:
    """`seals_limit` is how many values a key may seal; `is_worn`: the current one comes near to it."""

    situation: Situation
    status: EncryptionStatus
    servers: tuple[ServerView, ...]
    backup: BackupView
    seals_limit: int
    is_worn: bool


def overview_of(portal: Portal, principal: Principal) -> EncryptionOverview:
    """Return where everything stands. Opens nothing."""
    principal.require(Permission.ENCRYPTION_KEY_READ)
    now = portal.clock.now()
    with portal.database.reading() as session:
        # First: one that ends while the rest is read was running then, and whoever watches looks again.
        mark = last_rotation(session, now)
        status = replace(status_in(portal, session), rotation=mark)
        return EncryptionOverview(
            situation=situation_of(status),
            status=status,
            servers=tuple(_server(portal, row) for row in processes.running(session, now)),
            backup=_backup(session, now),
            seals_limit=SEALS_REFUSE,
            is_worn=any(key.state is KeyState.CURRENT and key.seals >= SEALS_WARN for key in status.keys),
        )


def situation_of(status: EncryptionStatus) -> Situation:
    """Decide what an admin is told first."""
    mark = status.rotation
    is_begun = mark is not None and mark.finished_at is None and mark.key_id == status.current_id
    facts = (
        (mark is not None and mark.is_running, Situation.RUNNING),
        (bool(status.missing_ids), Situation.MISSING),
        (bool(status.lagging), Situation.LAGGING),
        (is_begun and not status.is_settled, Situation.INTERRUPTED),
        (status.remaining > 0, Situation.REMAINING),
        (not status.is_settled, Situation.UNFINISHED),
        (bool(status.removable_ids), Situation.REMOVABLE),
    )
    return next((situation for holds, situation in facts if holds), Situation.SETTLED)


def _server(portal: Portal, row: ProcessRow) -> ServerView:
    return ServerView(
        kind=row.kind,
        host=row.host,
        pid=row.pid,
        holds_current=portal.keyring.current.id in row.key_ids,
        is_this=(row.host, row.pid) == (socket.gethostname(), os.getpid()),
        started_at=row.started_at,
        seen_at=row.seen_at,
    )


def _backup(session: Session, now: datetime) -> BackupView:
    made = last_backup(session)
    if made is None:
        return BackupView(None, "", is_due=True)
    at, name = made
    return BackupView(at, name, is_due=now - at > BACKUP_WANTED_AFTER)
