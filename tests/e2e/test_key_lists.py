"""A page of keys in a real browser: order by keyboard and pointer, the drawer, rotation, several at once."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
VALUE, NEW = "sk-proj-LISTScanary0123456789abcd", "sk-proj-LISTScanary9876543210zyxw"
NAMES = ("alpha", "beta", "gamma")
OPEN = re.compile(r"[?&]open=")


@pytest.fixture(scope="module", autouse=True)
def admin(running: RunningPortal, provider: FakeProvider) -> None:
    provider.answer(200, {"object": "list", "data": [{"id": "gpt-4o"}]})
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def keys(page: Page) -> Page:
    """The API keys page with three keys for one provider."""
    pages.open_keys(page, EMAIL, PASSWORD)
    for name in NAMES:
        if pages.row(page, name).count() == 0:
            pages.add_key(page, "openai", name, VALUE)
    return page


def menu(page: Page, name: str, item: str) -> None:
    pages.row(page, name).get_by_test_id("row-menu").click()
    page.get_by_test_id(item).click()


def order(page: Page) -> list[str]:
    return page.locator('[data-testid="order-row"] .kp-order-name p:first-child').all_inner_texts()


def test_keys_are_put_in_order_with_the_keyboard_alone_and_by_dragging(keys: Page) -> None:
    pages.row(keys, "beta").get_by_test_id("row-menu").focus()
    keys.keyboard.press("Enter")
    keys.get_by_test_id("order").press("Enter")
    said, rows = keys.get_by_test_id("order-said"), keys.get_by_test_id("order-row")
    first = rows.first.locator(".kp-order-name p").first.inner_text()
    keys.get_by_test_id("move-down").first.focus()
    for place in (2, 3):
        # Focus goes with the key that moves.
        keys.keyboard.press("Enter")
        expect(said).to_have_text(f"{first} is number {place} now.")
    rows.nth(2).drag_to(rows.first, target_position={"x": 200, "y": 4})
    expect(said).to_have_text(f"{first} is number 1 now.")
    keys.keyboard.press("Escape")
    expect(pages.row(keys, "beta").get_by_test_id("row-menu")).to_be_focused()
    expect(pages.row(keys, first).get_by_test_id("primary")).to_be_visible()


def test_the_drawer_has_an_address_and_back_closes_it(keys: Page) -> None:
    pages.row(keys, "gamma").locator(".kp-name").click()
    expect(keys.get_by_test_id("place")).to_contain_text("for OpenAI")
    expect(keys).to_have_url(OPEN)
    keys.go_back()
    expect(keys.get_by_test_id("details")).to_be_hidden()
    keys.go_forward()
    expect(keys.get_by_test_id("place")).to_be_visible()
    expect(keys).to_have_url(OPEN)
    keys.reload()
    expect(keys.get_by_test_id("history")).to_contain_text("Added the key")
    keys.get_by_test_id("details-test").click()
    expect(keys.get_by_test_id("details-models")).to_contain_text("gpt-4o")


def test_a_link_is_added_and_removed_in_the_drawer(keys: Page) -> None:
    menu(keys, "gamma", "links")
    keys.get_by_test_id("link-provider").click()
    keys.locator('[data-testid="link-provider-option"][data-value="openai"]').click()
    keys.get_by_test_id("link-pattern").fill("gpt-4o*")
    keys.get_by_test_id("add-link").click()
    expect(keys.get_by_test_id("link-row")).to_contain_text("gpt-4o*")
    keys.get_by_test_id("remove-link").click()
    expect(keys.get_by_test_id("link-row")).to_have_count(0)


def test_a_rotation_left_halfway_is_gone_on_with_after_a_reload(keys: Page, running: RunningPortal) -> None:
    menu(keys, "alpha", "rotate")
    keys.get_by_test_id("rotation-key").fill(NEW)
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("new-mask")).to_have_text("****...zyxw")
    keys.keyboard.press("Escape")
    expect(pages.row(keys, "alpha").get_by_test_id("rotation")).to_have_text("New value waits")
    keys.reload()
    menu(keys, "alpha", "rotate")
    keys.get_by_test_id("test-new-value").click()
    expect(keys.get_by_test_id("rotation-check").get_by_test_id("check-outcome")).to_be_visible()
    keys.get_by_test_id("go-on").click()
    keys.get_by_test_id("grace-0").check()
    keys.get_by_test_id("switch-over").click()
    expect(keys.get_by_test_id("notice")).to_contain_text("alpha has its new value.")
    expect(pages.row(keys, "alpha").get_by_test_id("mask")).to_have_text("****...zyxw")
    assert NEW not in running.log


def test_selected_keys_are_tested_and_deleted_together(keys: Page) -> None:
    for name in ("beta", "gamma"):
        pages.row(keys, name).get_by_test_id("select-row").click()
    keys.get_by_test_id("test-selected").click()
    expect(keys.get_by_test_id("batch-summary")).to_have_text("2 valid.")
    keys.get_by_test_id("delete-selected").click()
    expect(keys.get_by_test_id("consequence")).to_contain_text("beta, gamma")
    keys.get_by_test_id("confirm-delete-selected").click()
    for name in ("beta", "gamma"):
        expect(pages.row(keys, name)).to_have_count(0)
