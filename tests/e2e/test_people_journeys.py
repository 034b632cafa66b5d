"""What admins decide and others feel at once: roles, removal, policies, the trail; and the first steps."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from keyportal.domain.principals import Role
from tests.e2e import pages
from tests.e2e.seeding import PASSWORD, add_keys, add_person, opened
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES

pytestmark = pytest.mark.browser

ADMIN, MEMBER, NEWCOMER, LEAVER = (f"{name}@example.com" for name in ("root", "alice", "nora", "leo"))
VALUE = "sk-proj-JOURNEYcanaryPEOPLE0123456789ab"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[RunningPortal]:
    portal = RunningPortal(tmp_path_factory.mktemp("portal"), KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1")
    with opened(portal) as inside:
        add_person(inside, ADMIN)
        add_keys(inside, add_person(inside, MEMBER, Role.MEMBER, "Alice"), ["Hers"])
        add_keys(inside, add_person(inside, LEAVER, Role.MEMBER, "Leo"), ["Left behind"])
        add_person(inside, NEWCOMER, Role.MEMBER, "Nora")
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def admin(page: Page) -> Page:
    pages.enter(page, ADMIN, PASSWORD, "/admin/users")
    return page


@pytest.fixture
def member(browser: Browser, running: RunningPortal) -> Iterator[Page]:
    """Somebody else's browser, nobody signed in yet."""
    context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def person(page: Page, email: str) -> Locator:
    return page.locator(f'[data-testid="user-row"][data-email="{email}"]')


def run_snippet(page: Page, tab: str, command: list[str], value: str) -> str:
    """Run what the dialog offers to copy, with the value where the snippet reads it."""
    page.get_by_test_id(f"snippet-{tab}").click()
    text = page.get_by_test_id(f"snippet-{tab}-text").input_value()
    assert value not in text
    done = subprocess.run(
        command, input=text, env={**os.environ, "KEYPORTAL_AGENT_KEY": value, "NO_PROXY": "*"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_checklist_leads_to_a_program_that_is_given_the_key_and_then_goes(
    page: Page, provider: FakeProvider
) -> None:
    provider.answer(REPLIES["openai"].good.status, REPLIES["openai"].good.body)
    pages.enter(page, NEWCOMER, PASSWORD)
    expect(page.get_by_test_id("start-done")).to_contain_text("0 of 4")
    page.get_by_role("link", name="Add key: Save an API key").click()
    pages.add_key(page, "openai", "My first", VALUE)
    pages.check_key(page, "My first", "valid")
    pages.go_to(page, "Overview")
    expect(page.get_by_test_id("start-done")).to_contain_text("2 of 4")
    page.get_by_role("link", name="Create: Create an agent key").click()
    page.get_by_test_id("add-agent-key").click()
    page.get_by_test_id("agent-name").fill("My program")
    page.get_by_test_id("create-agent-key").click()
    expect(page.get_by_test_id("new-value")).not_to_have_value("")
    value = page.get_by_test_id("new-value").input_value()
    assert VALUE in run_snippet(page, "curl", ["bash"], value)
    python = [sys.executable, "-c", "import sys; exec(sys.stdin.read()); print(api_key)"]
    assert run_snippet(page, "python", python, value).strip() == VALUE
    page.get_by_test_id("done").click()
    pages.go_to(page, "Overview")
    expect(pages.chain(page, "openai")).to_have_attribute("data-source", "user")
    expect(page.get_by_test_id("checklist")).to_have_count(0)


def test_what_needs_attention_leads_to_the_key(page: Page, provider: FakeProvider) -> None:
    provider.answer(REPLIES["openai"].bad.status, REPLIES["openai"].bad.body)
    pages.open_keys(page, MEMBER, PASSWORD)
    pages.check_key(page, "Hers", "invalid")
    pages.go_to(page, "Overview")
    item = page.locator('[data-testid="attention-item"][data-name="Hers"]')
    expect(item).to_have_attribute("data-concern", "failing")
    item.get_by_role("link").click()
    expect(page.get_by_test_id("details").get_by_test_id("details-check")).to_contain_text("invalid_api_key")


def test_a_new_role_throws_out_the_open_tab_and_opens_the_pages_of_admins(admin: Page, member: Page) -> None:
    pages.enter(member, MEMBER, PASSWORD)
    expect(member.get_by_test_id("nav-users")).to_have_count(0)
    pages.choose_act(person(admin, MEMBER), "edit")
    admin.get_by_test_id("edit-role").select_option("admin")
    admin.get_by_test_id("save-person").click()
    expect(person(admin, MEMBER).get_by_test_id("role")).to_have_attribute("data-value", "admin")
    # Nothing is pressed there: the tab notices by itself.
    expect(member.get_by_test_id("password")).to_be_visible()
    pages.enter(member, MEMBER, PASSWORD, "/admin/users")
    expect(person(member, ADMIN)).to_be_visible()


def test_keys_of_a_removed_person_go_to_the_system_and_wait_for_their_value(
    admin: Page, member: Page
) -> None:
    pages.enter(member, LEAVER, PASSWORD, "/api-keys")
    pages.choose_act(person(admin, LEAVER), "remove")
    admin.get_by_test_id("confirm-removal").click()
    expect(admin.get_by_test_id("removal-problem")).to_contain_text("Choose what becomes of their API keys")
    admin.get_by_test_id("keys-hand_over").check()
    admin.get_by_test_id("confirm-removal").click()
    expect(person(admin, LEAVER)).to_have_count(0)
    expect(member.get_by_test_id("password")).to_be_visible()
    pages.go_to(admin, "Overview")
    item = admin.locator('[data-testid="attention-item"][data-name="Left behind"]')
    expect(item).to_have_attribute("data-concern", "re_enter")
    item.get_by_role("link").click()
    admin.get_by_test_id("details-edit").click()
    admin.get_by_test_id("api-key").fill(VALUE + "again")
    admin.get_by_test_id("save-key").click()
    expect(admin.get_by_test_id("key-form")).to_be_hidden()
    admin.goto("/")
    expect(pages.chain(admin, "openai").first).to_be_visible()
    expect(item).to_have_count(0)


def test_one_key_per_provider_counts_from_the_next_save_on(admin: Page, member: Page) -> None:
    pages.open_keys(member, MEMBER, PASSWORD)
    pages.go_to(admin, "Policies")
    admin.get_by_test_id("one_key_per_provider").check()
    admin.get_by_test_id("save-keys").click()
    expect(admin.get_by_test_id("notice")).to_contain_text("from the next request on")
    member.get_by_test_id("add-key").click()
    pages.choose_provider(member, "openai")
    member.get_by_test_id("name").fill("A second one")
    member.get_by_test_id("api-key").fill(VALUE + "second")
    member.get_by_test_id("save-key").click()
    expect(member.get_by_test_id("key-form")).to_contain_text("API key for this provider already exists")
    admin.get_by_test_id("one_key_per_provider").uncheck()
    admin.get_by_test_id("save-keys").click()
    expect(admin.get_by_test_id("policies-changed")).to_contain_text(ADMIN)
    member.get_by_test_id("save-key").click()
    expect(pages.row(member, "A second one")).to_be_visible()


def test_the_switch_for_debugging_needs_no_save_and_takes_nothing_typed_away(admin: Page) -> None:
    pages.go_to(admin, "Policies")
    admin.get_by_test_id("usage_kept_days").fill("50")
    switch = admin.get_by_test_id("resolve_cache")
    switch.click()
    expect(switch).not_to_be_checked()
    expect(admin.get_by_test_id("policies-debugging")).to_contain_text("read from the database each time")
    admin.get_by_test_id("save-keys").click()
    expect(admin.get_by_test_id("notice")).to_contain_text("Saved.")
    expect(admin.get_by_test_id("usage_kept_days")).to_have_value("50")
    switch.click()
    expect(switch).to_be_checked()


def test_the_trail_is_narrowed_by_chips_and_opened(admin: Page) -> None:
    pages.go_to(admin, "Audit")
    pages.choose_filter(admin, "result", "ok")
    admin.get_by_test_id("search").fill(MEMBER)
    expect(admin.get_by_test_id("event-row").filter(has_not_text=MEMBER)).to_have_count(0)
    admin.get_by_test_id("event-row").first.click()
    expect(admin.get_by_test_id("event-detail")).to_contain_text(MEMBER)
    admin.reload()
    expect(admin.get_by_test_id("event-detail")).to_contain_text(MEMBER)
    admin.go_back()
    expect(admin.get_by_test_id("event-detail")).to_be_hidden()
    expect(admin.get_by_test_id("search")).to_have_value(MEMBER)
