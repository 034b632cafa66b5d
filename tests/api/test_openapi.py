"""The OpenAPI document against the application: whatever is sent, every answer is one it names.

Examples are bounded and seeded, so that a run says tomorrow what it says today.
"""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from schemathesis.core.failures import FailureGroup

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.openapi_support import BASE, CHECKS, Questioning, document, operations, sender
from tests.api.openapi_things import Things
from tests.api.support import Rest, browser, program, routes, stranger
from tests.conftest import MakePortal
from tests.fakes.fake_provider import FakeProvider

# Programs do these, and an admin's session cannot.
FOR_PROGRAMS = {"POST /api/resolve", "POST /api/resolve/{provider}", "POST /api/usage"}
# What would let them succeed is a code or a link that is shown once; tests/api/test_sign_in.py has them.
BY_LINK = {"POST /api/auth/set-up", "POST /api/auth/join", "POST /api/auth/reset"}


@pytest.fixture
def portal(make_portal: MakePortal, openai: FakeProvider) -> Portal:
    # The clock stands still: a limit by the minute would answer for everything after its tenth test.
    return make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1", KEYPORTAL_TESTS_PER_MINUTE="10000")


def questioned(portal: Portal, caller: Callable[[], Rest], examples: int) -> Questioning:
    questioning = Questioning(Things(portal), examples)
    for operation in operations():
        # A new caller for each: signing out is an operation, too.
        questioning.ask(operation, sender(caller()))
    return questioning


def never_well(questioning: Questioning) -> set[str]:
    """Return the operations that only ever refused."""
    return {label for label, found in questioning.statuses.items() if min(found) >= 400}


def test_every_answer_to_an_admin_stands_in_the_document(portal: Portal) -> None:
    found = questioned(portal, lambda: browser(portal, "root"), examples=3)
    assert found.problems == []
    assert never_well(found) == FOR_PROGRAMS | BY_LINK


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_every_answer_to_a_program_stands_in_the_document(portal: Portal) -> None:
    found = questioned(portal, lambda: program(portal, "root", *Scope), examples=2)
    assert found.problems == []
    assert FOR_PROGRAMS.isdisjoint(never_well(found))


@pytest.mark.parametrize("database_template", ["sqlite"], indirect=True)
def test_every_answer_to_anybody_stands_in_the_document(portal: Portal) -> None:
    found = questioned(portal, lambda: stranger(portal), examples=1)
    assert found.problems == []
    public = {label for label in found.statuses if label not in never_well(found)}
    assert public == {"GET /api/health", "GET /api/ready", "POST /api/auth/sign-in"}


def test_the_document_has_every_route_but_its_own_pages() -> None:
    named = {(method.upper(), path) for path, at in document()["paths"].items() for method in at}
    unnamed = {(method, path) for method, path in routes() if method != "HEAD"} - named
    assert {path for _, path in unnamed if not path.startswith("/api/docs")} == {"/api/openapi.json"}


def test_an_answer_the_document_does_not_name_would_be_found() -> None:
    health = next(o for o in operations() if o.path == "/api/health")
    answer = httpx.Response(418, json={"status": "ok"}, request=httpx.Request("GET", f"{BASE}/api/health"))
    answer.elapsed = timedelta()
    with pytest.raises(FailureGroup):
        health.Case().validate_response(answer, checks=CHECKS)
