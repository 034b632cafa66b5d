"""Where a person stands, how long a link lives, and what is kept of a browser's name for itself."""

from datetime import timedelta

import pytest

from keyportal.domain.browsers import browser_label
from keyportal.domain.errors import InvalidInput
from keyportal.domain.people import PersonStatus, require_link_lifetime, status_of_person
from tests.support import START


@pytest.mark.parametrize(
    ("active", "has_password", "removed", "status"),
    [
        (False, False, False, PersonStatus.INVITED),
        (True, True, False, PersonStatus.ACTIVE),
        (False, True, False, PersonStatus.DEACTIVATED),
        (False, False, True, PersonStatus.REMOVED),
        (True, True, True, PersonStatus.REMOVED),
    ],
)
def test_a_status_follows_from_what_is_stored(
    active: bool, has_password: bool, removed: bool, status: PersonStatus
) -> None:
    removed_at = START if removed else None
    assert status_of_person(active=active, has_password=has_password, removed_at=removed_at) is status


def test_a_link_lives_one_to_fourteen_days() -> None:
    assert require_link_lifetime(timedelta(days=14)) == timedelta(days=14)
    for lifetime in (timedelta(0), timedelta(days=15), timedelta(hours=23)):
        with pytest.raises(InvalidInput):
            require_link_lifetime(lifetime)


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/142 Mobile Safari/537", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/142 Safari/604", "Chrome on iPhone"),
        ("curl/8.9.1", "curl"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
        ("x" * 600 + "Firefox/1 Linux", ""),
    ],
)
def test_only_known_words_are_kept_of_a_browser(user_agent: str, label: str) -> None:
    assert browser_label(user_agent) == label
