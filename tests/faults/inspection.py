"""One look at a database after something went wrong, the same for every workload and fault."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks.crash import resolution_ids
from keyportal.domain.audit import Action
from keyportal.domain.errors import KeyPortalError
from keyportal.domain.masks import mask_secret
from keyportal.persistence import audit_events, migrate
from keyportal.persistence.engine import open_engine
from keyportal.persistence.tables import AuditEventRow, CredentialRow, EncryptionKeyRow, UsageDayRow
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential
from tests.faults.acts import RESOLVES, Act, Ledger
from tests.faults.places import SQLITE, Place

# Each of them makes a row's version one more.
_CHANGES = (Action.CREDENTIAL_UPDATE, Action.CREDENTIAL_DELETE)
UNREADABLE = "(unreadable)"
_LIVE_NAMES = "SELECT name FROM credentials WHERE deleted_at IS NULL"


@dataclass
class Finding:
    """`lost` was acknowledged and is not there; `half` is what agrees with nothing else."""

    found: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    broken_chains: int = 0
    # How many acts nobody was told about are there all the same, whole.
    besides: int = 0

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.half or self.broken_chains)


@dataclass(frozen=True)
class Stored:
    """What a database says, read at once."""

    rows: list[CredentialRow]
    values: dict[str, str]
    events: list[AuditEventRow]
    days: list[UsageDayRow]
    keys: list[EncryptionKeyRow]

    @property
    def numbers(self) -> tuple[int, ...]:
        return len(self.rows), len(self.events), len(self.days), len(self.keys)


def inspect(place: Place) -> Finding:
    """Look at everything, and take what is there as what has to be there from now on."""
    finding, ledger = Finding(), place.ledger
    place.wait_until_left()
    finding.half += [*ledger.wrong, *_damage_of_files(place)]
    revision = _revision_now(place)
    try:
        with closing(place.open()) as portal:
            before = _read(portal)
        # A second start finds nothing left to do.
        with closing(place.open()) as portal:
            stored = _read(portal)
            finding.broken_chains = int(verify_chain(portal).broken_at is not None)
            finding.half += _wrong_rows(portal, stored)
    except KeyPortalError as refusal:
        finding.half.append(f"the next start was refused: {refusal.message}")
        return finding
    if before.numbers != stored.numbers or before.values != stored.values:
        finding.half.append("a second start changed something")
    finding.half += _wrong_counts(ledger, stored)
    _compare(finding, ledger, stored, revision)
    ledger.settle(stored.values)
    return finding


def _damage_of_files(place: Place) -> list[str]:
    """Look at the database as SQLite does, and at every backup that has a name: each is a whole one."""
    files = [place.file] if place.kind == SQLITE and place.file.exists() else []
    backups = sorted(place.backups.glob("*.db"))
    damage = [what for file in [*files, *backups] for what in _damage_of(file)]
    for file in backups:
        with closing(sqlite3.connect(file)) as connection:
            names = {name for (name,) in connection.execute(_LIVE_NAMES)}
        if names != place.ledger.values.keys():
            damage.append("a backup is not what was there")
    return damage


def _damage_of(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [f"integrity: {one}" for (one,) in found if one != "ok"] + [
        f"orphan in {one[0]}" for one in orphans
    ]


def _revision_now(place: Place) -> str | None:
    """Return the schema as it was left: opening the portal would bring it up to date."""
    engine = open_engine(place.settings().database_url)
    try:
        return migrate.schema_revision(engine)
    finally:
        engine.dispose()


def _read(portal: Portal) -> Stored:
    with portal.database.reading() as session:
        rows = list(session.exec(select(CredentialRow).order_by(col(CredentialRow.id))).all())
        values = {row.name: _value_of(portal, row) for row in rows if row.deleted_at is None}
        events = list(audit_events.events_in_order(session))
        return Stored(rows, values, events, _all(session, UsageDayRow), _all(session, EncryptionKeyRow))


def _all(session: Session, table: type) -> list:
    return list(session.exec(select(table)).all())


def _value_of(portal: Portal, row: CredentialRow) -> str:
    try:
        return open_credential(portal, row).secret.reveal()
    except KeyPortalError:
        return UNREADABLE


def _wrong_rows(portal: Portal, stored: Stored) -> list[str]:
    """Each row with its events: nothing of an act without the rest of it."""
    created, changed = _count(stored, (Action.CREDENTIAL_CREATE,)), _count(stored, _CHANGES)
    wrong = []
    for row in stored.rows:
        value = stored.values.get(row.name) if row.deleted_at is None else None
        checks = {
            "is marked as deleted, and is not wiped": row.deleted_at is None or row.sealed is None,
            "has another mask than its value": value in (None, UNREADABLE)
            or row.mask == mask_secret(str(value), portal.settings.mask_style),
            "was not recorded once as created": created[row.id] == 1,
            "was not recorded as often as it changed": changed[row.id] == row.version - 1,
        }
        wrong += [f"a key {what}" for what, is_right in checks.items() if not is_right]
    if set(created) != {row.id for row in stored.rows}:
        wrong.append("a key was recorded as created and is not there")
    return wrong + _wrong_seals(stored)


def _wrong_seals(stored: Stored) -> list[str]:
    """One for each value, none for the canary. Where an encryption key was rotated there are more."""
    if len(stored.keys) > 1:
        return []
    seals = sum(row.secret_version for row in stored.rows)
    return [] if [key.seals for key in stored.keys] == [seals] else ["the seals are not counted exactly"]


def _count(stored: Stored, actions: tuple[Action, ...]) -> Counter[str]:
    return Counter(e.object_id for e in stored.events if e.action in actions and e.result == "ok")


def _resolves(stored: Stored) -> list[tuple[str, str]]:
    """Return the id of every resolve on the trail, with the key that was used."""
    granted = (e for e in stored.events if e.action == Action.CREDENTIAL_RESOLVE and e.result == "ok")
    return [
        (one, event.object_id)
        for event in granted
        for one in resolution_ids(event.uid, event.details.get("count", 1))
    ]


def _wrong_counts(ledger: Ledger, stored: Stored) -> list[str]:
    listed = _resolves(stored)
    on_trail = Counter(key for _, key in listed)
    by_day = Counter[str]()
    for day in stored.days:
        by_day[day.credential_id] += day.count
    in_rows = Counter({row.id: row.usage_count for row in stored.rows if row.usage_count})
    checks = {
        "the trail and the counts of keys differ": on_trail == in_rows,
        "the trail and usage by day differ": on_trail == by_day,
        "a resolve is on the trail twice": len(listed) == len(set(listed)),
        "a resolve is on the trail that nobody asked for": len(listed) <= ledger.resolves_asked,
        "a resolve was answered twice": len(ledger.answered) == len(set(ledger.answered)),
    }
    return [what for what, is_right in checks.items() if not is_right]


def _compare(finding: Finding, ledger: Ledger, stored: Stored, revision: str | None) -> None:
    """What was acknowledged is there; what was not is there whole or not at all; nothing else is."""
    expected = dict(ledger.values)
    for act in ledger.uncertain:
        # Values are nobody else's: whoever finds one knows which act it is of.
        present = {stored.values.get(name) == value for name, value in act.sets.items()}
        if len(present) > 1:
            finding.half.append(f"{act.kind}: a part of it is there")
        if present == {True}:
            finding.besides += 1
            expected = {**expected, **{n: v for n, v in act.sets.items() if v is not None}}
            for name in (name for name, value in act.sets.items() if value is None):
                expected.pop(name, None)
    if stored.values.keys() - expected.keys():
        finding.half.append("a key is there that nobody saved")
    listed = {one for one, _ in _resolves(stored)}
    finding.lost += ["resolve"] * len(set(ledger.answered) - listed)
    missing = {name for name, value in expected.items() if stored.values.get(name) != value}
    for act in ledger.acknowledged:
        if act.kind not in RESOLVES and not _is_there(act, missing, stored, revision):
            finding.lost.append(act.kind)
    # What was there before is somebody's, too.
    known = {name for act in ledger.acknowledged for name in act.sets}
    finding.lost += ["saved before"] * len(missing - known)
    finding.found = len(ledger.acknowledged) - min(len(finding.lost), len(ledger.acknowledged))


def _is_there(act: Act, missing: set[str], stored: Stored, revision: str | None) -> bool:
    # Of a rotation there is nothing to see: that everything opens without the former keys was seen.
    if act.file and not Path(act.file).exists():
        return False
    if act.kind in ("migrate", "start") and revision != migrate.newest_revision():
        return False
    return not (missing & act.sets.keys())
