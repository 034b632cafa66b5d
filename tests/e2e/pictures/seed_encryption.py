"""Portals whose encryption key was changed, each at another moment of that."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import SQLModel

from keyportal.domain.clock import SystemClock
from keyportal.domain.principals import Role
from keyportal.persistence import processes, records
from keyportal.persistence.tables import EncryptionKeyRow, ProcessRow
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import let_go, new_mark, write_mark
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from keyportal.vault.sealed import SEALS_WARN, VERSION
from tests.e2e.pictures.seed import ADA
from tests.e2e.seeding import add_person, opened
from tests.e2e.server import RunningPortal
from tests.services.support import SYSTEM, row_of, run_sql, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY

CHANGED = {"API_KEY_ENCRYPTION_KEY": OTHER_KEY, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}
_VALUES = 30_000
_filled: dict[str, RunningPortal] = {}


def fill(running: RunningPortal, place: str) -> None:
    """Make what belongs to a place, before its portal starts."""
    first = {**running.environment(), "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY}
    portal = open_portal(settings_from(first | {"API_KEY_ENCRYPTION_KEY_PREVIOUS": ""}), SystemClock())
    ada = add_person(portal, ADA, Role.ADMIN, "Ada Lovelace")
    save(portal, ada, "For everybody", ownership=SYSTEM)
    portal.close()
    portal = open_portal(settings_from(running.environment()), SystemClock())
    PLACES[place](portal)
    portal.close()
    _filled[place] = running


def lag_meanwhile(place: str) -> None:
    """Let a server start without the current key, while somebody looks at the page."""
    with opened(_filled[place]) as portal:
        _announce(portal, "keys-2.internal.example.com")


def _left(portal: Portal) -> None:
    _add_values(portal, former=_VALUES)


def _running(portal: Portal) -> None:
    _add_values(portal, former=11_000, current=19_000)
    _begin(portal, timedelta(seconds=25))


def _interrupted(portal: Portal) -> None:
    _add_values(portal, former=29_599, current=400)
    _begin(portal, -timedelta(minutes=2))


def _lagging(portal: Portal) -> None:
    _add_values(portal, former=_VALUES)
    _announce(portal, "keys-2.internal.example.com")
    _announce(portal, "a-host-of-a-very-long-name-" + "x" * 40)


def _announce(portal: Portal, host: str) -> None:
    now, former = portal.clock.now(), _former_ids(portal)
    row = ProcessRow(
        kind="api",
        host=host,
        pid=40_017,
        key_ids=former,
        current_key_id=former[0],
        started_at=now - timedelta(days=40),
        # Ahead of the clock: it is there for as long as the pictures take.
        seen_at=now + timedelta(seconds=40),
    )
    with portal.database.transaction() as session:
        processes.announce(session, row)


def _years_later(portal: Portal) -> None:
    """Everything has the current key, which is worn; one key was lost, and others wait for their values."""
    _add_values(portal, current=_VALUES, waiting=12, damaged=2)
    now = portal.clock.now()
    with portal.database.transaction() as session:
        for row in records.encryption_keys(session):
            is_current = row.key_id == portal.keyring.current.id
            row.created_at = now - timedelta(days=200)
            row.seals += SEALS_WARN if is_current else 0
            row.retired_at = None if is_current else now - timedelta(days=1)
            session.add(row)
        blob = _blob(portal.keyring.current.id)
        run_sql(session, "UPDATE credentials SET sealed = :blob WHERE sealed IS NOT NULL", blob=blob)
        session.add_all(_former_key(portal, number) for number in range(3, 27))
        content = json.dumps({"at": (now - timedelta(days=3)).isoformat(), "file": "keyportal-20261118.db"})
        records.write_setting(session, "last_backup", content, now)


def _former_key(portal: Portal, number: int) -> EncryptionKeyRow:
    made_at = portal.clock.now() - timedelta(days=90 * number)
    ended_at, is_lost = made_at + timedelta(days=80), number == 5
    return EncryptionKeyRow(
        key_id=f"{number * 123_456_789 % 2**32:08x}",
        canary=b"none",
        seals=number * 7_919,
        created_at=made_at,
        retired_at=None if is_lost else ended_at,
        abandoned_at=ended_at if is_lost else None,
    )


def _add_values(
    portal: Portal, *, former: int = 0, current: int = 0, waiting: int = 0, damaged: int = 0
) -> None:
    """Let there be very many values. None of them opens; which key they need is all that is looked at."""
    with portal.database.reading() as session:
        like = row_of(
            portal, str(session.connection().exec_driver_sql("SELECT id FROM credentials").scalar())
        )
    blobs = [_blob(_former_ids(portal)[0])] * former + [_blob(portal.keyring.current.id)] * (
        current + damaged
    )
    rows = [
        {
            **like.model_dump(),
            "id": str(uuid4()),
            "name": f"Key {number}",
            "name_key": f"key {number}",
            "position": number + 2,
            "sealed": blob,
            "unreadable": former + current <= number < former + current + damaged,
        }
        for number, blob in enumerate([*blobs, *[None] * waiting])
    ]
    with portal.database.transaction() as session:
        session.connection().execute(insert(SQLModel.metadata.tables["credentials"]), rows)


def _blob(key_id: str) -> bytes:
    return bytes([VERSION]) + bytes.fromhex(key_id) + bytes(60)


def _former_ids(portal: Portal) -> list[str]:
    return sorted(portal.keyring.ids - {portal.keyring.current.id})


def _begin(portal: Portal, from_now: timedelta) -> None:
    """Leave what a rotation leaves; one that was last heard of in the past was interrupted."""
    now = portal.clock.now()
    mark = new_mark(ADA, portal.keyring.current.id, now - timedelta(minutes=4))
    with portal.database.transaction() as session:
        (let_go if from_now < timedelta() else write_mark)(session, mark, now + from_now)


PLACES: dict[str, Callable[[Portal], None]] = {
    "left": _left,
    "rotating": _running,
    "interrupted": _interrupted,
    "lagging": _lagging,
    "years": _years_later,
}
