"""What is done with saved keys: ordered, linked, rotated, looked at in the drawer, all by keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import pages
from tests.e2e.seeding import PASSWORD, add_keys, add_person, opened
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES

pytestmark = pytest.mark.browser

EMAIL = "root@example.com"
NEW_VALUE = "sk-proj-JOURNEYcanaryROTATED0123456789"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[RunningPortal]:
    portal = RunningPortal(tmp_path_factory.mktemp("portal"), KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1")
    with opened(portal) as inside:
        owner = add_person(inside, EMAIL)
        add_keys(inside, owner, ["First", "Second", "Third", "To rotate", "To look at"])
        add_keys(inside, owner, ["Anywhere"], provider="")
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def keys(page: Page, provider: FakeProvider) -> Page:
    provider.answer(REPLIES["openai"].good.status, REPLIES["openai"].good.body)
    pages.open_keys(page, EMAIL, PASSWORD)
    return page


def order_row(page: Page, name: str) -> Locator:
    return page.get_by_test_id("order-row").filter(has_text=name)


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    for _ in range(60):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError("the keyboard does not get there")


def test_the_order_decides_which_key_is_primary(keys: Page) -> None:
    expect(pages.row(keys, "First").get_by_test_id("primary")).to_be_visible()
    pages.choose_act(pages.row(keys, "Second"), "order")
    up = order_row(keys, "Second").get_by_test_id("move-up")
    up.focus()
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("order-row").first).to_contain_text("Second")
    expect(keys.get_by_test_id("order-said")).not_to_be_empty()
    expect(up).to_be_focused()
    order_row(keys, "Third").drag_to(keys.get_by_test_id("order-row").first)
    expect(keys.get_by_test_id("order-row").first).to_contain_text("Third")
    keys.get_by_test_id("close-order").click()
    expect(pages.row(keys, "Third").get_by_test_id("primary")).to_be_visible()
    expect(keys.get_by_test_id("primary")).to_have_count(1)
    pages.choose_act(pages.row(keys, "First"), "make-primary")
    expect(pages.row(keys, "First").get_by_test_id("primary")).to_be_visible()


def test_a_general_key_is_used_where_it_is_linked(keys: Page) -> None:
    pages.choose_act(pages.row(keys, "Anywhere"), "links")
    pages.choose_provider(keys, "perplexity", "link-provider")
    keys.get_by_test_id("add-link").click()
    expect(keys.get_by_test_id("link-row")).to_contain_text("Perplexity")
    keys.goto("/")
    expect(pages.chain(keys, "perplexity")).to_have_attribute("data-source", "user")
    expect(pages.chain(keys, "perplexity").get_by_test_id("reason")).to_contain_text("Anywhere")
    keys.goto("/api-keys")
    pages.choose_act(pages.row(keys, "Anywhere"), "links")
    keys.get_by_test_id("remove-link").click()
    expect(keys.get_by_test_id("link-row")).to_have_count(0)


def test_a_key_is_rotated_in_three_steps_that_a_reload_does_not_undo(
    keys: Page, provider: FakeProvider
) -> None:
    pages.choose_act(pages.row(keys, "To rotate"), "rotate")
    keys.get_by_test_id("rotation-key").fill(NEW_VALUE)
    keys.get_by_test_id("store-new-value").click()
    expect(keys.get_by_test_id("new-mask")).to_have_text("****...6789")
    keys.reload()
    expect(keys.get_by_test_id("new-mask")).to_have_text("****...6789")
    keys.get_by_test_id("test-new-value").click()
    outcome = keys.get_by_test_id("rotation-check").get_by_test_id("check-outcome")
    expect(outcome).to_have_attribute("data-value", "valid")
    assert provider.requests[-1].headers["authorization"] == f"Bearer {NEW_VALUE}"
    keys.get_by_test_id("go-on").click()
    keys.get_by_test_id("grace-1").check()
    keys.get_by_test_id("switch-over").click()
    expect(pages.row(keys, "To rotate").get_by_test_id("mask")).to_have_text("****...6789")
    old = keys.locator('[data-testid="key-row"][data-name^="To rotate (retired"]')
    expect(old.get_by_test_id("status")).to_have_attribute("data-value", "active")
    expect(old.get_by_test_id("expires")).to_have_attribute("data-soon", "true")


def test_the_drawer_has_a_link_of_its_own_and_back_closes_it(keys: Page) -> None:
    pages.check_key(keys, "To look at", "valid")
    pages.row(keys, "To look at").get_by_text("To look at").click()
    drawer = keys.get_by_test_id("details")
    expect(drawer.get_by_test_id("place")).to_contain_text("OpenAI")
    expect(drawer.get_by_test_id("details-models")).to_be_visible()
    expect(drawer.get_by_test_id("history-row").first).to_be_visible()
    expect(keys).to_have_url(re.compile(r"[?&]open="))
    other = keys.context.new_page()
    other.goto(keys.url)
    expect(other.get_by_test_id("details").get_by_test_id("details-mask")).to_contain_text("****")
    keys.go_back()
    expect(drawer).to_be_hidden()


def test_a_key_is_added_tested_and_deleted_by_keyboard_alone(keys: Page) -> None:
    tab_to(keys, keys.get_by_test_id("add-key"))
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("provider")).to_be_focused()
    keys.keyboard.press("Enter")
    keys.keyboard.type("openai")
    keys.keyboard.press("Enter")
    pages.expect_provider(keys, "openai")
    tab_to(keys, keys.get_by_test_id("name"))
    keys.keyboard.type("Keyboard alone")
    tab_to(keys, keys.get_by_test_id("api-key"))
    keys.keyboard.type("sk-proj-JOURNEYcanaryKEYBOARD0123456789")
    keys.keyboard.press("Enter")
    row = pages.row(keys, "Keyboard alone")
    expect(row).to_be_visible()
    tab_to(keys, row.get_by_test_id("test"))
    keys.keyboard.press("Enter")
    expect(row.get_by_test_id("health")).to_have_attribute("data-value", "valid")
    tab_to(keys, row.get_by_test_id("row-menu"))
    keys.keyboard.press("Enter")
    expect(keys.get_by_role("menuitem").first).to_be_focused()
    keys.keyboard.press("End")
    expect(keys.get_by_test_id("delete")).to_be_focused()
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("consequence")).to_be_visible()
    tab_to(keys, keys.get_by_test_id("confirm-delete"))
    keys.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(keys.get_by_test_id("search")).to_be_focused()
