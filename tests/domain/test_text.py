"""The rules for what people type: the same on every database, and never echoed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.domain import text
from keyportal.domain.errors import InvalidInput
from keyportal.domain.text import require_email, require_name, search_key

UNSTORABLE = ["a\x00b", "\x00", "a\ud800b", "\udfff"]


@pytest.mark.parametrize("length", [1, text.NAME_LIMIT - 1, text.NAME_LIMIT])
def test_a_name_up_to_the_limit_is_taken(length: int) -> None:
    assert text.require_name("n" * length) == "n" * length


@pytest.mark.parametrize("name", ["", " ", "\u00a0\t", "n" * (text.NAME_LIMIT + 1)])
def test_an_empty_or_too_long_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        text.require_name(name)
    assert refusal.value.field == "name"


@pytest.mark.parametrize("invisible", ["\u200b", "\u2060\u200d", "\ufeff", "\u00ad", "\u202e"])
def test_a_name_nobody_can_see_is_no_name(invisible: str) -> None:
    with pytest.raises(InvalidInput):
        text.require_name(invisible)


@pytest.mark.parametrize("char", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_a_name_is_one_line_without_control_characters(char: str) -> None:
    with pytest.raises(InvalidInput):
        text.require_name(f"a{char}b")


@pytest.mark.parametrize("unstorable", UNSTORABLE)
@pytest.mark.parametrize(
    "rule", [text.require_name, text.require_note, text.require_label, text.require_email]
)
def test_what_postgresql_cannot_hold_is_refused_everywhere(
    rule: Callable[[str], str], unstorable: str
) -> None:
    with pytest.raises(InvalidInput):
        rule(unstorable)


def test_a_name_is_kept_in_nfc_without_outer_space() -> None:
    assert text.require_name("  Cafe\u0301 ") == "Caf\u00e9"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Work", "WORK"),
        ("Straße", "STRASSE"),
        ("Café", "CAFE\u0301"),
        ("file", "\ufb01le"),
        ("Key\uff11", "key1"),
        ("\u212a", "k"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_two_spellings_of_one_name_are_equal(one: str, other: str) -> None:
    assert text.name_key(one) == text.name_key(other)


@pytest.mark.parametrize(("one", "other"), [("work", "work 2"), ("cafe", "café"), ("a", "\u0430")])
def test_different_names_stay_different(one: str, other: str) -> None:
    assert text.name_key(one) != text.name_key(other)


@given(st.text())
def test_the_key_of_a_key_is_itself(name: str) -> None:
    once = text.name_key(name)
    assert text.name_key(once) == once


@given(st.text())
def test_a_search_never_holds_what_no_database_can(typed: str) -> None:
    key = text.search_key(typed)
    assert key.encode().decode() == key
    assert "\x00" not in key and len(key) <= text.EMAIL_LIMIT


@given(st.text(min_size=1, max_size=text.NAME_LIMIT))
def test_a_name_is_found_by_typing_it(name: str) -> None:
    try:
        stored = text.require_name(name)
    except InvalidInput:
        return
    assert text.search_key(stored).strip() == text.name_key(stored)[: text.EMAIL_LIMIT].strip()


@pytest.mark.parametrize("length", [0, text.NOTE_LIMIT - 1, text.NOTE_LIMIT])
def test_a_note_up_to_the_limit_is_taken(length: int) -> None:
    assert len(text.require_note("n" * length)) == length


def test_a_note_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput):
        text.require_note("n" * (text.NOTE_LIMIT + 1))


@pytest.mark.parametrize(
    ("typed", "label"), [("", ""), (" Prod ", "prod"), ("eu-west.1", "eu-west.1"), ("a" * 32, "a" * 32)]
)
def test_a_label_is_lower_case(typed: str, label: str) -> None:
    assert text.require_label(typed) == label


@pytest.mark.parametrize("label", ["a" * 33, "-prod", ".x", "pro d", "prod\u00e9", "prod/1", "prod\n1"])
def test_an_odd_label_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput):
        text.require_label(label)


@pytest.mark.parametrize("email", ["a@b.co", "First.Last+tag@sub.example.com", "ü@exämple.de"])
def test_an_email_is_kept_as_typed(email: str) -> None:
    assert text.require_email(f" {email} ") == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@b.",
        "a@@b.co",
        "a b@c.co",
        "a@b.co,c@d.co",
        "<a@b.co>",
        "a@b.co\nBcc: c@d.co",
        "a\x1b[31m@b.co",
        "a\x7f@b.co",
        "a\u202e@b.co",
        "a\u200b@b.co",
    ],
)
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput):
        text.require_email(email)


@pytest.mark.parametrize(("length", "taken"), [(253, True), (254, True), (255, False)])
def test_an_email_has_at_most_254_characters(length: int, taken: bool) -> None:
    email = "a" * (length - len("@b.co")) + "@b.co"
    try:
        accepted = text.require_email(email) == email
    except InvalidInput:
        accepted = False
    assert accepted is taken


def test_a_row_id_is_a_lower_case_uuid() -> None:
    assert text.is_row_id("01234567-89ab-cdef-0123-456789abcdef")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "0",
        "-1",
        str(2**64),
        "../1",
        "a" * 10_000,
        "01234567-89AB-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcdef\n",
        "{01234567-89ab-cdef-0123-456789abcdef}",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_junk_is_no_row_id(junk: str) -> None:
    assert not text.is_row_id(junk)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        text.require_moment(datetime(2027, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "moment",
    [
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
        datetime(9999, 12, 31, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_a_moment_no_database_reads_back_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidInput):
        text.require_moment(moment)


def test_a_moment_is_kept_in_utc() -> None:
    moment = text.require_moment(datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    assert moment is not None
    assert (moment, moment.utcoffset()) == (datetime(2026, 12, 31, 23, tzinfo=UTC), timedelta(0))


def test_no_moment_is_fine() -> None:
    assert text.require_moment(None) is None


@pytest.mark.parametrize("clean", [require_name, require_email])
def test_long_text_is_refused_before_it_is_normalised(clean: Callable[[str], str]) -> None:
    hostile = "a" + "\u0301" * 60_000 + "\u0316" * 60_000
    with pytest.raises(InvalidInput, match="at most"):
        clean(hostile)


def test_a_search_looks_at_no_more_than_a_name_can_hold() -> None:
    assert len(search_key("a" * 1_000_000)) == 254
