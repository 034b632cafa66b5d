"""Texts made to keep a reader busy: each is read to its end in about the time any other takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keyportal.domain.credentials import VALUE_LIMIT
from keyportal.domain.secret import Secret
from keyportal.services.import_guesses import fields_for
from keyportal.services.import_lines import LINES_LIMIT, TEXT_LIMIT, read_lines
from keyportal.services.portal import Portal

ROOM = TEXT_LIMIT - 100
# In another process: one that does not come to an end can be stopped there.
READ = """
import json, sys
from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.services.import_lines import read_lines

def said_of(text):
    try:
        return [line.reason for line in read_lines(Secret(text)).refused]
    except InvalidInput as refusal:
        return [refusal.message]

json.dump([said_of(text) for text in json.load(sys.stdin)], sys.stdout)
"""
PIECES = ("1", "${", " ", "'", '"', "\\", "\\'", "export ", " #", "=", "A=", "\u2028", "\r", "x", "1 ")
SHAPES = ("A_KEY={}x", "A_KEY='{}'", 'A_KEY="{}', "A_KEY=x {}x", "export {}", "{}", "'{}")
LONG = [shape.format(piece * (ROOM // len(piece.encode()))) for piece in PIECES for shape in SHAPES]
# A thousand lines, and lines of values that are just short enough to be looked at.
MANY = ["\n".join([f"A='{'x' * 190}"] * LINES_LIMIT), "\n".join(["A=" + "${" * 95] * LINES_LIMIT)]
FULL = [
    "\n".join(f"K{n}_KEY='{piece * (VALUE_LIMIT // len(piece) - 1)}x'" for n in range(24))
    for piece in ("1", "${", " #", "sk-", "your-", "export A=b ")
]


def test_no_text_keeps_the_reader_busy() -> None:
    texts = [*LONG, *MANY, *FULL]
    done = subprocess.run(
        [sys.executable, "-c", READ],
        input=json.dumps(texts),
        text=True,
        capture_output=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    found = json.loads(done.stdout)
    assert len(found) == len(texts)
    assert found[0] == [f"An API key has at most {VALUE_LIMIT} characters."]


@pytest.mark.parametrize("value", ["1" * 9000, "${" * 5000, "your-" * 2000, "${A" + "x" * 9000 + "}"])
def test_a_long_value_is_refused_before_its_shape_is_looked_at(value: str) -> None:
    (refused,) = read_lines(Secret(f"A_KEY={value}")).refused
    assert refused.reason == f"An API key has at most {VALUE_LIMIT} characters."


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("1234567890", "a number"),
        ("+1234567.890", "a number"),
        (".1234567890", "a number"),
        ("${OTHER_KEY}", "a placeholder"),
        ("before-${A$B}", "a placeholder"),
        ("$OTHER_KEY", "a placeholder"),
        ("$(get my-key)", "a placeholder"),
    ],
)
def test_numbers_and_references_are_known_as_before(value: str, word: str) -> None:
    (refused,) = read_lines(Secret(f"A_KEY='{value}'")).refused
    assert word in refused.reason


@pytest.mark.parametrize(
    "value", ["1234567890.", "12345.6789.0", "a${bcdefghij", "}abcdefghij${", "ab$cdefghij"]
)
def test_what_only_begins_like_one_is_a_key(value: str) -> None:
    assert len(read_lines(Secret(f"A_KEY='{value}'")).usable) == 1


def test_no_long_value_becomes_a_field(portal: Portal) -> None:
    provider = portal.providers.find("aws_bedrock")
    lines = read_lines(Secret("AWS_REGION=" + "a" * (VALUE_LIMIT + 1)))
    assert fields_for(provider, lines.all_values) == {}
