"""What the browser holds of the encryption keys. Key ids are public; nothing else of a key gets here."""

from dataclasses import dataclass, field

from keyportal.services.encryption_keys import KeyState, KeyView
from keyportal.services.encryption_overview import EncryptionOverview, ServerView, Situation
from keyportal.ui.admin_encryption.words import Note, many, notes_of, told_of

_OUT_OF_USE = (KeyState.RETIRED, KeyState.ABANDONED)
_SERVES = {"portal": "Portal", "api": "API alone"}


@dataclass(frozen=True)
class Glance:
    """What there is to know first. `act` is what the one button does, `by` and `since` who began it.

    `done` is how much of every hundred values has the current key; `spoken` says it for who listens.
    """

    situation: str = Situation.SETTLED
    sentence: str = ""
    detail: str = ""
    act: str = ""
    act_word: str = ""
    by: str = ""
    since: str = ""
    done: int = 100
    spoken: str = ""


@dataclass(frozen=True)
class KeyRow:
    id: str
    state: str
    needed: str
    seals: str
    since: str
    ended_at: str


@dataclass(frozen=True)
class ServerRow:
    name: str
    serves: str
    holds_current: bool
    is_this: bool
    since: str
    seen_at: str


@dataclass(frozen=True)
class Shown:
    """All that is on the page. `former` are keys that are out of use for good."""

    glance: Glance = field(default_factory=Glance)
    notes: list[Note] = field(default_factory=list)
    in_use: list[KeyRow] = field(default_factory=list)
    former: list[KeyRow] = field(default_factory=list)
    former_words: str = ""
    servers: list[ServerRow] = field(default_factory=list)
    backup_at: str = ""
    backup_file: str = ""
    backup_is_due: bool = False


def shown_of(found: EncryptionOverview) -> Shown:
    # They come oldest first; the current one is what is looked for.
    newest_first = found.status.keys[::-1]
    rows = [(key.state, _key_row(key)) for key in sorted(newest_first, key=_is_former)]
    former = [row for state, row in rows if state in _OUT_OF_USE]
    return Shown(
        glance=glance_of(found),
        notes=notes_of(found),
        in_use=[row for state, row in rows if state not in _OUT_OF_USE],
        former=former,
        former_words=many(len(former), "key is", "keys are") + " out of use",
        servers=[_server_row(server) for server in found.servers],
        backup_at=found.backup.at.isoformat() if found.backup.at else "",
        backup_file=found.backup.file,
        backup_is_due=found.backup.is_due,
    )


def glance_of(found: EncryptionOverview) -> Glance:
    status, told = found.status, told_of(found.situation, found.status)
    is_begun = found.situation in (Situation.RUNNING, Situation.INTERRUPTED)
    mark = status.rotation if is_begun else None
    done = 100 * (status.total - status.remaining) // status.total if status.total else 100
    return Glance(
        situation=found.situation,
        sentence=told.sentence,
        detail=told.detail,
        act=told.act,
        act_word=told.act_word,
        by=mark.by if mark else "",
        since=mark.started_at.isoformat() if mark else "",
        done=done,
        # In steps of ten: who listens does not want to hear every second.
        spoken=f"{done - done % 10} percent re-sealed" if found.situation is Situation.RUNNING else "",
    )


def _is_former(key: KeyView) -> bool:
    return key.state is not KeyState.CURRENT


def _key_row(key: KeyView) -> KeyRow:
    ended = key.abandoned_at or key.retired_at
    return KeyRow(
        id=key.id,
        state=key.state,
        needed=f"{key.values:,}",
        seals=f"{key.seals:,}",
        since=key.created_at.isoformat() if key.created_at else "",
        ended_at=ended.isoformat() if ended else "",
    )


def _server_row(server: ServerView) -> ServerRow:
    return ServerRow(
        name=f"{server.host}, process {server.pid}",
        serves=_SERVES.get(server.kind, server.kind),
        holds_current=server.holds_current,
        is_this=server.is_this,
        since=server.started_at.isoformat(),
        seen_at=server.seen_at.isoformat(),
    )
