"""What a machine checks about the shape of the code."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

import keyportal
from keyportal.domain.errors import KeyPortalError
from keyportal.persistence import tables
from keyportal.services.sealed_columns import SEALED_COLUMNS
from keyportal.settings import ROOT

FILES = sorted((ROOT / "keyportal").rglob("*.py"))
LONGEST_FILE = 300
# The layers whose errors have codes; front ends define none.
LAYERS = ("domain", "vault", "persistence", "providers", "services", "settings", "resolver")


def _subclasses(of: type[KeyPortalError]) -> list[type[KeyPortalError]]:
    return [of, *(s for child in of.__subclasses__() for s in _subclasses(child))]


def _reads_environment(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(a.name in ("environ", "environb", "getenv") for a in node.names)
    return False


def test_imports_point_downwards() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_binary_column_is_on_the_list_of_sealed_ones() -> None:
    assert tables.SQLModel is SQLModel
    binary = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary == {(c.stored.table, c.stored.name) for c in SEALED_COLUMNS}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_a_file_stays_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) < LONGEST_FILE


def test_every_error_has_a_code_of_its_own() -> None:
    for module in pkgutil.walk_packages(keyportal.__path__, "keyportal."):
        if module.name.split(".")[1] in LAYERS:
            importlib.import_module(module.name)
    codes = Counter(error.code for error in _subclasses(KeyPortalError))
    assert [code for code, times in codes.items() if times > 1] == []


def test_only_the_settings_read_the_environment() -> None:
    # The command line hands an environment to the processes it starts, the client runs in programs that
    # have no settings of ours (pyproject allows both the same).
    allowed = {
        ROOT / "keyportal" / "settings.py",
        ROOT / "keyportal" / "client" / "places.py",
        *(ROOT / "keyportal" / "cli").rglob("*.py"),
    }
    assert [f for f in FILES if f not in allowed and _reads_environment(ast.parse(f.read_text()))] == []


def test_the_look_for_the_environment_finds_it() -> None:
    for code in ("import os\nos.environ['A']", "from os import getenv", "import os as o\no.getenv('A')"):
        assert _reads_environment(ast.parse(code))
