"""Reads docs/limits.md: its tables, and the amounts in them."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "limits.md"
_ROW = re.compile(r"^\| `(?P<id>[a-z0-9-]+)` \|(?P<cells>.*)\|$", re.MULTILINE)
_AMOUNT = re.compile(r"(?P<number>2\^[0-9]+|[0-9][0-9,]*)(?: (?P<unit>[A-Za-z]+))?")
_BYTES = {"KiB": 1024, "MiB": 1024 * 1024}
_TIMES = {"s": "seconds", "minutes": "minutes", "hours": "hours", "days": "days", "day": "days"}
# Behind the name of the limit.
_COLUMNS = 5


@dataclass(frozen=True)
class Row:
    id: str
    what: str
    number: str
    set_in: str
    beyond: str
    why: str


def rows() -> list[Row]:
    found = []
    for match in _ROW.finditer(PAGE.read_text(encoding="utf-8")):
        cells = [cell.strip() for cell in match["cells"].split(" | ")]
        assert len(cells) == _COLUMNS, match["id"]
        found.append(Row(match["id"], *cells))
    return found


def amounts(text: str) -> tuple[int, timedelta]:
    """Return an amount such as "256 KiB" or "90 days" as a number, and as a time (zero if it is none)."""
    match = _AMOUNT.match(text)
    assert match is not None, text
    base, _, power = match["number"].replace(",", "").partition("^")
    number, unit = int(base) ** int(power or 1), match["unit"] or ""
    time = timedelta(**{_TIMES[unit]: number}) if unit in _TIMES else timedelta(0)
    return number * _BYTES.get(unit, 1), time
