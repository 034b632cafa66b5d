"""The pages in a real browser: by keyboard, on a phone, with mistakes, offline."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
VALUE = "sk-proj-PAGEScanary0123456789"


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


def focused(page: Page) -> str | None:
    return page.evaluate("document.activeElement.getAttribute('data-testid')")


def test_signing_in_and_adding_a_key_by_keyboard_alone(page: Page) -> None:
    page.goto("/sign-in")
    expect(page.get_by_test_id("email")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("who-am-i").first).to_have_text(EMAIL)
    page.goto("/api-keys")
    page.get_by_test_id("add-key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("provider")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("deepgr")
    page.keyboard.press("Enter")
    pages.expect_provider(page, "deepgram")
    for test_id, text in (("name", "By keyboard"), ("api-key", "0123456789abcdef0123456789abcdef01234567")):
        while focused(page) != test_id:
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(pages.row(page, "By keyboard")).to_be_visible()


def test_escape_closes_the_form_and_focus_returns(signed_in: Page) -> None:
    signed_in.goto("/api-keys")
    signed_in.get_by_test_id("add-key").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("key-form")).to_be_visible()
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_test_id("key-form")).to_be_hidden()
    expect(signed_in.get_by_test_id("add-key")).to_be_focused()


def test_a_mistake_is_shown_beside_its_field_and_nothing_typed_is_lost(signed_in: Page) -> None:
    signed_in.goto("/api-keys")
    signed_in.get_by_test_id("add-key").click()
    pages.choose_provider(signed_in, "openai")
    signed_in.get_by_test_id("name").fill("With a mistake")
    signed_in.get_by_test_id("api-key").fill(f"OPENAI_API_KEY={VALUE}")
    signed_in.get_by_test_id("save-key").click()
    expect(signed_in.get_by_test_id("field-error")).to_contain_text("NAME=value")
    expect(signed_in.get_by_test_id("name")).to_have_value("With a mistake")
    signed_in.get_by_test_id("api-key").fill(VALUE)
    signed_in.get_by_test_id("save-key").click()
    expect(pages.row(signed_in, "With a mistake").get_by_test_id("mask")).to_have_text(f"****...{VALUE[-4:]}")


def test_a_secret_is_hidden_until_asked_for_and_never_autofilled(signed_in: Page) -> None:
    signed_in.goto("/api-keys")
    signed_in.get_by_test_id("add-key").click()
    field = signed_in.get_by_test_id("api-key")
    field.fill(VALUE)
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "off")
    signed_in.get_by_test_id("toggle-secret").click()
    expect(field).to_have_attribute("type", "text")
    expect(field).to_have_value(VALUE)


def test_an_edit_never_shows_the_saved_value(signed_in: Page) -> None:
    pages.go_to(signed_in, "API keys")
    pages.add_key(signed_in, "anthropic", "To edit", VALUE)
    pages.choose_act(pages.row(signed_in, "To edit"), "edit")
    expect(signed_in.get_by_test_id("api-key")).to_have_value("")
    assert VALUE not in signed_in.content()
    signed_in.get_by_test_id("name").fill("Edited")
    signed_in.get_by_test_id("save-key").click()
    expect(pages.row(signed_in, "Edited")).to_be_visible()


def test_search_narrows_as_one_types_and_clearing_brings_everything_back(signed_in: Page) -> None:
    pages.go_to(signed_in, "API keys")
    pages.add_key(signed_in, "gemini", "Findable", VALUE)
    signed_in.get_by_test_id("search").press_sequentially("findab")
    expect(signed_in.get_by_test_id("key-row")).to_have_count(1)
    signed_in.get_by_test_id("search").fill("%")
    expect(signed_in.get_by_test_id("no-match")).to_be_visible()
    signed_in.get_by_test_id("clear-filters").click()
    expect(signed_in.get_by_test_id("search")).to_have_value("")
    expect(pages.row(signed_in, "Findable")).to_be_visible()


def test_an_agent_key_is_shown_once(signed_in: Page) -> None:
    pages.go_to(signed_in, "Agent keys")
    value = pages.create_agent_key(signed_in, "Shown once")
    assert value.startswith("kpa_")
    assert value not in signed_in.content()
    signed_in.reload()
    expect(signed_in.locator('[data-testid="agent-key-row"][data-name="Shown once"]')).to_be_visible()
    assert value not in signed_in.content()


def test_the_new_value_can_be_copied(signed_in: Page) -> None:
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pages.go_to(signed_in, "Agent keys")
    signed_in.get_by_test_id("add-agent-key").click()
    signed_in.get_by_test_id("agent-name").fill("To copy")
    signed_in.get_by_test_id("create-agent-key").click()
    expect(signed_in.get_by_test_id("new-value")).not_to_have_value("")
    signed_in.get_by_test_id("copy-value").click()
    value = signed_in.get_by_test_id("new-value").input_value()
    assert signed_in.evaluate("navigator.clipboard.readText()") == value


def test_signing_out_ends_every_tab(signed_in: Page) -> None:
    other = signed_in.context.new_page()
    other.goto("/api-keys")
    expect(other.get_by_test_id("add-key")).to_be_visible()
    pages.sign_out(signed_in)
    expect(other.get_by_test_id("password")).to_be_visible(timeout=15_000)


def test_a_wrong_password_says_so_and_nothing_more(page: Page) -> None:
    for email in (EMAIL, "nobody@example.com"):
        page.goto("/sign-in")
        page.get_by_test_id("email").fill(email)
        page.get_by_test_id("password").fill("not the password")
        page.get_by_test_id("submit").click()
        expect(page.get_by_test_id("problem")).to_have_text(
            "This email and password do not match. Check both and try again."
        )


@pytest.mark.parametrize("path", ["/", "/api-keys", "/agent-keys", "/usage", "/admin/system-keys"])
def test_nobody_sees_a_page_without_signing_in(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.get_by_test_id("password")).to_be_visible()
    expect(page).to_have_title("Sign in · KeyPortal")


@pytest.mark.parametrize("path", ["/", "/api-keys", "/agent-keys", "/usage", "/admin/system-keys"])
def test_a_phone_needs_no_sideways_scrolling(phone: Page, path: str) -> None:
    pages.sign_in_on_a_phone(phone, EMAIL, PASSWORD)
    phone.goto(path)
    expect(phone.locator("h1")).to_be_visible()
    phone.wait_for_load_state("networkidle")
    for width in (390, 800, 1000):
        phone.set_viewport_size({"width": width, "height": 800})
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert phone.evaluate(
            "[...document.querySelectorAll('.kp-table, .kp-table .rt-ScrollAreaViewport, .kp-table table')]"
            ".every(e => e.scrollWidth <= e.clientWidth)"
        )
    phone.set_viewport_size({"width": 390, "height": 800})
    phone.get_by_test_id("open-menu").click()
    expect(phone.get_by_test_id("sign-out").last).to_be_visible()


def test_the_documentation_page_works_without_the_internet(page: Page, running: RunningPortal) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/docs")
    expect(page.get_by_text("/api/resolve").first).to_be_visible()
    assert [url for url in asked if not url.startswith((running.url, "data:", "blob:"))] == []


def test_an_address_that_leads_nowhere_says_so(page: Page) -> None:
    answer = page.goto("/no-such-page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is no page here")).to_be_visible()
