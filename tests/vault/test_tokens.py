"""Tokens: their form, their strength, and what parsing refuses before any query."""

import re
import string
from base64 import urlsafe_b64decode
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.vault.tokens import (
    digest,
    new_agent_token,
    new_session_token,
    new_setup_code,
    parse_agent_token,
    setup_code_digest,
)

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
TOKEN = new_agent_token().token.reveal()


def test_an_agent_token_has_its_form() -> None:
    assert re.fullmatch(r"kpa_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}[0-9A-Za-z]{6}", TOKEN)


def test_its_last_six_are_the_crc32_of_the_rest_in_base_62() -> None:
    number = 0
    for character in TOKEN[-6:]:
        number = number * 62 + BASE62.index(character)
    assert number == crc32(TOKEN[:-6].encode())


def test_a_token_parses_to_itself_and_its_public_id() -> None:
    parsed = parse_agent_token(TOKEN)
    assert parsed is not None
    assert (parsed.token.reveal(), parsed.public_id) == (TOKEN, TOKEN[4:16])


def test_every_single_changed_character_is_refused() -> None:
    for at, was in enumerate(TOKEN):
        others = set(BASE62 + "_- \n\u00e9") - {was}
        passed = [c for c in others if parse_agent_token(TOKEN[:at] + c + TOKEN[at + 1 :])]
        assert passed == [], f"position {at}"


def test_every_two_swapped_neighbours_are_refused() -> None:
    for at in range(len(TOKEN) - 1):
        swapped = TOKEN[:at] + TOKEN[at + 1] + TOKEN[at] + TOKEN[at + 2 :]
        assert swapped == TOKEN or parse_agent_token(swapped) is None


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "kpa_",
        "kpa__",
        "kpa_...wxyz",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN.upper(),
        TOKEN.replace("kpa", "KPA"),
        "Bearer " + TOKEN,
        "\ud800" * 55,
        "\uff10" * 55,
        "k" * 100_000,
    ],
    # Names of their own: workers that share the tests have to find the same ones.
    ids=["empty", "kpa", "no secret", "a mask", "short", "long", "line end", "space", "upper case",
         "KPA", "Bearer", "surrogates", "wide digits", "huge"],
)  # fmt: skip
def test_junk_is_refused(junk: str) -> None:
    assert parse_agent_token(junk) is None


@given(st.text())
def test_parsing_never_raises(text: str) -> None:
    assert parse_agent_token(text) is None


def test_tokens_do_not_repeat() -> None:
    tokens = [new_agent_token() for _ in range(2000)]
    assert len({t.public_id for t in tokens}) == len({t.token.reveal() for t in tokens}) == 2000


def test_a_session_token_has_256_bits() -> None:
    token = new_session_token().reveal()
    assert len(urlsafe_b64decode(token + "=")) == 32
    assert token != new_session_token().reveal()


@given(st.text(st.characters(codec="utf-8")))
def test_a_digest_is_sha_256(text: str) -> None:
    assert digest(text) == sha256(text.encode()).hexdigest()


def test_a_digest_of_what_no_codec_takes_does_not_raise() -> None:
    assert digest("\ud800") != digest("\udfff")


def test_a_set_up_code_is_80_bits_without_letters_to_misread() -> None:
    code = new_setup_code().reveal()
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", code)


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        lambda c: c.replace("-", ""),
        lambda c: c.replace("-", " "),
        lambda c: f"  {c}\t",
        lambda c: c.replace("0", "O").replace("1", "l"),
        lambda c: c.replace("0", "o").replace("1", "I"),
    ],
)
def test_a_set_up_code_may_be_typed_in_many_ways(spell) -> None:
    code = "01AB-10CD-0KMN-1XYZ"
    assert setup_code_digest(spell(code)) == setup_code_digest(code)


def test_another_set_up_code_has_another_digest() -> None:
    code = "01AB-10CD-0KMN-1XYZ"
    assert setup_code_digest(code[:-1] + "W") != setup_code_digest(code)
