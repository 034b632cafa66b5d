"""How the lines of a `.env` file are read, and why a line is refused. No value is ever repeated."""

import pytest

from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.services.import_lines import LINES_LIMIT, TEXT_LIMIT, read_lines
from keyportal.vault.tokens import new_agent_token

KEY = "sk-proj-ownT3BlbkFJ0123456789abcdef"


def values(text: str) -> dict[str, str]:
    return {line.name: line.value.reveal() for line in read_lines(Secret(text)).usable}


def reasons(text: str) -> list[tuple[int, str, str]]:
    return [(r.number, r.name, r.reason) for r in read_lines(Secret(text)).refused]


@pytest.mark.parametrize(
    "line",
    [
        f"NAME={KEY}",
        f"export NAME={KEY}",
        f"  NAME = {KEY}  ",
        f"NAME='{KEY}'",
        f'NAME="{KEY}" # mine',
        f"NAME={KEY} # mine",
        f"\ufeffNAME={KEY}",
        f"NAME={KEY}\r\n",
        f"# comment\n\n\nNAME={KEY}",
    ],
)
def test_a_line_is_read_as_dotenv_reads_it(line: str) -> None:
    assert values(line) == {"NAME": KEY}


def test_nothing_is_interpolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "from the environment")
    text = f"OTHER={KEY}\nA_KEY=${{OTHER}}\nB_KEY=$OTHER\nC_KEY=pre-${{OTHER}}-post\nD_KEY='ab$cd-0123456789'"
    assert values(text) == {"OTHER": KEY, "D_KEY": "ab$cd-0123456789"}
    assert [number for number, _, _ in reasons(text)] == [2, 3, 4]


def test_the_last_of_equal_names_counts_and_the_others_are_listed() -> None:
    text = f"A_KEY={KEY}1\nB_KEY={KEY}\nA_KEY={KEY}2\n"
    assert values(text) == {"B_KEY": KEY, "A_KEY": f"{KEY}2"}
    assert reasons(text) == [(1, "A_KEY", "Line 3 sets it again, and the last one counts.")]


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [
        ("A_KEY=", "A_KEY", "no value"),
        ("A_KEY=''", "A_KEY", "no value"),
        ("A_KEY=your-key-here", "A_KEY", "placeholder"),
        ("A_KEY=changeme", "A_KEY", "placeholder"),
        ("A_KEY=<paste it>", "A_KEY", "placeholder"),
        ("A_KEY=****...wxyz", "A_KEY", "masked key"),
        ("A_KEY=12345678901", "A_KEY", "a number"),
        ("FEATURE=true", "FEATURE", "a switch"),
        ("A_KEY=short", "A_KEY", "too short"),
        (f"A_KEY='{KEY}\u0007'", "A_KEY", "control characters"),
        (f'A_KEY="{KEY}\\nmore"', "A_KEY", "control characters"),
        ("A_KEY='-----BEGIN\nmore\n-----END'", "", "several lines"),
        (f"A_KEY={'ab' * 4500}", "A_KEY", "at most 8192"),
        ("PATH=/usr/local/bin:/usr/bin", "PATH", "setting of a program"),
        ("DATABASE_URL=postgres://u:p@h/db", "DATABASE_URL", "setting of a program"),
        (f"API_KEY_ENCRYPTION_KEY={'ab' * 32}", "API_KEY_ENCRYPTION_KEY", "KeyPortal itself"),
        ("KEYPORTAL_ANYTHING=0123456789", "KEYPORTAL_ANYTHING", "KeyPortal itself"),
        pytest.param(
            f"A_KEY={new_agent_token().token.reveal()}", "A_KEY", "agent key of KeyPortal", id="agent key"
        ),
        ("just words", "", "cannot be read"),
        (KEY, "", "no equals sign"),
        (f"my key={KEY}", "", "cannot be read"),
        (f"9LIVES={KEY}", "", "not a variable's name"),
        (f"{KEY}==", "", "not a variable's name"),
        (f'A_KEY="{KEY}', "", "both quotes"),
        ("aGVsbG8gd29ybGQ=", "", "no value"),
    ],
)
def test_what_is_no_key_is_refused_with_a_reason(line: str, name: str, words: str) -> None:
    assert values(line) == {}
    ((number, shown, reason),) = reasons(line)
    assert (number, shown) == (1, name)
    assert words in reason


def test_a_line_break_inside_quotes_swallows_no_other_key_in_silence() -> None:
    text = f"ONE_KEY='first\nTWO_KEY={KEY}\nlast'\nTHREE_KEY={KEY}"
    assert values(text) == {"THREE_KEY": KEY}
    assert [number for number, _, _ in reasons(text)] == [1]


def test_line_numbers_are_those_of_an_editor() -> None:
    text = f"\n\n# comment\r\nA_KEY={KEY}\r\n\r\nB_KEY=\n"
    lines = read_lines(Secret(text))
    assert [(line.number, line.name) for line in lines.usable] == [(4, "A_KEY")]
    assert [line.number for line in lines.refused] == [6]


def test_no_reason_repeats_anything_of_a_value() -> None:
    canary = "CANARY0sk0proj0T3BlbkFJ0abcdefgh"
    shapes = (
        "{0}",
        "{0}==",
        "A B={0}",
        "9A={0}",
        "A_KEY='{0}",
        "A_KEY='{0}\nB'",
        "A_KEY={0}\u0007",
        "A_KEY={0} = 1",
    )
    for shape in shapes:
        assert canary not in repr(reasons(shape.format(canary))), shape


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste the lines"),
        (" \n\n ", "Paste the lines"),
        ("A=" + "x" * TEXT_LIMIT, "200 kB"),
        ("A=" + "é" * (TEXT_LIMIT // 2), "200 kB"),
        ("A_KEY=x\n" * (LINES_LIMIT + 1), "1,000 lines"),
    ],
)
def test_a_text_that_is_too_large_or_empty_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_lines(Secret(text))
    assert refusal.value.field == "text"
    assert words in refusal.value.message


def test_a_thousand_lines_and_a_long_gap_are_read() -> None:
    assert len(values("".join(f"K{n}_KEY={KEY}\n" for n in range(LINES_LIMIT)))) == LINES_LIMIT
    assert set(values(f"A_KEY=x{' ' * 150_000}y")) == {"A_KEY"}
