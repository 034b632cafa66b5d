"""What an admin is told of the encryption keys: one sentence, what follows from it, and what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from keyportal.services.encryption_keys import EncryptionStatus, KeyState
from keyportal.services.encryption_overview import EncryptionOverview, Situation
from keyportal.services.encryption_rotation import RotationReport
from keyportal.services.sealed_columns import Opening
from keyportal.ui import routes

_PREVIOUS = "API_KEY_ENCRYPTION_KEY_PREVIOUS"
# What the one button does: go on with the rotation, or only look at everything anew.
RESEAL, LOOK = "reseal", "look"


@dataclass(frozen=True)
class Told:
    sentence: str
    detail: str = ""
    act: str = ""
    act_word: str = ""


@dataclass(frozen=True)
class Note:
    """Something beside that wants looking after, and where that is done."""

    name: str
    text: str
    link: str = ""
    link_word: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of opening every value. `lines` tell what did not open."""

    sentence: str = ""
    lines: list[str] = field(default_factory=list)
    is_whole: bool = True
    is_damaged: bool = False


def told_of(situation: Situation, status: EncryptionStatus) -> Told:
    return _TOLD[situation](status)


def _running(status: EncryptionStatus) -> Told:
    sealed = status.total - status.remaining
    return Told(
        f"{sealed:,} of {status.total:,} values are sealed with key id {status.current_id}.",
        "People and programs go on meanwhile. You can leave this page: the server goes on by itself.",
    )


def _missing(status: EncryptionStatus) -> Told:
    needed = sum(key.values for key in status.keys if key.state is KeyState.MISSING)
    needs = f"{many(needed, 'value needs', 'values need')} it and cannot be opened here. " if needed else ""
    return Told(
        f"This server does not hold key id {', '.join(status.missing_ids)}.",
        f"{needs}Restart this server with the settings that have the key, or add the key to {_PREVIOUS};"
        " then look again.",
        LOOK,
        "Look again",
    )


def _lagging(status: EncryptionStatus) -> Told:
    is_one = len(status.lagging) == 1
    return Told(
        "A running server does not hold the current key."
        if is_one
        else f"{len(status.lagging):,} running servers do not hold the current key.",
        f"{', '.join(status.lagging)}: what is sealed with key id {status.current_id} cannot be opened there."
        f" Restart {'it' if is_one else 'them'} with the new settings, then look again.",
        LOOK,
        "Look again",
    )


def _interrupted(status: EncryptionStatus) -> Told:
    where = _left(status) if status.remaining else "former keys are still to be taken out of use"
    return Told(
        f"Re-sealing was interrupted: {where}.",
        "Nothing is lost: every value opens as before. It goes on from where it was.",
        RESEAL,
        "Continue",
    )


def _remaining(status: EncryptionStatus) -> Told:
    return Told(
        f"{_left(status)}.",
        f"Everything opens as before. Re-sealing turns it over to the current key, id {status.current_id};"
        " people and programs go on meanwhile.",
        RESEAL,
        f"Re-seal {many(status.remaining, 'value', 'values')}",
    )


def _unfinished(status: EncryptionStatus) -> Told:
    if status.waits_for_restart:
        servers = ", ".join(f"{server} (with key id {key_id})" for server, key_id in status.behind)
        return Told(
            "A running server still seals with a former key.",
            f"{servers}: restart it with the new settings, then look again. Nothing is lost meanwhile.",
            LOOK,
            "Look again",
        )
    former = [key.id for key in status.keys if key.state is KeyState.PREVIOUS]
    return Told(
        f"Every saved value is sealed with key id {status.current_id}.",
        f"Key id {', '.join(former)} is still to be taken out of use. That takes a moment.",
        RESEAL,
        "Finish",
    )


def _removable(status: EncryptionStatus) -> Told:
    ids = ", ".join(status.removable_ids)
    if len(status.removable_ids) == 1:
        return Told(
            f"Key id {ids} is needed by nothing any more.",
            f"Take it out of {_PREVIOUS} and restart. Keep it with your older backups: those still need it.",
        )
    return Told(
        f"Key ids {ids} are needed by nothing any more.",
        f"Take them out of {_PREVIOUS} and restart. Keep them with your older backups: those still need"
        " them.",
    )


def _settled(status: EncryptionStatus) -> Told:
    if not status.total:
        return Told("Nothing is saved yet.", f"What is will be sealed with key id {status.current_id}.")
    return Told(
        f"Every saved value is sealed with key id {status.current_id}.",
        f"{many(status.total, 'value', 'values')}, and nothing is left to do.",
    )


_TOLD: dict[Situation, Callable[[EncryptionStatus], Told]] = {
    Situation.RUNNING: _running,
    Situation.MISSING: _missing,
    Situation.LAGGING: _lagging,
    Situation.INTERRUPTED: _interrupted,
    Situation.REMAINING: _remaining,
    Situation.UNFINISHED: _unfinished,
    Situation.REMOVABLE: _removable,
    Situation.SETTLED: _settled,
}


def _left(status: EncryptionStatus) -> str:
    needs = "needs" if status.remaining == 1 else "need"
    return f"{status.remaining:,} of {status.total:,} values still {needs} a former key"


def notes_of(found: EncryptionOverview) -> list[Note]:
    status, notes = found.status, list[Note]()
    if found.is_worn:
        notes.append(_worn(found))
    if status.unreadable:
        opens = many(status.unreadable, "value is", "values are")
        text = f"{opens} damaged and cannot be opened. People see theirs in their own lists."
        notes.append(Note("unreadable", text, _system_keys("unreadable"), "Unreadable system keys"))
    if status.waiting:
        waits = many(status.waiting, "API key waits", "API keys wait")
        text = f"{waits} for the value to be entered again. People see theirs in their own lists."
        notes.append(Note("waiting", text, _system_keys("re_enter"), "Waiting system keys"))
    return notes


def _worn(found: EncryptionOverview) -> Note:
    seals = next(key.seals for key in found.status.keys if key.state is KeyState.CURRENT)
    return Note(
        "worn",
        f"Key id {found.status.current_id} has sealed {seals:,} values. At {found.seals_limit:,} nothing more"
        " is saved with it: change the encryption key before that.",
    )


def outcome_of(report: RotationReport) -> str:
    """Say what a rotation did that was begun in this tab."""
    said = [f"{many(report.resealed, 'value', 'values')} re-sealed."]
    if report.damaged:
        said.append(f"{many(report.damaged, 'value opens', 'values open')} with no key: unreadable.")
    if report.remaining:
        saved = many(report.remaining, "value was", "values were")
        said.append(f"{saved} saved with a former key meanwhile: re-seal once more.")
    if report.retired_ids:
        said.append(f"Key id {', '.join(report.retired_ids)} is out of use now.")
    return " ".join(said)


def verdict_of(openings: Sequence[Opening]) -> Verdict:
    readable = sum(opening.readable for opening in openings)
    closed = sum(opening.damaged + sum(opening.missing.values()) for opening in openings)
    if not closed:
        return Verdict(f"All {readable:,} values open." if readable else "There is no value yet.")
    return Verdict(
        f"{many(readable, 'value opens', 'values open')}, {closed:,} {'does' if closed == 1 else 'do'} not.",
        [line for opening in openings for line in _closed(opening)],
        is_whole=False,
        is_damaged=any(opening.damaged for opening in openings),
    )


def _closed(opening: Opening) -> list[str]:
    damaged = f"{opening.damaged:,} {'is' if opening.damaged == 1 else 'are'} damaged"
    missing = [
        f"{many(count, 'needs', 'need')} key id {key_id}, which this server does not hold"
        for key_id, count in sorted(opening.missing.items())
    ]
    return [f"{_noun(opening)}: {what}." for what in [*([damaged] if opening.damaged else []), *missing]]


def _noun(opening: Opening) -> str:
    return opening.noun[:1].upper() + opening.noun[1:]


def _system_keys(status: str) -> str:
    return f"{routes.SYSTEM_KEYS}?{urlencode({'status': status})}"


def many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
