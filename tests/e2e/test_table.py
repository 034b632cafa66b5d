"""One table, everywhere: searched as one types, narrowed, sorted, paged, selected, kept in the address."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.seeding import PASSWORD, add_keys, add_person, opened
from tests.e2e.server import RunningPortal

pytestmark = pytest.mark.browser

EMAIL = "root@example.com"
ACTIVE, INACTIVE = [f"Key {n:02d}" for n in range(54)], [f"Spare {n}" for n in range(6)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    portal = RunningPortal(tmp_path_factory.mktemp("portal"))
    with opened(portal) as inside:
        owner = add_person(inside, EMAIL)
        add_keys(inside, owner, ACTIVE)
        add_keys(inside, owner, INACTIVE, "groq", active=False)
    portal.start()
    yield portal
    portal.stop()


@pytest.fixture
def keys(page: Page) -> Page:
    pages.enter(page, EMAIL, PASSWORD, "/api-keys")
    shows(page, 25, "1–25 of 60 keys")
    return page


def shows(page: Page, rows: int, words: str) -> None:
    expect(page.get_by_test_id("key-row")).to_have_count(rows)
    expect(page.get_by_test_id("total")).to_have_text(words)


def test_the_newest_search_wins_and_stands_in_the_address(keys: Page) -> None:
    for text in ("Key 1", "Spare", "Key 2", "Key 37"):
        keys.get_by_test_id("search").fill(text)
    shows(keys, 1, "1 key")
    expect(pages.row(keys, "Key 37")).to_be_visible()
    expect(keys).to_have_url(re.compile(r"\?q=Key\+37$"))
    keys.get_by_test_id("search").press_sequentially("x")
    expect(keys.get_by_test_id("no-match")).to_contain_text("Key 37x")


def test_what_is_shown_survives_a_reload_and_goes_with_the_link(keys: Page) -> None:
    pages.choose_filter(keys, "provider", "groq")
    pages.choose_filter(keys, "status", "inactive")
    shows(keys, 6, "6 keys")
    keys.get_by_test_id("sort-name").click()
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Spare 0")
    keys.reload()
    shows(keys, 6, "6 keys")
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Spare 0")
    expect(keys.get_by_test_id("filter-status")).to_contain_text("Inactive")
    other = keys.context.new_page()
    other.goto(keys.url)
    shows(other, 6, "6 keys")
    expect(other.get_by_test_id("filter-provider")).to_contain_text("Groq")


def test_back_goes_through_what_was_shown(keys: Page) -> None:
    keys.get_by_test_id("sort-name").click()
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Key 00")
    keys.get_by_test_id("next-page").click()
    shows(keys, 25, "26–50 of 60 keys")
    pages.choose_filter(keys, "status", "inactive")
    shows(keys, 6, "6 keys")
    keys.go_back()
    shows(keys, 25, "26–50 of 60 keys")
    keys.go_back()
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Key 00")
    keys.go_forward()
    shows(keys, 25, "26–50 of 60 keys")


def test_a_column_sorts_both_ways_and_a_page_has_more_rows(keys: Page) -> None:
    keys.get_by_test_id("sort-name").click()
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Key 00")
    keys.get_by_test_id("sort-name").click()
    expect(keys.get_by_test_id("key-row").first).to_have_attribute("data-name", "Spare 5")
    heading = keys.get_by_role("columnheader", name="Name")
    expect(heading).to_have_attribute("aria-sort", "descending")
    keys.get_by_test_id("page-size").select_option("50")
    shows(keys, 50, "1–50 of 60 keys")
    keys.get_by_test_id("next-page").click()
    shows(keys, 10, "51–60 of 60 keys")
    keys.reload()
    shows(keys, 10, "51–60 of 60 keys")


def test_an_address_of_nonsense_shows_the_list(keys: Page) -> None:
    keys.goto("/api-keys?page=999&size=7&sort=-password&provider=&q=")
    shows(keys, 10, "51–60 of 60 keys")


def test_several_rows_are_switched_and_deleted_at_once(keys: Page) -> None:
    keys.get_by_test_id("search").fill("Key 1")
    shows(keys, 10, "10 keys")
    keys.get_by_test_id("select-page").click()
    expect(keys.get_by_test_id("selected-count")).to_have_text("10 selected")
    keys.get_by_test_id("deactivate-selected").click()
    expect(keys.locator('[data-testid="status"][data-value="inactive"]')).to_have_count(10)
    keys.get_by_test_id("select-page").click()
    keys.get_by_test_id("activate-selected").click()
    expect(keys.locator('[data-testid="status"][data-value="active"]')).to_have_count(10)
    for name in ("Key 10", "Key 11"):
        pages.row(keys, name).get_by_test_id("select-row").click()
    expect(keys.get_by_test_id("selected-count")).to_have_text("2 selected")
    keys.get_by_test_id("delete-selected").click()
    expect(keys.get_by_test_id("consequence")).to_contain_text("Key 10")
    keys.get_by_test_id("confirm-delete-selected").click()
    shows(keys, 8, "8 keys")
