"""What the browser holds of an import: masked rows, decisions, and why lines are refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from keyportal.services.import_lines import RefusedLine
from keyportal.services.import_rows import ImportAction, ImportRow
from keyportal.services.importing import ImportDone
from keyportal.services.providers import ProviderView

PAGE = 50
TEXT_ID, ROWS_ID = "import-text", "import-rows"
_ACTIONS = {
    ImportAction.ADD: "Import",
    ImportAction.SKIP: "Skip",
    ImportAction.OVERWRITE: "Replace the saved value",
    ImportAction.KEEP_BOTH: "Import under another name",
}


@dataclass(frozen=True)
class ImportOption:
    value: str
    label: str


@dataclass(frozen=True)
class ImportRowView:
    """One line. `remark` is what to know about it, `problem` what keeps it from being imported."""

    line: int
    variable: str
    mask: str
    provider: str
    name: str
    action: str
    actions: list[ImportOption]
    remark: str
    problem: str
    is_skipped: bool


@dataclass(frozen=True)
class RefusedLineView:
    line: int
    variable: str
    reason: str


def row_of(row: ImportRow) -> ImportRowView:
    taken = "There is a key with this name." if row.is_taken else ""
    return ImportRowView(
        line=row.line,
        variable=row.variable or f"Line {row.line}",
        mask=row.mask,
        provider=row.provider,
        name=row.name,
        action=row.action,
        actions=_actions_of(row),
        remark=" ".join(words for words in (taken, row.note) if words),
        problem=row.problem,
        is_skipped=row.action == ImportAction.SKIP,
    )


def _actions_of(row: ImportRow) -> list[ImportOption]:
    """Return what can be chosen; an act that is impossible by now stands first as the open question."""
    actions = [ImportOption(a, _ACTIONS[ImportAction(a)]) for a in row.choices]
    return actions if row.action in row.choices else [ImportOption(row.action, "Choose"), *actions]


def refused_of(lines: Sequence[RefusedLine]) -> list[RefusedLineView]:
    return [RefusedLineView(line.number, line.name, line.reason) for line in lines]


def options_of(listed: Sequence[ProviderView]) -> list[ImportOption]:
    return [ImportOption("", "General key"), *(ImportOption(p.id, p.name) for p in listed)]


def chosen_in(rows: Sequence[ImportRow]) -> int:
    return sum(row.action != ImportAction.SKIP for row in rows)


def summary_of(rows: Sequence[ImportRow], refused: int) -> str:
    """Say what would happen, such as "12 keys to import, 3 skipped, 6 lines refused"."""
    chosen = chosen_in(rows)
    parts = [f"{_keys(chosen)} to import"]
    if skipped := len(rows) - chosen:
        parts.append(f"{skipped} skipped")
    if refused:
        parts.append("1 line refused" if refused == 1 else f"{refused} lines refused")
    return ", ".join(parts)


def told_of(done: ImportDone) -> str:
    parts = [f"{_keys(done.added)} imported"] if done.added or not done.overwritten else []
    if done.overwritten:
        parts.append(f"{done.overwritten} replaced")
    if done.skipped:
        parts.append(f"{done.skipped} skipped")
    return f"{', '.join(parts)}. Test them to be sure."


def act_of(chosen: int) -> str:
    return f"Import {_keys(chosen)}"


def _keys(number: int) -> str:
    return "1 key" if number == 1 else f"{number:,} keys"
