"""No secret comes out of a route or error path for a program with every scope. Apart: it is slow."""

import pytest

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import program
from tests.fakes.fake_provider import FakeProvider
from tests.security.canary import assert_a_canary_stays_in


def test_a_secret_stays_in_whatever_a_program_sends(
    portal: Portal, openai: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caller = program(portal, "root", *Scope)
    assert_a_canary_stays_in(portal, openai, caplog, caller, gets_in=True)
