"""Where the client asks and who it says it is: arguments, variables, and what is refused."""

from pathlib import Path

import pytest

from keyportal.client import KeyPortal, NotConfigured
from keyportal.client.places import place_of
from tests.client.support import AGENT_KEY

HTTPS = "https://keys.example.com"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEYPORTAL_URL", "KEYPORTAL_AGENT_KEY", "KEYPORTAL_AGENT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (HTTPS, HTTPS),
        (HTTPS + "/", HTTPS),
        (" https://keys.example.com:8443 ", "https://keys.example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.8.9.1:3000", "http://127.8.9.1:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_https_and_loopback_are_asked(url: str, origin: str) -> None:
    assert place_of(url, AGENT_KEY, allow_http=False).origin == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "keys.example.com",
        "ftp://keys.example.com",
        "https://",
        "https://user:CANARY@keys.example.com",
        "https://keys.example.com/CANARY",
        "https://keys.example.com?CANARY",
        "https://keys.example.com#CANARY",
        "https://keys.example.com:99999",
        "https://keys.example.com\r\nX: CANARY",
        "http://keys.example.com",
        "http://localhost.example.com",
        "http://10.0.0.5:3000",
    ],
)
def test_another_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(NotConfigured) as refusal:
        place_of(url, AGENT_KEY, allow_http=False)
    assert "CANARY" not in str(refusal.value)


def test_plain_http_is_asked_where_it_is_allowed() -> None:
    assert place_of("http://portal:3000", AGENT_KEY, allow_http=True).origin == "http://portal:3000"


def test_address_and_agent_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYPORTAL_URL", HTTPS)
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY", AGENT_KEY)
    place = place_of(None, None, allow_http=False)
    assert (place.origin, place.authorization) == (HTTPS, f"Bearer {AGENT_KEY}")


def test_the_agent_key_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{AGENT_KEY}\n")
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY_FILE", str(tmp_path / "key"))
    assert place_of(HTTPS, None, allow_http=False).authorization == f"Bearer {AGENT_KEY}"


def test_what_is_given_outranks_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYPORTAL_URL", "https://other.example.com")
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY", "kpa_other")
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY_FILE", "/nowhere")
    place = place_of(HTTPS, AGENT_KEY, allow_http=False)
    assert (place.origin, place.authorization) == (HTTPS, f"Bearer {AGENT_KEY}")


@pytest.mark.parametrize(
    ("key", "file", "says"),
    [
        ("", "", "There is no agent key"),
        ("kpa_CANARY", "/nowhere", "both set"),
        ("", "/nowhere/CANARY", "cannot be read"),
        ("kpa_CANARY\r\nX: 1", "", "characters"),
        ("kpa_CANARY ü", "", "characters"),
    ],
)
def test_an_unusable_agent_key_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, key: str, file: str, says: str
) -> None:
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY", key)
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY_FILE", file)
    with pytest.raises(NotConfigured, match=says) as refusal:
        KeyPortal(HTTPS)
    assert "CANARY" not in str(refusal.value)
