"""No secret comes out of a route or error path for an admin in a browser. Apart: it is slow."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import browser
from tests.fakes.fake_provider import FakeProvider
from tests.security.canary import assert_a_canary_stays_in


def test_a_secret_stays_in_whatever_a_person_sends(
    portal: Portal, openai: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caller = browser(portal, "root")
    assert_a_canary_stays_in(portal, openai, caplog, caller, gets_in=True)
