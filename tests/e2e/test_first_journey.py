"""The whole way through: from the set-up code on the console to a program that is given the right key."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES

pytestmark = pytest.mark.browser

ADMIN, ADMIN_PASSWORD = "root@example.com", "the admin's long password"
MEMBER, MEMBER_PASSWORD = "alice@example.com", "the member's long password"
SYSTEM_SECRET = "sk-proj-SYSTEMcanary0123456789abcdef"
OWN_SECRET = "sk-proj-OWNcanary9876543210fedcba"
ENVIRONMENT_SECRET = "sk-proj-ENVcanary5555555555555555"
PROGRAM = Path(__file__).with_name("resolving_program.py")


def resolve(portal: RunningPortal, agent_key: str) -> dict[str, object]:
    """Run the separate program and return the portal's answer."""
    environment = {**portal.environment(), "KEYPORTAL_URL": portal.url, "KEYPORTAL_AGENT_KEY": agent_key}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "openai"], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_from_a_set_up_code_to_a_resolved_key(
    browser: Browser, tmp_path: Path, provider: FakeProvider
) -> None:
    portal = RunningPortal(
        tmp_path, KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1", OPENAI_API_KEY=ENVIRONMENT_SECRET
    ).start()
    frames: list[str] = []
    try:
        admin = _tab(browser, portal, frames)
        _admin_adds_and_tests_a_system_key(admin, portal, provider)
        _add_member(portal)
        member = _tab(browser, portal, frames)
        agent_key = _member_adds_a_key_of_their_own(member)

        answer = resolve(portal, agent_key)
        assert (answer["source"], answer["api_key"]) == ("user", OWN_SECRET)

        pages.go_to(member, "API keys")
        expect(pages.row(member, "Mine").get_by_test_id("usage-count")).to_have_text("1")
        pages.switch(member, "Mine", "inactive")
        answer = resolve(portal, agent_key)
        assert (answer["source"], answer["api_key"]) == ("system", SYSTEM_SECRET)

        pages.delete_key(admin, "Company")
        answer = resolve(portal, agent_key)
        assert (answer["source"], answer["api_key"]) == ("environment", ENVIRONMENT_SECRET)

        portal.stop()
        del portal.settings["OPENAI_API_KEY"]
        portal.start()
        answer = resolve(portal, agent_key)
        assert isinstance(answer["error"], dict)
        assert answer["error"]["code"] == "no_key"
        assert "OPENAI_API_KEY" in str(answer["error"]["message"])
    finally:
        portal.stop()
    _assert_nothing_leaked(portal, frames)


def _tab(browser: Browser, portal: RunningPortal, frames: list[str]) -> Page:
    page = browser.new_context(base_url=portal.url, viewport={"width": 1280, "height": 800}).new_page()
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: frames.append(str(data))))
    return page


def _admin_adds_and_tests_a_system_key(admin: Page, portal: RunningPortal, provider: FakeProvider) -> None:
    admin.goto("/")
    expect(admin.get_by_test_id("code")).to_be_visible()
    pages.set_up(admin, portal.setup_code, ADMIN, ADMIN_PASSWORD)
    pages.go_to(admin, "System keys")
    pages.add_key(admin, "openai", "Company", SYSTEM_SECRET)
    provider.answer(REPLIES["openai"].good.status, REPLIES["openai"].good.body)
    pages.check_key(admin, "Company", "valid")
    assert provider.requests[-1].headers["authorization"] == f"Bearer {SYSTEM_SECRET}"
    provider.answer(REPLIES["openai"].bad.status, REPLIES["openai"].bad.body)
    pages.check_key(admin, "Company", "invalid")
    expect(admin.get_by_test_id("notice")).to_contain_text("OpenAI")


def _add_member(portal: RunningPortal) -> None:
    arguments = ["users", "add", "--email", MEMBER, "--role", "member", "--password-stdin"]
    done = portal.command(*arguments, stdin=MEMBER_PASSWORD + "\n")
    assert done.returncode == 0, done.stderr


def _member_adds_a_key_of_their_own(member: Page) -> str:
    pages.sign_in(member, MEMBER, MEMBER_PASSWORD)
    expect(member.get_by_test_id("nav-system-keys")).to_have_count(0)
    member.goto("/admin/system-keys")
    expect(member.get_by_role("heading", name="Overview")).to_be_visible()
    expect(pages.chain(member, "openai")).to_have_attribute("data-source", "system")
    pages.go_to(member, "API keys")
    pages.add_key(member, "openai", "Mine", OWN_SECRET)
    pages.go_to(member, "Overview")
    expect(pages.chain(member, "openai")).to_have_attribute("data-source", "user")
    expect(pages.chain(member, "openai").get_by_test_id("reason")).to_contain_text("Mine")
    pages.go_to(member, "Agent keys")
    return pages.create_agent_key(member, "Nightly")


def _assert_nothing_leaked(portal: RunningPortal, frames: list[str]) -> None:
    """No secret in what the server sent to a browser, printed, or wrote to disk."""
    assert len(frames) > 10
    stored = b"".join(f.read_bytes() for f in portal.folder.rglob("*") if f.is_file())
    for secret in (SYSTEM_SECRET, OWN_SECRET, ADMIN_PASSWORD, MEMBER_PASSWORD):
        assert not any(secret in frame for frame in frames)
        assert secret.encode() not in stored
