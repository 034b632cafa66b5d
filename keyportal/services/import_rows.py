"""The rows of an import: what each line becomes, what may be chosen for it, and what stands against it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlmodel import Session

from keyportal.domain.credentials import Ownership, require_value
from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.masks import mask_secret
from keyportal.domain.text import NAME_LIMIT, name_key, require_name, require_storable
from keyportal.persistence import importing
from keyportal.persistence.tables import CredentialRow
from keyportal.services.import_guesses import Guesser, fields_for
from keyportal.services.import_lines import Line, Lines, RefusedLine, shown_name
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

# A blank and a number with which two names are told apart.
_MARK_LENGTH = 6


class ImportAction(StrEnum):
    ADD = "add"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    KEEP_BOTH = "keep_both"


@dataclass(frozen=True)
class ImportChoice:
    """What a person decided about one line. None keeps the guess; an empty provider is a General key."""

    line: int
    action: str | None = None
    provider: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class ImportRow:
    """One line with a value. `problem` says why it cannot be imported like this; skipping always can.

    `variable` is empty where the line's name could itself be a key. `is_taken`: a saved key or an
    earlier line has this name. Until somebody decided about it, what cannot be imported is skipped.
    """

    line: int
    variable: str
    mask: str
    provider: str
    name: str
    action: str
    choices: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    is_taken: bool = False
    is_decided: bool = False


@dataclass(frozen=True)
class Situation:
    """What the rows are compared with: names, providers, and what each provider's keys still lack."""

    taken: Mapping[str, CredentialRow]
    with_a_key: frozenset[str]
    one_per_provider: bool
    lacking: Mapping[str, str] = field(default_factory=dict)


def guessed_rows(portal: Portal, lines: Lines) -> tuple[list[ImportRow], list[RefusedLine]]:
    """Return a row for each usable line, and the lines that only go along with one."""
    guesser, names = Guesser(portal), FreeNames(())
    rows: list[ImportRow] = []
    beside = _fields_beside(portal, lines)
    for line in lines.usable:
        if line.name in beside:
            continue
        guess, variable = guesser.guess(line), shown_name(line.name)
        name = names.take(guess.name if variable else f"Imported key, line {line.number}")
        action = ImportAction.ADD if guess.is_likely else ImportAction.SKIP
        rows.append(ImportRow(line.number, variable, _mask(portal, line), guess.provider, name, action,
                              note=guess.note))  # fmt: skip
    numbers = {line.name: line.number for line in lines.usable}
    along = [RefusedLine(numbers[n], n, why) for n, why in beside.items() if n in numbers]
    return rows, along


def with_choices(rows: Sequence[ImportRow], choices: Iterable[ImportChoice]) -> list[ImportRow]:
    """Return the rows as somebody decided them. Raises InvalidInput for a line that is no row."""
    chosen = {choice.line: choice for choice in choices}
    if unknown := set(chosen) - {row.line for row in rows}:
        raise InvalidInput(f"Line {min(unknown)} has no key to import.", field="rows")
    return [decided(row, chosen[row.line]) if row.line in chosen else row for row in rows]


def decided(row: ImportRow, choice: ImportChoice) -> ImportRow:
    """Return the row with a decision. A remark about the former provider goes with it."""
    provider = row.provider if choice.provider is None else choice.provider.strip().lower()
    return replace(
        row,
        action=row.action if choice.action is None else choice.action,
        provider=provider,
        name=row.name if choice.name is None else choice.name.strip(),
        note=row.note if provider == row.provider else "",
        is_decided=True,
    )


def look_up(
    session: Session,
    owner_key: str,
    ownership: Ownership,
    rows: Sequence[ImportRow],
    lacking: Mapping[str, str],
) -> Situation:
    """Read what the rows are compared with, as it is in this transaction."""
    names = {name_key(row.name[: NAME_LIMIT * 4]) for row in rows if _is_storable(row.name)}
    is_one = ownership is Ownership.USER and policies_in(session).one_key_per_provider
    with_a_key = importing.providers_with_a_key(session, owner_key) if is_one else set()
    taken = importing.holders_of(session, owner_key, names)
    return Situation(taken, frozenset(with_a_key), is_one, lacking)


def judged(portal: Portal, rows: Sequence[ImportRow], situation: Situation) -> list[ImportRow]:
    """Return the rows with what may be chosen and what stands against it."""
    used: dict[str, int] = {}
    providers: set[str] = set(situation.with_a_key)
    done: list[ImportRow] = []
    for row in rows:
        row = _judged(portal, row, situation, used, providers)
        done.append(row)
        if row.action in (ImportAction.ADD, ImportAction.OVERWRITE) and not row.problem:
            used.setdefault(name_key(row.name), row.line)
        if row.action != ImportAction.SKIP and situation.one_per_provider and row.provider:
            providers.add(row.provider)
    return done


class FreeNames:
    """Names nobody has yet. It goes on counting where it stopped: many lines may want the same one."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._last: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """Return the name, or the first with a number that is free, and keep it from then on."""
        # What is cut off to make room for the number is the same for all that begin alike.
        base = name_key(wanted[: NAME_LIMIT - _MARK_LENGTH].rstrip())
        name, number = wanted, self._last.get(base, 1)
        while name_key(name) in self._taken:
            number += 1
            mark = f" {number}"
            name = wanted[: NAME_LIMIT - len(mark)].rstrip() + mark
        self._last[base] = number
        self._taken.add(name_key(name))
        return name


def lacking_fields(portal: Portal, lines: Lines) -> dict[str, str]:
    """Return, by provider, what its keys need that does not stand in this file."""
    registry, lacking = portal.providers, dict[str, str]()
    for provider in registry.all():
        if not registry.is_enabled(provider.id):
            lacking[provider.id] = f"{provider.name} is turned off here. An admin can turn it on."
            continue
        try:
            provider.clean_fields(fields_for(provider, lines.all_values))
        except InvalidInput as refusal:
            lacking[provider.id] = f"{refusal.message} Add this key by hand, or put it into the file."
    return lacking


def _judged(
    portal: Portal,
    row: ImportRow,
    situation: Situation,
    used: Mapping[str, int],
    providers: set[str],
) -> ImportRow:
    holder, key = situation.taken.get(name_key(row.name)), name_key(row.name)
    choices = _choices(row, holder, is_used=key in used)
    action = row.action
    if not row.is_decided and action not in choices:
        action = ImportAction.SKIP
    row = replace(row, action=action, choices=choices, is_taken=ImportAction.ADD not in choices)
    if row.action == ImportAction.SKIP:
        return replace(row, problem="")
    problem = _problem(portal, row, situation, used, providers)
    if problem and not row.is_decided:
        return replace(row, action=ImportAction.SKIP, note=problem, problem="")
    return replace(row, problem=problem)


def _choices(row: ImportRow, holder: CredentialRow | None, *, is_used: bool) -> tuple[str, ...]:
    if holder is None and not is_used:
        return (ImportAction.ADD, ImportAction.SKIP)
    # A key is bound to the provider it was saved for: another one's value is not put into it.
    same = holder is not None and not is_used and holder.provider == row.provider
    overwrite = (ImportAction.OVERWRITE,) if same else ()
    return (ImportAction.SKIP, *overwrite, ImportAction.KEEP_BOTH)


def _problem(
    portal: Portal, row: ImportRow, situation: Situation, used: Mapping[str, int], providers: set[str]
) -> str:
    if row.provider and portal.providers.find(row.provider) is None:
        return "There is no provider with this id here."
    try:
        require_name(row.name)
    except KeyPortalError as refusal:
        return refusal.message
    if row.action not in row.choices:
        again = used.get(name_key(row.name))
        where = f"Line {again} has this name already." if again else "You have a key with this name."
        return f"{where} Choose another name, or what to do with both." if row.choices else where
    if row.action != ImportAction.OVERWRITE and row.provider in providers:
        return "API key for this provider already exists, and the policy is one for each."
    return situation.lacking.get(row.provider, "")


def _fields_beside(portal: Portal, lines: Lines) -> dict[str, str]:
    """Return the variables that only go along with a key in this file, with the words for it."""
    registry, names = portal.providers, {line.name for line in lines.usable}
    found: dict[str, str] = {}
    for provider in registry.all():
        if registry.is_enabled(provider.id) and names.intersection(provider.environment_names):
            for wanted in provider.fields:
                for name in wanted.environment_names:
                    found.setdefault(name, f"This goes along with the key of {provider.name}.")
    keys = {name for p in registry.all() for name in p.environment_names}
    return {name: words for name, words in found.items() if name not in keys}


def _is_storable(name: str) -> bool:
    """Tell whether a name may be asked for at all; what is wrong with it stands in its row."""
    try:
        return bool(require_storable(name, "name"))
    except InvalidInput:
        return False


def _mask(portal: Portal, line: Line) -> str:
    return mask_secret(require_value(line.value.reveal()).secret.reveal(), portal.settings.mask_style)
