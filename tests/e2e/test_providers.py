"""The Providers page in a real browser: off and on, another address, a provider of one's own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
VALUE = "sk-proj-PROVIDERScanary0123456789"


@pytest.fixture(scope="module", autouse=True)
def admin(running: RunningPortal) -> None:
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def signed_in(page: Page) -> Page:
    pages.enter(page, EMAIL, PASSWORD)
    return page


@pytest.fixture
def phone(browser: Browser, running: RunningPortal) -> Iterator[Page]:
    context = browser.new_context(
        base_url=running.url, viewport={"width": 390, "height": 800}, has_touch=True
    )
    yield context.new_page()
    context.close()


def row(page: Page, provider_id: str) -> Locator:
    return page.locator(f'[data-testid="provider-row"][data-provider="{provider_id}"]')


def choose(page: Page, provider_id: str, act: str) -> None:
    row(page, provider_id).get_by_test_id("row-menu").click()
    page.get_by_test_id(act).click()


def test_a_provider_turned_off_leaves_the_form_and_comes_back(signed_in: Page) -> None:
    pages.go_to(signed_in, "API keys")
    pages.add_key(signed_in, "deepgram", "Of one turned off", "0123456789abcdef" * 2 + "01234567")
    expect(pages.row(signed_in, "Of one turned off").get_by_test_id("provider-off")).to_have_count(0)
    pages.go_to(signed_in, "Providers")
    row(signed_in, "deepgram").get_by_test_id("switch-enabled").click()
    expect(row(signed_in, "deepgram").get_by_test_id("is-off")).to_be_visible()
    expect(signed_in.get_by_test_id("notice")).to_contain_text("Deepgram is turned off")
    pages.go_to(signed_in, "API keys")
    off = pages.row(signed_in, "Of one turned off").get_by_test_id("provider-off")
    expect(off).to_have_attribute("title", re.compile("Programs get no key"))
    signed_in.get_by_test_id("add-key").click()
    offered = signed_in.get_by_test_id("provider-option")
    expect(offered.and_(signed_in.locator('[data-value="openai"]'))).to_have_count(1)
    expect(offered.and_(signed_in.locator('[data-value="deepgram"]'))).to_have_count(0)
    signed_in.get_by_test_id("cancel").click()
    pages.go_to(signed_in, "Providers")
    row(signed_in, "deepgram").get_by_test_id("switch-enabled").click()
    expect(row(signed_in, "deepgram").get_by_test_id("is-off")).to_have_count(0)


def test_an_address_is_moved_and_says_which_values_are_entered_again(signed_in: Page) -> None:
    pages.go_to(signed_in, "API keys")
    pages.add_key(signed_in, "deepseek", "Moved away", VALUE)
    pages.go_to(signed_in, "Providers")
    choose(signed_in, "deepseek", "change-address")
    expect(signed_in.get_by_test_id("address-consequence")).to_contain_text("1 saved key")
    expect(signed_in.get_by_test_id("address-form")).to_contain_text(
        "Saved keys stay with the former address"
    )
    signed_in.get_by_test_id("base-url").fill("ftp://llm.example.com")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("field-error")).to_contain_text("This address cannot be used")
    signed_in.get_by_test_id("base-url").fill("https://llm.example.com/v1")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("notice")).to_contain_text("1 key has to be entered again")
    expect(row(signed_in, "deepseek").get_by_test_id("mark")).to_have_attribute("data-value", "moved")
    expect(row(signed_in, "deepseek").get_by_test_id("host")).to_have_text("llm.example.com")


def test_an_address_of_the_operators_says_where_it_is_set(signed_in: Page) -> None:
    pages.go_to(signed_in, "Providers")
    choose(signed_in, "openai", "change-address")
    expect(signed_in.get_by_test_id("fixed-by")).to_contain_text("KEYPORTAL_BASE_URL_OPENAI")
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_test_id("address-form")).to_be_hidden()
    expect(row(signed_in, "openai").get_by_test_id("row-menu")).to_be_focused()


def test_a_provider_is_added_used_and_deleted(signed_in: Page, provider: FakeProvider) -> None:
    pages.go_to(signed_in, "Providers")
    signed_in.get_by_test_id("add-provider").click()
    signed_in.get_by_test_id("name").fill("Our cluster")
    signed_in.get_by_test_id("base-url").fill(f"{provider.url}/v1")
    signed_in.get_by_test_id("environment-names").fill("OPENAI_API_KEY")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("field-error")).to_contain_text("belongs to another provider")
    expect(signed_in.get_by_test_id("name")).to_have_value("Our cluster")
    signed_in.get_by_test_id("environment-names").fill("OUR_CLUSTER_API_KEY")
    signed_in.get_by_test_id("save-provider").click()
    expect(signed_in.get_by_test_id("notice")).to_contain_text("Programs ask for it as our_cluster.")
    pages.go_to(signed_in, "API keys")
    pages.add_key(signed_in, "our_cluster", "On our cluster", VALUE)
    pages.go_to(signed_in, "Providers")
    choose(signed_in, "our_cluster", "delete")
    expect(signed_in.get_by_test_id("notice")).to_contain_text("Our cluster has 1 saved key")
    pages.go_to(signed_in, "API keys")
    pages.delete_key(signed_in, "On our cluster")
    pages.go_to(signed_in, "Providers")
    choose(signed_in, "our_cluster", "delete")
    signed_in.get_by_test_id("confirm-delete").click()
    expect(row(signed_in, "our_cluster")).to_have_count(0)


def test_the_search_narrows_as_one_types(signed_in: Page) -> None:
    pages.go_to(signed_in, "Providers")
    signed_in.get_by_test_id("search").press_sequentially("openr")
    expect(signed_in.get_by_test_id("provider-row")).to_have_count(1)
    signed_in.get_by_test_id("search").fill("nothing like this")
    expect(signed_in.get_by_test_id("no-match")).to_be_visible()
    signed_in.get_by_test_id("clear-filters").click()
    expect(row(signed_in, "openai")).to_be_visible()
    signed_in.get_by_test_id("filter-kind").click()
    signed_in.get_by_role("menuitem", name="Speech").click()
    expect(row(signed_in, "openai")).to_have_count(0)
    expect(row(signed_in, "deepgram")).to_be_visible()


def test_a_phone_needs_no_sideways_scrolling(phone: Page) -> None:
    pages.sign_in_on_a_phone(phone, EMAIL, PASSWORD)
    phone.goto("/admin/providers")
    expect(row(phone, "openai")).to_be_visible()
    for width in (390, 800, 1000):
        phone.set_viewport_size({"width": width, "height": 800})
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert phone.evaluate(
            "[...document.querySelectorAll('.kp-table, .kp-table table')]"
            ".every(e => e.scrollWidth <= e.clientWidth)"
        )
