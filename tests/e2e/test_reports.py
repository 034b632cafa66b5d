"""A program reports that its key was refused: the next key is resolved, the owner is told, a Test ends it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, credentials, policies
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from tests.e2e import pages
from tests.e2e.seeding import PASSWORD, add_person, opened
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider

pytestmark = pytest.mark.browser

EMAIL = "ada@example.com"


@pytest.fixture
def token(running: RunningPortal, provider: FakeProvider) -> str:
    """The value of an agent key of Ada, who has two keys and lets the first step back."""
    provider.answer(200, {"object": "list", "data": [{"id": "gpt-4o"}]})
    with opened(running) as portal:
        ada = add_person(portal, EMAIL, name="Ada")
        policies.change_policies(portal, ada, {"failover": True})
        for name in ("Production", "Backup"):
            new = NewCredential("openai", name, Secret(f"sk-proj-REPORTScanary0123{name}"), failover=True)
            credentials.create(portal, ada, Ownership.USER, new)
        return agent_keys.create(portal, ada, NewAgentKey("Nightly", [Scope.RESOLVE])).token.reveal()


def post(page: Page, token: str, path: str, **body: Any) -> dict[str, Any]:
    answer = page.request.post(path, headers={"Authorization": f"Bearer {token}"}, data=body)
    assert answer.ok, answer.text()
    return answer.json()


def test_a_refused_key_steps_back_and_a_test_brings_it_in_again(page: Page, token: str) -> None:
    first = post(page, token, "/api/resolve", provider="openai")
    reported = post(
        page, token, "/api/usage",
        resolution_id=first["resolution_id"], outcome="auth_failed", http_status=401,
    )  # fmt: skip
    second = post(page, token, "/api/resolve", provider="openai")
    assert (first["credential"]["name"], second["credential"]["name"]) == ("Production", "Backup")
    assert reported["steps_back_until"] is not None

    pages.enter(page, EMAIL, PASSWORD)
    item = page.get_by_test_id("attention-item")
    expect(item).to_contain_text("Nightly reported that OpenAI refused this key (HTTP 401).")
    item.get_by_role("link", name="Test Production").click()
    expect(page.get_by_test_id("details-stepped-back")).to_contain_text("Backup is used meanwhile.")
    expect(page.get_by_test_id("place")).not_to_contain_text("UTC")
    expect(page.get_by_test_id("reported-by")).to_contain_text("by Nightly")
    expect(page.get_by_test_id("report-counts")).to_have_text("Refused1")

    page.keyboard.press("Escape")
    expect(pages.row(page, "Backup").get_by_test_id("in-use-now")).to_be_visible()
    expect(pages.row(page, "Production").get_by_test_id("primary")).to_be_visible()
    pages.choose_act(pages.row(page, "Production"), "open")

    page.get_by_test_id("details-test").click()
    expect(page.get_by_test_id("details-stepped-back")).to_have_count(0)
    expect(page.get_by_test_id("reported-by")).to_have_count(0)
    page.keyboard.press("Escape")
    row = pages.row(page, "Production")
    expect(row.get_by_test_id("stepped-back")).to_have_count(0)
    expect(page.get_by_test_id("in-use-now")).to_have_count(0)
    assert post(page, token, "/api/resolve", provider="openai")["credential"]["name"] == "Production"
