"""Files that leave the portal: written while they are read, a batch at a time."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    parts: Iterator[str]


def csv_lines(rows: Sequence[Sequence[str]]) -> str:
    """Return lines of a spreadsheet's table (RFC 4180). Cells are neutral already, see `domain.cells`."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()
