"""The form for a key in a real browser: the provider picker, nothing typed is lost, two tabs and one key."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.e2e.pages import add_key, choose_provider, expect_provider, open_keys, row
from tests.e2e.server import RunningPortal

EMAIL, PASSWORD = "ada@example.com", "ada has a long password"
VALUE = "sk-proj-FORMcanary0123456789abcdef"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def somebody(running: RunningPortal) -> None:
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def keys(page: Page) -> Page:
    open_keys(page, EMAIL, PASSWORD)
    return page


@pytest.fixture
def form(keys: Page) -> Page:
    keys.get_by_test_id("add-key").click()
    expect(keys.get_by_test_id("provider")).to_be_focused()
    return keys


def options(page: Page) -> list[str]:
    shown = page.locator('[data-testid="provider-option"]:visible')
    return [o.get_attribute("data-value") or "" for o in shown.all()]


def open_edit(page: Page, name: str) -> None:
    row(page, name).get_by_test_id("row-menu").click()
    page.get_by_test_id("edit").click()
    expect(page.get_by_test_id("key-form")).to_be_visible()


def test_a_provider_is_found_by_typing_and_chosen_with_the_keyboard(form: Page) -> None:
    form.keyboard.press("ArrowDown")
    expect(form.get_by_test_id("provider-search")).to_be_focused()
    assert options(form)[:2] == ["general-key", ""]
    form.keyboard.press("Escape")
    form.keyboard.type("grok")  # the first letter opens the list again
    expect(form.get_by_test_id("provider-search")).to_have_value("grok")
    assert options(form) == ["xai"]
    form.keyboard.press("Enter")
    expect_provider(form, "xai")
    expect(form.get_by_test_id("provider")).to_be_focused()
    expect(form.get_by_test_id("key-form")).to_be_visible()


def test_arrow_keys_home_and_end_walk_through_what_is_left(form: Page) -> None:
    form.get_by_test_id("provider").click()
    form.keyboard.type("azure")
    search = form.get_by_test_id("provider-search")
    seen = []
    for key in ("Home", "ArrowDown", "ArrowDown", "End", "ArrowUp"):
        form.keyboard.press(key)
        seen.append((search.get_attribute("aria-activedescendant") or "").removeprefix("provider-option-"))
    assert seen == ["azure_openai", "azure_speech", "azure_openai", "azure_speech", "azure_openai"]
    search.fill("no such thing")
    expect(form.get_by_text("No provider goes by this name.")).to_be_visible()


def test_escape_closes_the_list_then_asks_then_keeps_what_was_typed(form: Page) -> None:
    form.get_by_test_id("provider").click()
    form.keyboard.press("Escape")
    expect(form.get_by_test_id("provider-panel")).to_be_hidden()
    form.get_by_test_id("name").fill("Half done")
    form.keyboard.press("Escape")
    expect(form.get_by_test_id("keep-editing")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_test_id("discard-bar")).to_be_hidden()
    expect(form.get_by_test_id("name")).to_be_focused()
    expect(form.get_by_test_id("name")).to_have_value("Half done")


def test_cancel_asks_too_and_discarding_closes(form: Page) -> None:
    form.get_by_test_id("api-key").fill(VALUE)
    form.get_by_test_id("cancel").click()
    form.get_by_test_id("discard").click()
    expect(form.get_by_test_id("key-form")).to_be_hidden()
    form.get_by_test_id("add-key").click()
    expect(form.get_by_test_id("api-key")).to_have_value("")


def test_a_form_without_anything_typed_closes_at_once(form: Page) -> None:
    form.keyboard.press("Escape")
    expect(form.get_by_test_id("key-form")).to_be_hidden()


def test_what_was_typed_and_taken_back_is_nothing_to_ask_about(form: Page) -> None:
    form.get_by_test_id("name").fill("x")
    form.get_by_test_id("name").fill("")
    form.get_by_test_id("cancel").click()
    expect(form.get_by_test_id("key-form")).to_be_hidden()


def test_leaving_the_page_asks_while_something_is_typed(form: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    form.on("dialog", leave)
    form.get_by_test_id("name").press_sequentially("Half done")
    form.reload()
    assert asked == ["beforeunload"]


def test_a_general_key_is_added_without_dates(form: Page) -> None:
    choose_provider(form, "general-key")
    form.get_by_test_id("name").fill("For anything")
    form.get_by_test_id("api-key").fill("anything-0123456789")
    form.get_by_test_id("more").click()
    expect(form.get_by_test_id("note")).to_be_visible()
    expect(form.get_by_test_id("expires-on")).to_have_count(0)
    form.get_by_test_id("save-key").click()
    expect(row(form, "For anything")).to_contain_text("General")


def test_the_second_of_two_tabs_sees_both_versions(keys: Page) -> None:
    add_key(keys, "openai", "Shared", VALUE)
    other = keys.context.new_page()
    other.goto("/api-keys")
    open_edit(keys, "Shared")
    open_edit(other, "Shared")
    other.get_by_test_id("name").fill("Theirs")
    other.get_by_test_id("save-key").click()
    expect(other.get_by_test_id("key-form")).to_be_hidden()
    keys.get_by_test_id("name").fill("Mine")
    keys.get_by_test_id("save-key").click()
    expect(keys.get_by_test_id("conflict")).to_be_focused()
    expect(keys.get_by_test_id("conflict-row").filter(has_text="Name")).to_contain_text("Theirs")
    keys.get_by_test_id("take-theirs").click()
    expect(keys.get_by_test_id("name")).to_have_value("Theirs")
    keys.get_by_test_id("name").fill("Mine after all")
    keys.get_by_test_id("save-key").click()
    expect(row(keys, "Mine after all")).to_have_count(1)


def test_overwriting_takes_what_was_typed(keys: Page) -> None:
    add_key(keys, "openai", "Contested", VALUE)
    other = keys.context.new_page()
    other.goto("/api-keys")
    open_edit(keys, "Contested")
    open_edit(other, "Contested")
    other.get_by_test_id("name").fill("Theirs too")
    other.get_by_test_id("save-key").click()
    expect(other.get_by_test_id("key-form")).to_be_hidden()
    keys.get_by_test_id("name").fill("Mine won")
    keys.get_by_test_id("save-key").click()
    keys.get_by_test_id("overwrite").click()
    expect(keys.get_by_test_id("key-form")).to_be_hidden()
    expect(row(keys, "Mine won")).to_have_count(1)
