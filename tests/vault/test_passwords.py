"""Passwords: the digest's parameters, what is refused, and digests of former days."""

import threading
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passlib.handlers.pbkdf2 import pbkdf2_sha256

from keyportal.domain.errors import InvalidInput, TooManyAttempts
from keyportal.domain.secret import Secret
from keyportal.vault import passwords
from keyportal.vault.passwords import LONGEST, SHORTEST, password_digest, require_password, verify_password

PASSWORD = Secret("correct horse battery staple")
DIGEST = password_digest(PASSWORD)
ODD = ["nul \x00 inside it", "lone \ud800 surrogate", "\udfff" * 9, "x" * 5000, "\U0001f600" * 2000, ""]


def bcrypt_digest(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()


def test_a_digest_is_argon2id_with_46_mib_one_pass_one_lane() -> None:
    assert DIGEST.startswith("$argon2id$v=19$m=47104,t=1,p=1$")


def test_the_right_password_matches_and_needs_no_upgrade() -> None:
    assert verify_password(PASSWORD, DIGEST) == (True, None)


@pytest.mark.parametrize(
    "wrong", ["", "correct horse battery stapl", "Correct horse battery staple", "unusable"]
)
def test_a_wrong_password_does_not_match(wrong: str) -> None:
    assert verify_password(Secret(wrong), DIGEST) == (False, None)


def test_two_digests_of_one_password_differ() -> None:
    assert password_digest(PASSWORD) != DIGEST


@pytest.mark.parametrize(
    "legacy",
    [bcrypt_digest(PASSWORD.reveal()), pbkdf2_sha256.using(rounds=1000).hash(PASSWORD.reveal())],
    ids=["bcrypt", "pbkdf2_sha256"],
)
def test_a_legacy_digest_verifies_and_is_upgraded(legacy: str) -> None:
    matches, upgraded = verify_password(PASSWORD, legacy)
    assert matches and upgraded and upgraded.startswith("$argon2id$")
    assert verify_password(PASSWORD, upgraded) == (True, None)


@pytest.mark.parametrize(
    "legacy",
    [bcrypt_digest("other"), pbkdf2_sha256.using(rounds=1000).hash("other")],
    ids=["bcrypt", "pbkdf2_sha256"],
)
def test_a_wrong_password_never_upgrades_a_legacy_digest(legacy: str) -> None:
    assert verify_password(PASSWORD, legacy) == (False, None)


def test_a_long_password_of_a_bcrypt_digest_is_upgraded_whole() -> None:
    long = "a long password " * 6
    matches, upgraded = verify_password(Secret(long), bcrypt_digest(long))
    assert matches and upgraded
    assert verify_password(Secret(long), upgraded)[0]
    assert not verify_password(Secret(long[:72]), upgraded)[0]


def test_a_wrong_long_password_of_a_bcrypt_digest_does_not_match() -> None:
    assert verify_password(Secret("b" * 100), bcrypt_digest("a" * 100)) == (False, None)


@pytest.mark.parametrize("text", ["", "nobody's password", "unusable"])
@pytest.mark.parametrize("stored", [None, ""])
def test_nobody_signs_in_without_a_digest(stored: str | None, text: str) -> None:
    assert verify_password(Secret(text), stored) == (False, None)


@pytest.mark.parametrize(
    "damaged",
    ["garbage", "!", "$2b$", "$argon2id$v=19$m=47104,t=1,p=1$", pytest.param(DIGEST[:-9], id="cut short")],
)
def test_a_damaged_digest_matches_nothing_and_does_not_raise(damaged: str) -> None:
    assert verify_password(PASSWORD, damaged) == (False, None)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("stored", [None, DIGEST, bcrypt_digest("x")], ids=["nobody", "argon2", "bcrypt"])
def test_odd_texts_never_raise_and_never_match(stored: str | None, odd: str) -> None:
    assert verify_password(Secret(odd), stored) == (False, None)


@pytest.mark.parametrize("length", [SHORTEST, SHORTEST + 1, LONGEST - 1, LONGEST])
def test_lengths_between_the_limits_are_taken(length: int) -> None:
    require_password(Secret(("q7\u00fcz" * LONGEST)[:length]))


@pytest.mark.parametrize(
    "refused",
    [
        "",
        "q7z!xw2",
        "q" * (LONGEST + 1),
        "qwertyuiop",
        "PassWord1",
        "iloveyou",
        "12345678",
        "nul \x00 in",
        "\ud800bcdefgh",
    ],
)
def test_short_long_common_and_odd_passwords_are_refused(refused: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_password(Secret(refused))
    assert refusal.value.field == "password"
    assert len(refused) < 4 or refused not in refusal.value.message


@settings(max_examples=10, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=8, max_size=40))
def test_any_unicode_password_works(text: str) -> None:
    assert verify_password(Secret(text), password_digest(Secret(text)))[0]


def test_at_most_two_digests_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests leave the fake context in pairs: one alone would wait for ever, three would be counted."""
    inside, most, pair = set[int](), 0, threading.Barrier(2, timeout=10)

    class CountingContext:
        def hash(self, _text: str) -> str:
            nonlocal most
            inside.add(threading.get_ident())
            most = max(most, len(inside))
            pair.wait()
            inside.discard(threading.get_ident())
            return ""

    monkeypatch.setattr(passwords, "_CONTEXT", CountingContext())
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(password_digest, [PASSWORD] * 6))
    assert most == 2


def test_a_burst_of_sign_ins_is_turned_away_instead_of_waiting() -> None:
    places = [passwords._IN_LINE.acquire(blocking=False) for _ in range(10)]
    try:
        assert all(places)
        with pytest.raises(TooManyAttempts):
            verify_password(Secret("a long password"), None)
    finally:
        for _ in places:
            passwords._IN_LINE.release()
    assert verify_password(Secret("a long password"), None) == (False, None)
