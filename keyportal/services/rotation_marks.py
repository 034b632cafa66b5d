"""What a rotation of the encryption key leaves for others to see: that it runs, and how far it is."""

import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from keyportal.persistence import records

_NAME = "encryption_rotation"
# A rotation that has not said anything for so long was ended from outside.
_SILENT_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class RotationMark:
    """How the last rotation goes or went. It runs on by itself only while `is_running`."""

    by: str
    key_id: str
    started_at: datetime
    seen_at: datetime
    host: str
    pid: int
    resealed: int = 0
    damaged: int = 0
    finished_at: datetime | None = None
    is_running: bool = False


def last_rotation(session: Session, now: datetime) -> RotationMark | None:
    row = records.read_setting(session, _NAME)
    try:
        mark = _read(json.loads(row.value)) if row is not None else None
    except (ValueError, TypeError, KeyError):
        # Not ours: somebody wrote into the database. Where a rotation stands is told by the data.
        mark = None
    if mark is None:
        return None
    # Both ways: a clock that was put back must not keep everybody out.
    is_heard = abs(now - mark.seen_at) < _SILENT_AFTER
    return replace(mark, is_running=mark.finished_at is None and is_heard and not _is_gone(mark))


def _read(stored: dict[str, Any]) -> RotationMark:
    moments = {
        name: datetime.fromisoformat(stored[name]) if stored[name] else None
        for name in ("started_at", "seen_at", "finished_at")
    }
    return RotationMark(**{**stored, **moments, "pid": int(stored["pid"])})


def new_mark(by: str, key_id: str, now: datetime) -> RotationMark:
    return RotationMark(by, key_id, now, now, socket.gethostname(), os.getpid())


def let_go(session: Session, mark: RotationMark, now: datetime) -> None:
    """Say that a rotation stopped before its end, so that the next one need not wait."""
    write_mark(session, replace(mark, pid=0), now)


def _is_gone(mark: RotationMark) -> bool:
    """Tell whether its process ended, where that can be told."""
    if mark.pid == 0:
        return True
    if mark.host != socket.gethostname():
        return False
    try:
        os.kill(mark.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def write_mark(session: Session, mark: RotationMark, now: datetime) -> None:
    content = {**asdict(replace(mark, seen_at=now, is_running=False))}
    moments = {name: value.isoformat() for name, value in content.items() if isinstance(value, datetime)}
    records.write_setting(session, _NAME, json.dumps({**content, **moments}), now)
