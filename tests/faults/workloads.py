"""What a child does: one kind of act after another through the real services, each told before and after.

It runs in a process of its own, forked from one that has everything loaded, with the product's settings.
"""

import asyncio
import ctypes
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import text

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import KeyPortalError, StorageUnavailable
from keyportal.domain.principals import operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import engine
from keyportal.services import (
    access,
    backups,
    credentials,
    encryption_rotation,
    importing,
    release_desk,
    resolution,
    start_up,
)
from keyportal.services.credentials import CredentialEdit, CredentialFilter, NewCredential
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import open_desk
from tests.conftest import person
from tests.faults.acts import Act
from tests.faults.places import value_of
from tests.support import make_settings

_LINES = 12
_CALLERS = 8
# After a refusal: a program that does not wait would only fill the list.
_PAUSE_S = 0.005


class Worker:
    """One child: its portal, and what it says of each act."""

    def __init__(self, told: Mapping[str, Any], line: Connection) -> None:
        self.told, self.line = told, line
        self.encryption_keys: list[str] = list(told["encryption_keys"])
        self._number = 0

    @cached_property
    def portal(self) -> Portal:
        portal = start_up.open_portal(self.settings())
        _require_durable(portal)
        return portal

    @cached_property
    def alice(self) -> Any:
        return person(self.portal, "alice")

    def settings(self) -> Any:
        return make_settings(Path(self.told["folder"]), **self.told["settings"])

    def name(self, number: int) -> str:
        return f"{self.told['run']} {number}"

    def is_stopped(self) -> bool:
        return self.line.poll()

    @contextmanager
    def act(self, act: Act) -> Iterator[list[Any]]:
        """Say what is tried, and what came of it. Whoever has an answer puts it into the list."""
        self._number += 1
        number, answer = f"{self.told['run']}, {self._number}", list[Any]()
        self.line.send(("try", number, act))
        try:
            yield answer
        except KeyPortalError as refusal:
            self.line.send(("refused", number, refusal.code))
            time.sleep(_PAUSE_S)
        except Exception as problem:  # noqa: BLE001  what is no refusal is a finding, whatever it is
            self.line.send(("wrong", number, type(problem).__name__))
            time.sleep(_PAUSE_S)
        else:
            self.line.send(("ok", number, answer[0] if answer else None))


def _require_durable(portal: Portal) -> None:
    """A database that may forget what it acknowledged proves nothing."""
    asked, wanted = ("PRAGMA synchronous", 2) if portal.database.is_sqlite else ("SHOW fsync", "on")
    with portal.database.reading() as session:
        assert session.connection().execute(text(asked)).scalar() == wanted


def create(work: Worker, number: int) -> None:
    name, value = work.name(number), value_of(work.told["run"], number)
    with work.act(Act("create", {name: value})):
        new = NewCredential("openai", name, Secret(value))
        credentials.create(work.portal, work.alice, Ownership.USER, new)


def edit(work: Worker, number: int) -> None:
    """Replace a value, and change what stands beside it in the same act."""
    name, key_id = work.told["ids"][number % len(work.told["ids"])]
    value = value_of(work.told["run"], "edit", number)
    with work.act(Act("edit", {name: value})):
        change = CredentialEdit(api_key=Secret(value), note=f"note {number}")
        credentials.update(work.portal, work.alice, Ownership.USER, key_id, change)


def delete(work: Worker, number: int) -> None:
    name, value = work.name(number), value_of(work.told["run"], number)
    new = NewCredential("openai", name, Secret(value))
    made = ""
    with work.act(Act("create", {name: value})):
        made = credentials.create(work.portal, work.alice, Ownership.USER, new).id
    if made:
        with work.act(Act("delete", {name: None})):
            credentials.delete(work.portal, work.alice, Ownership.USER, made)


def import_lines(work: Worker, number: int) -> None:
    """Import a text of several lines: all of them, or none."""
    run = f"{work.told['run']}_{number}".upper().replace(" ", "_").replace("-", "_")
    rows = {f"{run}_{n}_KEY": value_of(run, n) for n in range(_LINES)}
    with work.act(Act("import", dict(rows))):
        lines = Secret("\n".join(f"{name}={value}" for name, value in rows.items()))
        done = importing.run(work.portal, work.alice, Ownership.USER, lines)
        assert done.added == _LINES


def resolve(work: Worker, number: int) -> None:
    """Resolve the long way: one transaction for each."""
    with work.act(Act("resolve")) as answer:
        agent = access.require_agent(work.portal, work.told["token"])
        found = resolution.resolve_key(work.portal, agent, ("openai", "groq")[number % 2])
        assert found.credential is not None
        answer.append((found.resolution_id, found.credential.name, found.api_key.reveal()))


def desk(work: Worker, number: int) -> None:
    """Resolve from memory, several callers at once: many of them in one transaction."""
    asyncio.run(_ask_at_once(work))


async def _ask_at_once(work: Worker) -> None:
    bearer = work.told["token"].encode()
    async with open_desk(work.portal) as open_one:

        async def ask(caller: int) -> None:
            for turn in range(5):
                with work.act(Act("desk")) as answer:
                    wanted = Wanted(("openai", "groq")[(caller + turn) % 2])
                    found = await open_one.release(bearer, wanted, "192.0.2.1")
                    if found is None:
                        # The long way would answer, and has workloads of its own.
                        raise StorageUnavailable
                    assert found.release.credential is not None
                    value = found.opened.secret.reveal()
                    answer.append((found.resolution_id, found.release.credential.name, value))

        await asyncio.gather(*(ask(caller) for caller in range(_CALLERS)))


def read(work: Worker, number: int) -> None:
    """What has to work while nothing can be written."""
    with work.act(Act("read")):
        page = credentials.search(work.portal, work.alice, Ownership.USER, CredentialFilter())
        assert page.total > 0


def migrate(work: Worker, number: int) -> None:
    with work.act(Act("migrate")):
        start_up.migrate_schema(work.settings())


def start(work: Worker, number: int) -> None:
    with work.act(Act("start")):
        start_up.open_portal(work.settings()).close()


def rotate(work: Worker, number: int) -> None:
    """Begin with a new encryption key, unless the last one was not followed to the end."""
    known = work.encryption_keys
    if len(known) == 1:
        known.insert(0, sha256(f"{work.told['run']} {number}".encode()).hexdigest())
    current, *former = known
    keys = {"API_KEY_ENCRYPTION_KEY": current, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ",".join(former)}
    with work.act(Act("rotate", encryption_key=current)):
        settings = make_settings(Path(work.told["folder"]), **{**work.told["settings"], **keys})
        with closing(start_up.open_portal(settings)) as portal:
            encryption_rotation.rotate(portal, operator_principal())
        known[1:] = []


def backup(work: Worker, number: int) -> None:
    folder = Path(work.told["folder"]) / "backups"
    folder.mkdir(exist_ok=True)
    file = folder / f"{work.name(number)}.db"
    with work.act(Act("backup", file=str(file))):
        backups.create(work.portal, operator_principal(), file)


def get_up(work: Worker, number: int) -> None:
    """Nothing: who answers is there, and can begin at once."""


def prepare(work: Worker, number: int) -> None:
    """Open everything, so that what follows is the act and nothing else."""
    assert work.alice.user_id


WORKLOADS: dict[str, Callable[[Worker, int], None]] = {
    "create": create,
    "edit": edit,
    "delete": delete,
    "import": import_lines,
    "resolve": resolve,
    "desk": desk,
    "read": read,
    "rotate": rotate,
    "backup": backup,
    "migrate": migrate,
    "start": start,
    "get up": get_up,
    "prepare": prepare,
}


def main(told: Mapping[str, Any], line: Connection) -> None:
    """Do as told until nobody tells anything any more."""
    _let_anybody_trace()
    _apply(told.get("knobs", {}))
    work = Worker(told, line)
    begun = 0
    while True:
        try:
            order, amount = line.recv()
        except EOFError:
            return
        if order == "file size":
            resource.setrlimit(resource.RLIMIT_FSIZE, (amount, resource.RLIM_INFINITY))
            continue
        if order == "stop":
            continue
        for number in range(begun, begun + amount):
            if work.is_stopped():
                break
            WORKLOADS[order](work, number)
        begun += amount
        line.send(("done",))


def _apply(knobs: Mapping[str, Any]) -> None:
    """Wait for less long than the product does, and take less at once: nothing else is different here."""
    engine.BUSY_TIMEOUT_MS = knobs.get("busy_timeout_ms", engine.BUSY_TIMEOUT_MS)
    release_desk._PATIENCE_S = knobs.get("desk_patience_s", release_desk._PATIENCE_S)
    # A database of a test holds few values: that is many batches all the same.
    encryption_rotation.BATCH = 2


def _let_anybody_trace() -> None:
    """Where a tracer may only look at its own children (yama), let it look at this one."""
    ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
