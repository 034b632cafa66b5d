"""What doctor looks at inside a database that answers: keys, values, trail, servers, backups, the clock."""

from collections.abc import Callable
from datetime import timedelta

from keyportal.persistence import examining, processes, records
from keyportal.persistence.engine import Database
from keyportal.services import audit_verification
from keyportal.services.backups import last_backup
from keyportal.services.canaries import missing_keys, require_right_keys
from keyportal.services.encryption_keys import KeyState, KeyView, server_name, status_in
from keyportal.services.portal import Portal
from keyportal.services.sealed_columns import open_everything

ENCRYPTION_KEYS = "encryption keys"
NEED_KEYS = ("saved values", "audit trail")
# Clocks of several machines are never quite alike.
_AHEAD = timedelta(minutes=5)
_IN_WORDS = {
    KeyState.CURRENT: "current",
    KeyState.PREVIOUS: "previous, still needed: `encryption-key rotate` takes it out of use",
    KeyState.REMOVABLE: "can be removed from the settings",
    KeyState.RETIRED: "retired",
    KeyState.ABANDONED: "given up",
    KeyState.MISSING: "missing",
}


class Ailing(Exception):
    """A part is not well; the text says what to do."""


def look_at_database(database: Database) -> str:
    with database.reading() as session:
        version = examining.version_of(session)
        if examining.is_damaged(session):
            raise Ailing(f"{version}, and its file is damaged. Stop everything and restore a backup.")
    return f"{version}, whole" if database.is_sqlite else version


def look_at_rows(database: Database) -> str:
    """Read everything once, as it is read in work."""
    with database.reading() as session:
        tables = examining.unreadable_tables(session)
    if tables:
        raise Ailing(
            f"rows of {', '.join(tables)} hold what nobody wrote there. Stop everything and restore a backup."
        )
    return "all can be read"


def _encryption_keys(portal: Portal) -> str:
    with portal.database.reading() as session:
        known = {row.key_id for row in records.encryption_keys(session)}
        if portal.keyring.current.id in known or missing_keys(
            records.encryption_keys(session), portal.keyring
        ):
            # What it would change is thrown away here.
            require_right_keys(session, portal.keyring, portal.clock)
        found = status_in(portal, session)
    keys = [_key(key) for key in found.keys]
    if portal.keyring.current.id not in known:
        keys.append(f"{portal.keyring.current.id} new, taken into use by the next start")
    return "; ".join(keys)


def _key(key: KeyView) -> str:
    values = f", {_values(key.values)}" if key.values or key.state is KeyState.CURRENT else ""
    return f"{key.id} {_IN_WORDS[key.state]}{values}"


def _saved_values(portal: Portal) -> str:
    """Open every one of them and forget it at once: a few seconds for 100,000."""
    with portal.database.reading() as session:
        openings = open_everything(session, portal.keyring)
        waiting = status_in(portal, session).waiting
    readable = sum(opening.readable for opening in openings)
    lost = sum(opening.damaged + sum(opening.missing.values()) for opening in openings)
    if lost:
        raise Ailing(
            f"{_values(lost)} cannot be decrypted, {readable:,} can: a key is missing, or rows were damaged."
            " Put the key back, restore a backup, or have the owners enter the values again."
        )
    left = f"; {waiting:,} keys wait for their owners to enter a value" if waiting else ""
    return f"{_values(readable)}, all can be decrypted{left}"


def _values(number: int) -> str:
    return f"{number:,} value{'' if number == 1 else 's'}"


def _audit_trail(portal: Portal) -> str:
    report = audit_verification.verify_chain(portal)
    if report.broken_at is not None:
        raise Ailing(f"Event {report.broken_at} was changed or removed. Compare it with a backup.")
    unproven = f", {report.unproven:,} of them under a lost key" if report.unproven else ""
    return f"{report.events:,} events, unbroken{unproven}"


def _clock(portal: Portal) -> str:
    with portal.database.reading() as session:
        newest = examining.newest_event_at(session)
    now = portal.clock.now()
    if newest is not None and newest - now > _AHEAD:
        raise Ailing(
            f"The newest event on the trail is {_span(newest - now)} in the future: the clock of this machine"
            " is behind, or was ahead. Set it by NTP."
        )
    return f"{now:%d %b %Y, %H:%M} UTC, after the newest event"


def _servers(portal: Portal) -> str:
    with portal.database.reading() as session:
        running = processes.running(session, portal.clock.now())
        lagging = [server_name(r) for r in running if portal.keyring.current.id not in r.key_ids]
    if lagging:
        raise Ailing(f"Started without the current encryption key: {', '.join(lagging)}. Restart them.")
    return "; ".join(f"{server_name(row)}, holds the current key" for row in running) or "none runs"


def _last_backup(portal: Portal) -> str:
    with portal.database.reading() as session:
        made = last_backup(session)
    if made is None:
        return "none was made by `python -m keyportal backup PATH` yet"
    at, name = made
    return f"{name}, {_span(portal.clock.now() - at)} old"


def _span(time: timedelta) -> str:
    minutes = max(0, int(time.total_seconds() // 60))
    sizes = ((1440, "day"), (60, "hour"), (1, "minute"))
    size, noun = next((pair for pair in sizes if minutes >= pair[0]), sizes[-1])
    number = minutes // size
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


PARTS: tuple[tuple[str, Callable[[Portal], str]], ...] = (
    (ENCRYPTION_KEYS, _encryption_keys),
    ("saved values", _saved_values),
    ("audit trail", _audit_trail),
    ("clock", _clock),
    ("servers", _servers),
    ("last backup", _last_backup),
)
