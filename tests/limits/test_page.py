"""docs/limits.md says what the code does: every number is the code's, and every limit is tried."""

import ast
import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.limits import numbers
from tests.limits.numbers import NUMBERS
from tests.limits.page import ROOT, Row, amounts, rows

ROWS = rows()


def marks_of(function: Any) -> list[Any]:
    """Return the marks of a test, and those of its parameters."""
    found: list[Any] = list(getattr(function, "pytestmark", ()))
    for mark in [mark for mark in found if mark.name == "parametrize"]:
        for value in mark.args[1]:
            found += getattr(value, "marks", ())
    return found


def tried() -> set[str]:
    """Return the limits that a test here is marked with."""
    found: set[str] = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        module = import_module(f"tests.limits.{file.stem}")
        for name, function in vars(module).items():
            if name.startswith("test_"):
                found |= {mark.args[0] for mark in marks_of(function) if mark.name == "limit"}
    return found


def test_every_limit_of_the_page_is_tried_and_every_one_tried_is_on_the_page() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert {row.id for row in ROWS} == set(NUMBERS) == tried()


# What sounds like a limit and is how something works inside, or the end of a wait.
INNER = {
    "keyportal.api.quick_resolve._LONGEST": "longer ones go the long way, which has its own limits",
    "keyportal.services.agent_key_rotation._SHORTEST": "how long a key was made for, at least",
    "keyportal.services.backup_verification._LONGEST": "a file that is the operator's",
    "keyportal.ui.shared.guards._MOST_TRIES": "a wait",
    "keyportal.cli.backups._LONGEST_INPUT": "what a shell may pipe in, which is its owner's",
    "keyportal.cli.providers._LONGEST_INPUT": "what a shell may pipe in, which is its owner's",
    "keyportal.persistence.importing._AT_ONCE": "rows of a statement",
    "keyportal.persistence.engine._AT_ONCE_S": "a wait",
    "keyportal.persistence.postgres_call._AT_ONCE_S": "a wait",
    "keyportal.persistence.postgres_ledger._DEADLINE_S": "a wait",
    "keyportal.providers.egress._CONNECT_SECONDS": "a wait",
    "keyportal.providers.reading._LONGEST_BALANCE": "what a provider may say, which is left out",
    "keyportal.providers.signing._LONGEST_PEM": "part of a value, which has its own limit",
    "keyportal.services.check_slots._WAIT_AT_MOST_S": "a wait",
    "keyportal.services.provider_names._ID_LIMIT": "ids are made here, out of names",
    "keyportal.services.recovery_sheet._SHEET_LIMIT": "a file the portal wrote itself",
    "keyportal.services.retention._AT_ONCE": "rows of a transaction",
    "keyportal.services.usage._PROVIDER_LIMIT": "what an address may ask for; a longer one is nobody's",
    "keyportal.services.exporting._NAME_LIMIT": "names of variables are made here, out of names",
    "keyportal.ui.admin_policies.values._DIGITS_LIMIT": "what is typed; the policy has its own limit",
    "keyportal.ui.shared.imports.state._ID_LIMIT": "what a browser sends; longer is nobody's",
    "keyportal.ui.shared.table.listing._TEXT_LIMIT": "what an address says; the rest is left out",
    "keyportal.ui.shared.table.listing._VALUE_LIMIT": "what an address says; the rest is left out",
    "keyportal.ui.shared.table.state._TEXT_LIMIT": "what is typed; the rest is left out",
}
_SOUNDS_SO = re.compile(r"MOST|LIMIT|LONGEST|SHORTEST|AT_ONCE|PER_A|DEEPEST|LARGEST|DEADLINE|_SECONDS|MAX_")


def named_in_the_registry() -> set[str]:
    """Return the constants that NUMBERS is made of."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(numbers.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = vars(numbers).get(node.value.id)
            if isinstance(module, ModuleType):
                found.add(f"{module.__name__}.{node.attr}")
    return found


def sounding_like_limits() -> set[str]:
    """Return the numbers of the code that are called as limits are. The client has its own."""
    found: set[str] = set()
    for file in (ROOT / "keyportal").rglob("*.py"):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        if module.startswith("keyportal.client."):
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and _is_number(node.value):
                found |= {f"{module}.{name}" for name in _names(node) if _SOUNDS_SO.search(name)}
    return found


def _names(node: ast.Assign) -> list[str]:
    return [one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)]


def _is_number(value: ast.expr) -> bool:
    constants = (one for one in ast.walk(value) if isinstance(one, ast.Constant))
    return not isinstance(value, ast.Dict) and any(isinstance(one.value, int | float) for one in constants)


def test_no_number_that_is_called_a_limit_is_left_out() -> None:
    """A new one belongs on the page, with a test that tries it, or into the list above with its reason."""
    left_out = sounding_like_limits() - named_in_the_registry()
    assert left_out == set(INNER)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_page_has_the_number_of_the_code(row: Row) -> None:
    number, time = amounts(row.number)
    expected = NUMBERS[row.id]
    assert expected == (time if isinstance(expected, timedelta) else number)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_page_says_where_a_limit_is_set_and_what_happens_beyond_it(row: Row) -> None:
    assert row.what and row.beyond and row.why
    for place in re.findall(r"`([a-z_/]+\.py)`", row.set_in):
        assert (ROOT / "keyportal" / place).is_file(), place
    assert ".py`" in row.set_in or "KEYPORTAL_" in row.set_in or "Policies" in row.set_in
