"""What may become a key's value, what an environment value means, and the one status of a key."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keyportal.domain.credentials import (
    VALUE_LIMIT,
    CredentialStatus,
    find_assignment,
    is_placeholder,
    require_value,
    status_of,
)
from keyportal.domain.errors import InvalidInput

KEY = "sk-proj-0123456789abcdefT3BlbkFJ"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
visible = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=60)


def test_a_clean_value_is_kept_without_a_notice() -> None:
    pasted = require_value(KEY)
    assert (pasted.secret.reveal(), pasted.notice) == (KEY, "")


@pytest.mark.parametrize(
    "pasted",
    [
        f" {KEY}",
        f"{KEY}\n",
        f"\r\n\t{KEY}\r\n",
        f"\ufeff{KEY}",
        f"\u00a0{KEY}\u3000",
        f"{KEY[:9]}\u200b{KEY[9:]}",
        f" \u2060 {KEY} \u200d",
        f"\u00ad{KEY}\u200c",
    ],
)
def test_outer_space_and_invisible_characters_go_with_a_notice(pasted: str) -> None:
    cleaned = require_value(pasted)
    assert cleaned.secret.reveal() == KEY
    assert "left out" in cleaned.notice


@pytest.mark.parametrize("empty", ["", " ", "\n", "\ufeff", "\u200b \u200b"])
def test_an_empty_value_is_refused(empty: str) -> None:
    with pytest.raises(InvalidInput, match="Paste the API key"):
        require_value(empty)


@pytest.mark.parametrize("char", ["\n", "\r", "\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"])
def test_control_characters_inside_are_refused(char: str) -> None:
    with pytest.raises(InvalidInput, match="control characters"):
        require_value(KEY[:9] + char + KEY[9:])


@pytest.mark.parametrize(
    "line",
    [
        f"OPENAI_API_KEY={KEY}",
        f"export OPENAI_API_KEY={KEY}",
        f'export   OPENAI_API_KEY="{KEY}"',
        f"OPENAI_API_KEY = {KEY}",
        f"  OPENAI_API_KEY={KEY}\n",
    ],
)
def test_a_name_value_line_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="NAME=value"):
        require_value(line)


@pytest.mark.parametrize(
    "line",
    [
        f"OPENAI_API_KEY={KEY}",
        f"export OPENAI_API_KEY={KEY}",
        f'OPENAI_API_KEY="{KEY}"',
        f"OPENAI_API_KEY = '{KEY}'  # production",
        f"  \ufeffOPENAI_API_KEY={KEY} # production\n",
    ],
)
def test_a_line_is_split_when_its_owner_agreed(line: str) -> None:
    kept = require_value(line, split_assignment=True)
    assert kept.secret.reveal() == KEY
    assert kept.notice == "Only the part after the equals sign is kept."
    assignment = find_assignment(line)
    assert assignment is not None and assignment.name == "OPENAI_API_KEY"


@pytest.mark.parametrize(
    "lines",
    [
        "OPENAI_API_KEY=sk-a GROQ_API_KEY=gsk_b",
        "OPENAI_API_KEY=sk-a\nGROQ_API_KEY=gsk_b\n",
        'A_KEY="sk-a"  export B_KEY=gsk',
    ],
)
def test_several_lines_are_refused_even_with_consent(lines: str) -> None:
    for split in (False, True):
        with pytest.raises(InvalidInput, match="several NAME=value lines"):
            require_value(lines, split_assignment=split)


@pytest.mark.parametrize(
    "wrapped",
    [f'"{KEY}"', f"'{KEY}'", f"`{KEY}`", f'"{KEY}",', f"Bearer {KEY}", f"Authorization: Bearer {KEY}"],
)
def test_what_stands_around_a_key_goes_with_a_notice(wrapped: str) -> None:
    kept = require_value(wrapped)
    assert kept.secret.reveal() == KEY
    assert kept.notice == "Quotes or words around the key are left out."


@pytest.mark.parametrize("value", ["abc,", 'a"b', "Bearer", "bearer-token-1", "'half"])
def test_what_belongs_to_a_key_stays(value: str) -> None:
    assert require_value(value).secret.reveal() == value


@pytest.mark.parametrize(
    "text",
    [
        "NAME=a" + " " * 60_000 + "x",
        'NAME="' + '" ' * 30_000,
        "A" * 60_000 + "=" + "B" * 60_000,
        "ABC=" + "X " * 30_000,
        "Bearer " * 10_000,
        "{" * 60_000,
    ],
)
def test_long_texts_made_to_hold_up_are_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidInput):
        require_value(text, split_assignment=True)
    assert find_assignment(text) is None


def test_consent_changes_nothing_where_there_is_no_line() -> None:
    assert require_value(f" {KEY}", split_assignment=True).notice == require_value(f" {KEY}").notice


@pytest.mark.parametrize("inside", ["****...0123", "a\x00b", "OTHER_NAME=value"])
def test_what_a_line_holds_is_looked_at_too(inside: str) -> None:
    with pytest.raises(InvalidInput):
        require_value(f"OPENAI_API_KEY={inside}", split_assignment=True)


def test_nothing_is_substituted_in_a_line() -> None:
    assert require_value("MY_KEY=sk-$HOME-${X}-abcdef", split_assignment=True).secret.reveal() == (
        "sk-$HOME-${X}-abcdef"
    )


def test_a_document_is_put_on_one_line_and_keeps_its_content() -> None:
    account = {"type": "service_account", "private_key": "-----BEGIN\nabc\n-----END\n", "n": 1}
    kept = require_value(json.dumps(account, indent=2) + "\n")
    assert json.loads(kept.secret.reveal()) == account
    assert "\n" not in kept.secret.reveal() and "one line" in kept.notice


@pytest.mark.parametrize("broken", ["{\n", '{"a":\n', "{" * 5000 + "\n}"])
def test_a_broken_document_is_refused_like_any_text_with_line_breaks(broken: str) -> None:
    with pytest.raises(InvalidInput):
        require_value(broken + "x")


@pytest.mark.parametrize("value", ["QUJDREVGR0g=", "QUJD==", "lowercase0=tail", "AB=cd"])
def test_a_value_that_only_ends_in_equals_signs_is_no_line(value: str) -> None:
    assert require_value(value).secret.reveal() == value


@pytest.mark.parametrize(
    "mask", ["****...0123", "sk-...0123", "kpa_...wxyz", "••••••••", "sk-ant-api03-abc...wxyz"]
)
def test_a_mask_is_refused(mask: str) -> None:
    with pytest.raises(InvalidInput, match="masked"):
        require_value(mask)


@pytest.mark.parametrize("length", [VALUE_LIMIT - 1, VALUE_LIMIT])
def test_a_value_up_to_the_limit_is_taken(length: int) -> None:
    assert len(require_value("k" * length).secret.reveal()) == length


def test_a_value_over_the_limit_is_refused() -> None:
    with pytest.raises(InvalidInput, match=str(VALUE_LIMIT)):
        require_value("k" * (VALUE_LIMIT + 1))


@given(
    visible,
    st.sampled_from(
        ["{}\n{}", "OPENAI_API_KEY={}", "export A_KEY={}", "{}***", "{}\x00", "\x1b{}", "{}…", "{}\ud800"]
    ),
)
def test_no_refusal_repeats_the_value(value: str, form: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_value(form.replace("{}", value))
    assert value not in refusal.value.message and value not in repr(refusal.value)
    assert refusal.value.field == "api_key"


@given(st.text(max_size=60))
def test_whatever_is_taken_is_clean(pasted: str) -> None:
    try:
        text = require_value(pasted).secret.reveal()
    except InvalidInput:
        return
    assert text and text == text.strip() and text.encode() and "\x00" not in text and "\n" not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "your-key-here",
        "YOUR_API_KEY",
        "<your key>",
        "${OPENAI_API_KEY}",
        "{{ key }}",
        "xxx",
        "XXXXXXXX",
        "...",
        "****",
        "changeme",
        "change-me",
        "replace_me",
        "TODO",
        "none",
        "null",
        "undefined",
        "placeholder",
        "dummy",
        "test",
        "example",
        "sk-...",
        "sk-xxxxxxxx",
        "sk-proj-xxxxxxxx",
        "sk-ant-api03-...",
        "sk-your-key-here",
        "insert key here",
        "  changeme ",
    ],
)
def test_a_placeholder_counts_as_absent(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [KEY, "sk-xylophone-1234", "testing123456", "todo-is-my-key", "x1x2x3", "sk-or-v1-0123abcd", "nullable"],
)
def test_a_real_key_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


@given(st.text(st.characters(codec="ascii", categories=["N"]), min_size=12))
def test_digits_behind_a_prefix_are_never_a_placeholder(digits: str) -> None:
    assume(digits)
    assert not is_placeholder(f"sk-{digits}")


PAST, SOON = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("active", "expires_at", "readable", "status"),
    [
        (True, None, True, CredentialStatus.ACTIVE),
        (True, None, False, CredentialStatus.UNREADABLE),
        (True, SOON, True, CredentialStatus.ACTIVE),
        (True, SOON, False, CredentialStatus.UNREADABLE),
        (True, NOW, True, CredentialStatus.EXPIRED),
        (True, PAST, True, CredentialStatus.EXPIRED),
        (True, PAST, False, CredentialStatus.EXPIRED),
        (False, None, True, CredentialStatus.INACTIVE),
        (False, None, False, CredentialStatus.INACTIVE),
        (False, SOON, True, CredentialStatus.INACTIVE),
        (False, SOON, False, CredentialStatus.INACTIVE),
        (False, PAST, True, CredentialStatus.INACTIVE),
        (False, PAST, False, CredentialStatus.INACTIVE),
    ],
)
def test_a_key_has_one_status(
    active: bool, expires_at: datetime | None, readable: bool, status: CredentialStatus
) -> None:
    told = {"active": active, "expires_at": expires_at, "readable": readable, "now": NOW}
    assert status_of(**told) is status
    assert status_of(**told, has_value=False) is CredentialStatus.RE_ENTER
