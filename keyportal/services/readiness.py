"""Can this process serve right now: the database, its schema, the encryption keys, Redis.

Tells codes and never ids, addresses or versions. One look goes on at a time, however many ask: a database
that hangs holds one thread.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.errors import StorageUnavailable
from keyportal.persistence import migrate, records
from keyportal.persistence.faults import outage_of
from keyportal.services.canaries import keys_to_restart_for
from keyportal.services.portal import Portal
from keyportal.services.start_up import answers_redis

OK, UNKNOWN = "ok", "unknown"
SCHEMA_CHANGED = "schema_changed"
KEY_MISSING = "encryption_key_missing"
REDIS_UNAVAILABLE = "redis_unavailable"
# Whoever asks is told within so long, also of what did not answer.
WITHIN_S = 2.5
_REDIS_S = 2.0

Checks = Mapping[str, str]


class Lookout:
    """Looks for everybody who asks at the same time at once."""

    def __init__(self, *, uses_redis: bool = True) -> None:
        self._uses_redis = uses_redis
        self._database = _OneAtATime("database")
        self._redis = _OneAtATime("redis")

    async def look(self, portal: Portal) -> Checks:
        """Return each check's code, `ok` where all is well."""
        until = time.monotonic() + WITHIN_S
        asked = [(self._database, lambda: _look_at_database(portal), _SILENT)]
        if self._uses_redis and portal.settings.redis_url is not None:
            asked.append((self._redis, lambda: _look_at_redis(portal), {"redis": REDIS_UNAVAILABLE}))
        answers = await asyncio.gather(*(one.answer(look, until, silent) for one, look, silent in asked))
        return MappingProxyType({name: code for answer in answers for name, code in answer.items()})


class _OneAtATime:
    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ready-{name}")
        self._lock = Lock()
        self._going_on: Future[Checks] | None = None

    async def answer(self, look: Callable[[], Checks], until: float, silent: Checks) -> Checks:
        """Return what a look finds, or `silent` where it does not end in time."""
        with self._lock:
            if self._going_on is None or self._going_on.done():
                self._going_on = self._thread.submit(look)
            going_on = asyncio.wrap_future(self._going_on)
        done, _ = await asyncio.wait({going_on}, timeout=until - time.monotonic())
        return going_on.result() if done else silent


_SILENT: Checks = MappingProxyType(
    {"database": StorageUnavailable.code, "schema": UNKNOWN, "encryption_key": UNKNOWN}
)


def _look_at_database(portal: Portal) -> Checks:
    try:
        with portal.database.reading() as session:
            revisions = migrate.revisions_in(session)
            missing = keys_to_restart_for(records.encryption_keys(session), portal.keyring)
    except StorageUnavailable as fault:
        return {**_SILENT, "database": fault.code}
    except SQLAlchemyError as problem:
        # It answers, and what we asked for is not there.
        outage_of(problem)
        return {"database": OK, "schema": SCHEMA_CHANGED, "encryption_key": UNKNOWN}
    return {
        "database": OK,
        "schema": OK if revisions == [migrate.newest_revision()] else SCHEMA_CHANGED,
        "encryption_key": KEY_MISSING if missing else OK,
    }


def _look_at_redis(portal: Portal) -> Checks:
    answers = answers_redis(portal.settings, within_s=_REDIS_S)
    return {"redis": OK if answers else REDIS_UNAVAILABLE}
