"""Two versions of one key, when somebody else saved first: what was typed here, what is saved there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keyportal.services.credential_views import CredentialView
from keyportal.ui.shared.credentials.form_values import CredentialForm, FieldRow
from keyportal.ui.shared.session import text_of

_NOTHING = "–"


@dataclass(frozen=True)
class ConflictRow:
    """One part of the key. Values are never shown: their masks are, and whether a new one was typed."""

    label: str
    mine: str
    theirs: str
    differs: bool


def conflict_rows(
    form: CredentialForm, typed: Mapping[str, Any], fields: Sequence[FieldRow], theirs: CredentialView
) -> list[ConflictRow]:
    """Return what is typed beside what is saved by now, part by part. `form` is what it began with."""
    values = dict(typed)
    rows = [
        _row("Name", text_of(values, "name"), theirs.name),
        _value_row(form, values, theirs),
        *(_field_row(f, values, theirs) for f in fields),
        _row("Environment", text_of(values, "environment"), theirs.environment),
    ]
    if not theirs.is_general:
        rows += [
            _row("Expires on", text_of(values, "expires_on"), _day(theirs.expires_at)),
            _row("Remind on", text_of(values, "remind_on"), _day(theirs.remind_at)),
        ]
    rows.append(_row("Note", text_of(values, "note"), theirs.note))
    if form.active != theirs.active:
        rows.append(ConflictRow("Switch", "Not part of this form", "On" if theirs.active else "Off", True))
    return [row for row in rows if row.differs or row.mine != _NOTHING]


def _value_row(form: CredentialForm, values: dict[str, Any], theirs: CredentialView) -> ConflictRow:
    is_typed = text_of(values, "api_key").strip() != ""
    is_theirs_new = theirs.secret_version != form.secret_version
    mine = "A new value, typed here" if is_typed else f"Not changed ({form.mask})"
    saved = f"A new value ({theirs.mask})" if is_theirs_new else theirs.mask
    return ConflictRow("Value", mine, saved, is_typed or is_theirs_new)


def _field_row(field: FieldRow, values: dict[str, Any], theirs: CredentialView) -> ConflictRow:
    typed = text_of(values, field.input_id).strip()
    if field.is_secret:
        saved = "Saved with the value" if field.name in theirs.secret_fields else _NOTHING
        return ConflictRow(field.label, "Typed here" if typed else "Not changed", saved, typed != "")
    return _row(field.label, typed, theirs.fields.get(field.name, ""))


def _row(label: str, mine: str, theirs: str) -> ConflictRow:
    mine = mine.strip()
    return ConflictRow(label, mine[:200] or _NOTHING, theirs[:200] or _NOTHING, mine != theirs)


def _day(moment: datetime | None) -> str:
    return moment.date().isoformat() if moment else ""
