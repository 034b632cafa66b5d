"""The callers the REST tests speak through."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import Rest, browser, stranger


@pytest.fixture
def client(portal: Portal) -> Rest:
    """Alice's browser."""
    return browser(portal, "alice")


@pytest.fixture
def admin(portal: Portal) -> Rest:
    return browser(portal, "root")


@pytest.fixture
def anyone(portal: Portal) -> Rest:
    return stranger(portal)
