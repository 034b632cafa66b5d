"""`make screenshots`: photographs every page, light and dark, wide and narrow, full, empty, with an error."""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from keyportal.domain.clock import SystemClock
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Role, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import credentials as rows
from keyportal.services import agent_keys, credentials, provider_edits, users
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider, ProviderEdit
from keyportal.services.sessions import principal_of
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from tests.e2e import pages
from tests.e2e.conftest import launch_options
from tests.e2e.pictures_of_tests import photograph_tests, play_openai
from tests.e2e.server import ROOT, RunningPortal
from tests.fakes.fake_provider import FakeProvider

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PASSWORD = "a long password for the pictures"
FULL, EMPTY = "ada@example.com", "new@example.com"
WIDTHS = {"wide": 1280, "middle": 1000, "tablet": 800, "narrow": 390}
PAGES = {
    "overview": "/",
    "api-keys": "/api-keys",
    "agent-keys": "/agent-keys",
    "system-keys": "/admin/system-keys",
    "providers": "/admin/providers",
}
_KEYS = (
    ("openai", "Production", "prod", "valid", 412_907, True),
    ("openai", "Staging", "staging", "quota_exhausted", 1_204, True),
    ("anthropic", "Claude for the support desk", "prod", "valid", 98_311, True),
    ("gemini", "Gemini", "", "valid_limited", 77, True),
    ("openrouter", "Evaluations " + "long name " * 6, "dev", "rate_limited", 5, True),
    ("deepgram", "客户支持热线 转写", "", "unreachable", 0, True),
    ("deepseek", "مفتاح الاختبار", "", "invalid", 1_000_000, False),
)


def main(target: Path) -> None:
    target.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        FakeProvider() as provider,
    ):
        settings = {**play_openai(provider), "OPENAI_API_KEY": "sk-proj-picture0123456789abcdef"}
        portal = RunningPortal(Path(folder), **settings)
        _fill(portal)
        portal.start()
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        try:
            for scheme in SCHEMES:
                for width, pixels in WIDTHS.items():
                    _photograph(browser, portal, target, scheme, width, pixels)
        finally:
            browser.close()
            portal.stop()


def _fill(portal: RunningPortal) -> None:
    opened = open_portal(settings_from(portal.environment()), SystemClock())
    for email in (FULL, EMPTY):
        users.add_user(opened, operator_principal(), users.NewUser(email, Secret(PASSWORD), Role.ADMIN))
    ada = _principal(opened, FULL)
    for number, key in enumerate(_KEYS * 5):
        _add(opened, ada, Ownership.USER, number, *key)
    for number in range(3):
        name = ("Nightly evaluation", "Support desk", "Transcription worker")[number]
        agent_keys.create(opened, ada, NewAgentKey(name, [Scope.RESOLVE]))
    _decide(opened, ada)
    opened.close()


def _decide(opened: Portal, admin: Principal) -> None:
    """Make one provider of each look: off, moved with keys left behind, added."""
    provider_edits.set_enabled(opened, admin, "deepgram", False)
    provider_edits.update(
        opened, admin, "anthropic", ProviderEdit(base_url="https://eu.llm-proxy.example.com/anthropic")
    )
    names = ("Our GPU cluster", "A very long name of a provider that somebody added here " + "x" * 20)
    for name in names:
        provider_edits.add_custom(opened, admin, NewProvider(name, "http://10.20.0.5:8000/v1"))


def _add(
    opened: Portal, who: Principal, ownership: Ownership, number: int, provider: str, name: str, label: str,
    outcome: str, uses: int, active: bool,
) -> None:  # fmt: skip
    name = name.strip()[:70] + (f" {number}" if number >= len(_KEYS) else "")
    value = Secret(f"sk-picture-{number:04d}-0123456789abcdef")
    view = credentials.create(
        opened, who, ownership, NewCredential(provider, name, value, environment=label, active=active)
    )
    now = opened.clock.now()
    with opened.database.transaction() as session:
        rows.update_credential(
            session, view.id, health_outcome=outcome, health_message="As the provider said.",
            health_checked_at=now - timedelta(minutes=number + 2), health_latency_ms=180 + 13 * number,
            usage_count=uses, last_used_at=now - timedelta(hours=number),
            created_at=now - timedelta(days=number),
        )  # fmt: skip


def _principal(opened: Portal, email: str) -> Principal:
    from keyportal.persistence.users import find_user_by_email

    with opened.database.reading() as session:
        row = find_user_by_email(session, email)
        assert row is not None
        return principal_of(row)


def _photograph(
    browser: Browser, portal: RunningPortal, target: Path, scheme: Scheme, width: str, pixels: int
) -> None:
    def shot(page: Page, name: str) -> None:
        page.wait_for_timeout(350)
        page.screenshot(path=target / f"{name}-{scheme}-{width}.png")

    for email, state in ((FULL, "full"), (EMPTY, "empty")):
        page = browser.new_context(
            base_url=portal.url,
            color_scheme=scheme,
            viewport={"width": pixels, "height": 840},
        ).new_page()
        page.goto("/sign-in?problem=sign_in_failed" if state == "full" else "/sign-in")
        expect(page.get_by_test_id("email")).to_be_visible()
        shot(page, f"sign-in-{'error' if state == 'full' else 'empty'}")
        page.get_by_test_id("email").fill(email)
        page.get_by_test_id("password").fill(PASSWORD)
        page.get_by_test_id("submit").click()
        expect(page.get_by_test_id("who-am-i").first).to_have_text(email)
        for name, path in PAGES.items():
            page.goto(path)
            expect(page.locator("h1")).to_be_visible()
            page.wait_for_load_state("networkidle")
            shot(page, f"{name}-{state}")
        if state == "full":
            _photograph_dialogs(page, shot)
            photograph_tests(page, shot)
        page.context.close()


def _photograph_dialogs(page: Page, shot: object) -> None:
    assert callable(shot)
    page.goto("/api-keys")
    page.get_by_test_id("add-key").click()
    page.get_by_test_id("provider").select_option("openai")
    page.get_by_test_id("name").fill("Production")
    page.get_by_test_id("api-key").fill("OPENAI_API_KEY=sk-picture")
    page.get_by_test_id("save-key").click()
    expect(page.get_by_test_id("field-error")).to_be_visible()
    shot(page, "api-keys-error")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_test_id("key-form")).to_be_hidden()
    page.get_by_test_id("search").fill("nothing like this")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    shot(page, "api-keys-no-match")
    page.get_by_test_id("clear-filters").click()
    pages.row(page, "Production").get_by_test_id("row-menu").click()
    page.get_by_test_id("delete").click()
    expect(page.get_by_test_id("consequence")).to_be_visible()
    shot(page, "api-keys-delete")
    page.get_by_test_id("cancel-danger").click()
    page.goto("/agent-keys")
    page.get_by_test_id("add-agent-key").click()
    # Each name is taken once, and the pictures are taken many times.
    name = f"Support bot {time.monotonic_ns() % 10_000}"
    page.get_by_test_id("agent-name").fill(name)
    shot(page, "agent-keys-form")
    page.get_by_test_id("create-agent-key").click()
    expect(page.get_by_test_id("new-value")).not_to_have_value("")
    shot(page, "agent-keys-shown-once")
    page.get_by_test_id("done").click()
    page.locator(f'[data-name="{name}"]').get_by_test_id("row-menu").click()
    page.get_by_test_id("revoke").click()
    shot(page, "agent-keys-revoke")
    page.get_by_test_id("confirm-danger").click()
    expect(page.get_by_test_id("notice")).to_be_visible()
    shot(page, "agent-keys-notice")
    _photograph_provider_dialogs(page, shot)
    page.goto("/no-such-page")
    shot(page, "not-found")


def _photograph_provider_dialogs(page: Page, shot: object) -> None:
    assert callable(shot)
    page.goto("/admin/providers")

    def choose(provider_id: str, act: str) -> None:
        page.locator(f'[data-provider="{provider_id}"]').get_by_test_id("row-menu").click()
        page.get_by_test_id(act).click()

    choose("anthropic", "change-address")
    page.get_by_test_id("base-url").fill("llm.example.com")
    page.get_by_test_id("save-address").click()
    expect(page.get_by_test_id("field-error")).to_be_visible()
    shot(page, "providers-address-error")
    page.get_by_test_id("cancel").click()
    choose("our_gpu_cluster", "edit")
    shot(page, "providers-form")
    page.get_by_test_id("cancel").click()
    choose("our_gpu_cluster", "delete")
    expect(page.get_by_test_id("consequence")).to_be_visible()
    shot(page, "providers-delete")
    page.get_by_test_id("cancel-danger").click()
    # Until the dialog is gone it keeps the focus for itself.
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    page.get_by_test_id("search").fill("nothing like this")
    expect(page.get_by_test_id("no-match")).to_be_visible()
    shot(page, "providers-no-match")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots")
