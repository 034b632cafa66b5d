"""Importing keys from the lines of a `.env` file: looked at first, then all of them or none.

The text comes with each call and is kept nowhere; what leaves is masked.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import InvalidInput, KeyPortalError, LineRefused, VersionConflict
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import name_key
from keyportal.persistence import credentials as rows_of
from keyportal.persistence.engine import take_lock
from keyportal.persistence.importing import add_credentials, names_of
from keyportal.persistence.tables import CredentialRow
from keyportal.services import audit
from keyportal.services.acting import acting
from keyportal.services.credential_access import READ, WRITE, owner_key_of
from keyportal.services.credential_edits import CredentialEdit, apply_edit
from keyportal.services.credentials import ONE_KEY_LOCK, NewCredential, Prepared, prepare, require_room
from keyportal.services.import_guesses import fields_for
from keyportal.services.import_lines import Lines, RefusedLine, read_lines
from keyportal.services.import_rows import (
    FreeNames,
    ImportAction,
    ImportChoice,
    ImportRow,
    Situation,
    guessed_rows,
    judged,
    lacking_fields,
    look_up,
    with_choices,
)
from keyportal.services.portal import Portal
from keyportal.services.sealing import count_seals, seal_row

_NOT_ADDED = (ImportAction.SKIP, ImportAction.OVERWRITE)


@dataclass(frozen=True)
class ImportPreview:
    """What would happen. `digest` stands for this very text; `lacking` is for looking again."""

    rows: tuple[ImportRow, ...]
    refused: tuple[RefusedLine, ...]
    digest: str
    lacking: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class ImportDone:
    """What happened, line by line, with the names the keys have now."""

    rows: tuple[ImportRow, ...]
    refused: tuple[RefusedLine, ...]
    added: int
    overwritten: int
    skipped: int


@dataclass(frozen=True)
class _Work:
    """One row with its value, looked at and ready for the transaction."""

    row: ImportRow
    prepared: Prepared


def preview(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    text: Secret,
    choices: Sequence[ImportChoice] = (),
) -> ImportPreview:
    """Say what an import would do. Stores nothing. Raises InvalidInput for the text as a whole."""
    principal.require(WRITE[ownership])
    principal.require(READ[ownership])
    lines = read_lines(text)
    rows, along = guessed_rows(portal, lines)
    rows, lacking = with_choices(rows, choices), lacking_fields(portal, lines)
    owner_key = owner_key_of(principal, ownership)
    with portal.database.reading() as session:
        situation = look_up(session, owner_key, ownership, rows, lacking)
    done = judged(portal, rows, situation)
    refused = sorted([*lines.refused, *along], key=lambda line: line.number)
    return ImportPreview(tuple(done), tuple(refused), _digest(portal, owner_key, text), lacking)


def look_again(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    rows: Sequence[ImportRow],
    lacking: Mapping[str, str],
) -> tuple[ImportRow, ...]:
    """Return the rows of a preview as they stand after somebody changed some of them."""
    principal.require(WRITE[ownership])
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        situation = look_up(session, owner_key_of(principal, ownership), ownership, rows, lacking)
    return tuple(judged(portal, rows, situation))


def run(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    text: Secret,
    choices: Sequence[ImportChoice] = (),
    *,
    digest: str | None = None,
) -> ImportDone:
    """Import all rows that are not skipped, or none.

    `digest` is that of the preview. Raises LineRefused naming the line that stops it, InvalidInput for
    the text as a whole, VersionConflict where keys changed just now.
    """
    principal.require(WRITE[ownership])
    owner_key = owner_key_of(principal, ownership)
    if digest is not None and not hmac.compare_digest(digest, _digest(portal, owner_key, text)):
        raise InvalidInput("The text changed since the preview. Preview it again.", field="text")
    lines = read_lines(text)
    rows, along = guessed_rows(portal, lines)
    rows, lacking = with_choices(rows, choices), lacking_fields(portal, lines)
    values = {line.number: line.value for line in lines.usable}
    works = [
        _Work(row, _prepared(portal, principal, ownership, row, values[row.line], lines))
        for row in rows
        if row.action != ImportAction.SKIP and (row.is_decided or row.provider not in lacking)
    ]
    with acting(portal, principal) as session:
        if ownership is Ownership.USER:
            take_lock(session, ONE_KEY_LOCK)
        situation = look_up(session, owner_key, ownership, rows, lacking)
        rows = judged(portal, rows, situation)
        works = _still_wanted(works, rows)
        _store(portal, session, principal, works, situation)
    refused = sorted([*lines.refused, *along], key=lambda line: line.number)
    return _done(rows, works, refused)


def _prepared(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    row: ImportRow,
    value: Secret,
    lines: Lines,
) -> Prepared:
    provider = portal.providers.find(row.provider) if row.provider else None
    new = NewCredential(row.provider, row.name, value, fields_for(provider, lines.all_values))
    try:
        prepared = prepare(portal, principal, ownership, new)
    except KeyPortalError as refusal:
        problem = refusal.message
    else:
        # Here already: while a thousand rows are written, nobody else writes.
        seal_row(portal, prepared.row, prepared.secret, prepared.secret_fields)
        return prepared
    # Outside: what was refused is not kept as the cause.
    raise LineRefused(row.line, problem)


def _still_wanted(works: Sequence[_Work], rows: Sequence[ImportRow]) -> list[_Work]:
    """Return the work with what was found in this transaction. Raises LineRefused."""
    by_line = {row.line: row for row in rows}
    for row in rows:
        if row.problem:
            raise LineRefused(row.line, row.problem)
    found = [_Work(by_line[work.row.line], work.prepared) for work in works]
    return [work for work in found if work.row.action != ImportAction.SKIP]


def _store(
    portal: Portal, session: Session, principal: Principal, works: Sequence[_Work], situation: Situation
) -> None:
    added = [w.prepared for w in works if w.row.action not in _NOT_ADDED]
    if added:
        require_room(session, added[0].row.owner_key, len(added))
    _name_and_place(session, works)
    # Saved rows, new names, seals: as everywhere. Two ways round would let two calls wait for each other.
    wanted, overwritten = _saved_rows(session, works, situation)
    try:
        add_credentials(session, [p.row for p in added])
    except IntegrityError:
        raise VersionConflict("Keys were added in the meantime. Preview the import again.") from None
    _overwrite(portal, session, wanted, overwritten)
    count_seals(portal, session, len(added))
    audit.record_several(
        portal,
        session,
        principal,
        [(Action.CREDENTIAL_CREATE, p.row.id, p.row.name, _details(p.row)) for p in added]
        + [
            (Action.CREDENTIAL_UPDATE, row.id, row.name, {**_details(row), "changed": ["api_key"]})
            for row in overwritten
        ],
    )


def _name_and_place(session: Session, works: Sequence[_Work]) -> None:
    """Give each new key a free name where both are kept, and its place at the end of its chain."""
    names, places = _names_for(session, works), dict[str, int]()
    for work in works:
        row = work.prepared.row
        if work.row.action == ImportAction.KEEP_BOTH:
            row.name = names.take(row.name)
            row.name_key = name_key(row.name)
        if work.row.action not in _NOT_ADDED:
            if row.provider not in places:
                places[row.provider] = rows_of.next_position(session, row.owner_key, row.provider)
            row.position = places[row.provider]
            places[row.provider] += 1


def _names_for(session: Session, works: Sequence[_Work]) -> FreeNames:
    """Read all names of the owner at once where any of them is needed, with those that are added."""
    owners = {w.prepared.row.owner_key for w in works if w.row.action == ImportAction.KEEP_BOTH}
    added = {w.prepared.row.name_key for w in works if w.row.action == ImportAction.ADD}
    return FreeNames(added.union(*(names_of(session, owner_key) for owner_key in owners)))


def _saved_rows(
    session: Session, works: Sequence[_Work], situation: Situation
) -> tuple[dict[str, _Work], list[CredentialRow]]:
    """Return the work on saved keys by their ids, and their rows, locked."""
    wanted = {situation.taken[name_key(w.row.name)].id: w for w in works
              if w.row.action == ImportAction.OVERWRITE}  # fmt: skip
    if not wanted:
        return {}, []
    owner_key = next(iter(wanted.values())).prepared.row.owner_key
    return wanted, rows_of.find_credentials(session, owner_key, list(wanted))


def _overwrite(
    portal: Portal, session: Session, wanted: Mapping[str, _Work], found: Sequence[CredentialRow]
) -> None:
    for row in found:
        work = wanted[row.id]
        fields = {**row.fields, **work.prepared.row.fields, **work.prepared.secret_fields}
        edit = CredentialEdit(api_key=work.prepared.secret, fields=fields or None)
        try:
            apply_edit(portal, session, row, edit)
        except KeyPortalError as refusal:
            raise LineRefused(work.row.line, refusal.message) from None
        row.version += 1
        row.updated_at = portal.clock.now()
    session.flush()


def _details(row: CredentialRow) -> dict[str, Any]:
    return {"provider": row.provider, "ownership": row.ownership, "mask": row.mask}


def _done(rows: Sequence[ImportRow], works: Sequence[_Work], refused: Sequence[RefusedLine]) -> ImportDone:
    names = {work.row.line: work.prepared.row.name for work in works}
    overwritten = sum(work.row.action == ImportAction.OVERWRITE for work in works)
    shown = [replace(row, name=names.get(row.line, row.name)) for row in rows]
    return ImportDone(
        tuple(shown), tuple(refused), len(works) - overwritten, overwritten, len(rows) - len(works)
    )


def _digest(portal: Portal, owner_key: str, text: Secret) -> str:
    """Return what stands for a text and an owner, and tells nobody else anything about it."""
    message = owner_key.encode() + b"\0" + text.reveal().encode("utf-8", "surrogatepass")
    return hmac.new(portal.keyring.current.previews, message, sha256).hexdigest()
