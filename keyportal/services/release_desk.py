"""Hands out keys from memory at the speed of a plain answer, and lets nothing go uncounted.

Callers that come together are written in one transaction, and each waits until it is on the disk. The same
transaction proves that nothing changed since their keys were decided on.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sqlmodel import Session

from keyportal.domain.errors import KeyPortalError, StorageUnavailable
from keyportal.domain.principals import Permission
from keyportal.persistence import changes
from keyportal.persistence.faults import outage_of
from keyportal.persistence.ledger import Busy, Held, ledger_of
from keyportal.providers.base import Provider
from keyportal.services import access, audit
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Asked, Known, ReleaseCache, Wanted
from keyportal.services.releases import Refused, Release, prepare
from keyportal.services.resolution import require_subject
from keyportal.services.sealing import Opened
from keyportal.services.uses import Use, batch_of, resolution_id_of

# Decided on so often and overtaken by a change each time: let the long way have it.
_TRIES = 5
_BUSY_WAIT_S, _PATIENCE_S = 0.001, 10.0
# A thread that computes should let others in this often, in seconds (Python: 0.005): a resolve asks for the
# interpreter some ten times, and an import would be in its way each time.
SWITCH_S = 0.0005
# A key whose row somebody holds is left to the long way, which can wait, for so long.
_ASIDE_S = 1.0
# Agent keys that were let in the long way: only theirs are looked for here.
_MOST_AGENTS = 20_000
# While a policy turns memory off, so often somebody looks whether it still does.
_OFF_FOR_S = 1.0

# What a caller is told in place of a resolution id: decide again, or go the long way.
_AGAIN, _LONG_WAY = "again", "long way"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Released:
    """A key that is on record and may leave."""

    release: Release
    opened: Opened
    resolution_id: str


@dataclass(slots=True)
class _Group:
    """Those who wait for one key alike, from one address. It is opened for all of them at once."""

    opened: Opened
    told: list[asyncio.Future[str]] = field(default_factory=list)

    @property
    def live(self) -> list[asyncio.Future[str]]:
        """Return those who have not hung up."""
        return [one for one in self.told if not one.done()]

    def tell(self, what: str) -> None:
        for one in self.live:
            one.set_result(what)


# By the decision and the address.
_Waiting = dict[tuple[Known, str], _Group]


class ReleaseDesk:
    """One for each process and event loop. `close` it there."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._cache = ReleaseCache()
        self._ledger = ledger_of(portal.database.engine)
        self._link = audit.linking(portal)
        self._waiting: _Waiting = {}
        self._learning: dict[Asked, asyncio.Future[Known | None]] = {}
        self._writing: asyncio.Task[None] | None = None
        self._let_in: dict[bytes, None] = {}
        self._aside: dict[str, float] = {}
        self._registry_number = -1
        self._off_until = 0.0

    async def close(self) -> None:
        """Write what still waits, and let go of the database."""
        if self._writing is not None:
            await self._writing
        await self._ledger.close()

    def knows(self, digest: bytes) -> bool:
        """Tell whether an agent key with this digest was let in before."""
        return digest in self._let_in

    def let_in(self, digest: bytes) -> None:
        """Remember an agent key that the long way let in, so that the next call may be short."""
        if len(self._let_in) >= _MOST_AGENTS:
            del self._let_in[next(iter(self._let_in))]
        self._let_in[digest] = None

    async def release(self, bearer: bytes, wanted: Wanted, address: str) -> Released | None:
        """Return the key to use, counted and audited; None where only the long way can answer.

        Raises StorageUnavailable when it could not be put on record.
        """
        asked = (digest_of(bearer), wanted)
        for _ in range(_TRIES):
            known = self._cache.find(asked, self._portal.clock.now())
            if known is None:
                known = await self._learn_once(bearer, asked)
                if known is None:
                    return None
                self._cache.keep(asked, known)
            if self._is_aside(known):
                return None
            group = self._join(known, address)
            told = await self._wait_in(group)
            if told is _LONG_WAY:
                return None
            if told is not _AGAIN:
                return Released(known.release, group.opened, told)
        return None

    def _is_aside(self, known: Known) -> bool:
        return bool(self._aside) and time.monotonic() < self._aside.get(known.release.credential_id, 0.0)

    def _join(self, known: Known, address: str) -> _Group:
        group = self._waiting.get((known, address))
        if group is None:
            group = self._waiting[known, address] = _Group(known.release.open())
        return group

    def _wait_in(self, group: _Group) -> asyncio.Future[str]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[str] = loop.create_future()
        group.told.append(told)
        if self._writing is None:
            self._writing = loop.create_task(self._write_all())
            self._writing.add_done_callback(self._stopped)
        return told

    async def _write_all(self) -> None:
        """Write batch after batch until nobody waits."""
        waiting: _Waiting = {}
        since, fault = time.monotonic(), StorageUnavailable()
        try:
            while self._waiting:
                await self._gather()
                waiting, self._waiting = self._waiting, {}
                try:
                    await self._write(waiting)
                    since = time.monotonic()
                except Busy:
                    if time.monotonic() - since > _PATIENCE_S:
                        raise StorageUnavailable from None
                    self._wait_again(waiting)
                    await asyncio.sleep(_BUSY_WAIT_S)
                except Held as held:
                    self._put_aside(waiting, held.credential_ids)
                    self._wait_again(waiting)
        except Exception as problem:  # noqa: BLE001  whoever waits is told below, whatever it was
            fault = outage_of(problem)
        finally:
            self._wait_again(waiting)
            self._give_up(fault)

    def _stopped(self, writing: asyncio.Task[None]) -> None:
        """Also a writer that was stopped before it began leaves nobody without an answer."""
        if self._writing is writing:
            self._give_up(StorageUnavailable())

    def _give_up(self, fault: StorageUnavailable) -> None:
        groups, self._waiting, self._writing = list(self._waiting.values()), {}, None
        for one in (one for group in groups for one in group.live):
            one.set_exception(type(fault)(fault.message))

    def _wait_again(self, waiting: _Waiting) -> None:
        for alike, group in self._waiting.items():
            waiting.setdefault(alike, _Group(group.opened)).told.extend(group.told)
        self._waiting = waiting

    def _put_aside(self, waiting: _Waiting, credential_ids: frozenset[str]) -> None:
        """Send those whose key somebody holds the long way, and for a while those who come after."""
        until = time.monotonic() + _ASIDE_S
        self._aside = {one: at for one, at in self._aside.items() if at > time.monotonic()}
        self._aside |= dict.fromkeys(credential_ids, until)
        for (known, _), group in waiting.items():
            if known.release.credential_id in credential_ids:
                group.tell(_LONG_WAY)

    async def _gather(self) -> None:
        """Let everybody join who is at the door already: one wait for the disk serves them all."""
        before = 0
        while (now := sum(len(group.told) for group in self._waiting.values())) > before:
            before = now
            await asyncio.sleep(0)

    async def _write(self, waiting: _Waiting) -> None:
        """Write one batch of those whose key is still the right one; the others decide again."""
        now = self._portal.clock.now()
        while True:
            uses = [use for alike, group in waiting.items() if (use := self._use(alike, group, now))]
            if not uses:
                return
            batch = batch_of(self._portal, [use for use, _ in uses], now)
            changed = await self._ledger.write(batch, self._cache.number, self._link)
            if changed is None:
                break
            self._cache.note(changed.number, changed.scopes)
        self._cache.mark(batch.marked_ids | batch.agent_key_ids, now)
        for event, (_, told) in zip(batch.events, uses, strict=True):
            for number, one in enumerate(told):
                # Hung up while it was written: counted all the same.
                if not one.done():
                    one.set_result(resolution_id_of(event.uid, number))

    def _use(
        self, alike: tuple[Known, str], group: _Group, now: datetime
    ) -> tuple[Use, list[asyncio.Future[str]]] | None:
        known, address = alike
        live = group.live
        if live and self._cache.is_current(known, now):
            marks_key = not self._cache.is_marked(known.release.credential_id, now)
            marks_agent = not self._cache.is_marked(known.principal.agent_key_id or "", now)
            return Use(known.principal, address, known.release, len(live), marks_key, marks_agent), live
        group.tell(_AGAIN)
        return None

    async def _learn_once(self, bearer: bytes, asked: Asked) -> Known | None:
        """Decide in a thread. Whoever asks for the same meanwhile waits for the same decision."""
        if time.monotonic() < self._off_until:
            return None
        if asked not in self._learning:
            learning = asyncio.ensure_future(
                asyncio.to_thread(self._learn, bearer.decode("latin-1"), asked[1])
            )
            learning.add_done_callback(lambda _: self._learning.pop(asked, None))
            self._learning[asked] = learning
        return await asyncio.shield(self._learning[asked])

    def _learn(self, bearer: str, wanted: Wanted) -> Known | None:
        """Decide from the database. None for whatever is refused: the long way says why."""
        try:
            with self._portal.database.reading() as session:
                _, everybody = changes.latest(session)
            if everybody != self._registry_number and not self._portal.live_registry.forget():
                return None
            provider = self._portal.providers.get_enabled(wanted.provider)
            with self._portal.database.reading() as session:
                number, again = changes.latest(session)
                if again != everybody:
                    return None
                self._registry_number = everybody
                return self._learn_in(session, number, bearer, wanted, provider)
        except (KeyPortalError, Refused):
            return None
        except Exception as problem:  # noqa: BLE001  the long way meets it again and can answer it
            _log.warning("a key could not be decided on from memory: %s", type(problem).__name__)
            return None

    def _learn_in(
        self, session: Session, number: int, bearer: str, wanted: Wanted, provider: Provider
    ) -> Known | None:
        row, owner = access.live_agent_in(self._portal, session, bearer)
        principal = access.principal_of_agent(row, owner)
        principal.require(Permission.SECRETS_RELEASE)
        subject = require_subject(session, principal, wanted.user)
        release = prepare(self._portal, session, subject, provider, wanted.model)
        if not release.is_memory_on:
            self._off_until = time.monotonic() + _OFF_FOR_S
        if not (release.is_memory_on and release.may_be_kept):
            return None
        ends_at = min(row.expires_at, release.valid_until or row.expires_at)
        return Known(principal, owner.id, subject.id, release, ends_at, number)


def digest_of(bearer: bytes) -> bytes:
    return sha256(bearer).digest()


@asynccontextmanager
async def open_desk(portal: Portal) -> AsyncIterator[ReleaseDesk]:
    """Yield a desk that is open; what waits at the end is still written."""
    desk = ReleaseDesk(portal)
    try:
        yield desk
    finally:
        await desk.close()
