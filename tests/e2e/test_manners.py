"""How the pages treat a person: nothing typed is lost, nothing is cut off, focus stays where it helps."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
VALUE = "sk-proj-MANNERScanary0123456789"
LONG = "A key with a long name that goes on and on, to the end of its row and beyond"
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")


@pytest.fixture(scope="module", autouse=True)
def admin(running: RunningPortal) -> None:
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def signed_in(page: Page) -> Page:
    pages.enter(page, EMAIL, PASSWORD)
    return page


@pytest.fixture
def keys(page: Page) -> Page:
    """The API keys page with one key in it, named LONG."""
    pages.open_keys(page, EMAIL, PASSWORD)
    if pages.row(page, LONG).count() == 0:
        pages.add_key(page, "openai", LONG, VALUE)
    expect(pages.row(page, LONG)).to_be_visible()
    return page


def box(locator: Locator) -> tuple[float, float, float, float]:
    found = locator.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def shown_once(page: Page, name: str) -> Locator:
    pages.go_to(page, "Agent keys")
    page.get_by_test_id("add-agent-key").click()
    page.get_by_test_id("agent-name").fill(name)
    page.get_by_test_id("create-agent-key").click()
    expect(page.get_by_test_id("new-value")).not_to_have_value("")
    return page.get_by_test_id("new-value")


@pytest.mark.parametrize("dialog", ["add", "edit"])
def test_a_click_beside_the_form_loses_nothing_and_escape_asks(keys: Page, dialog: str) -> None:
    if dialog == "add":
        keys.get_by_test_id("add-key").click()
    else:
        pages.row(keys, LONG).get_by_test_id("row-menu").click()
        keys.get_by_test_id("edit").click()
    keys.get_by_test_id("name").fill("Half typed")
    keys.mouse.click(8, 8)
    keys.wait_for_timeout(400)
    expect(keys.get_by_test_id("name")).to_have_value("Half typed")
    keys.keyboard.press("Escape")
    expect(keys.get_by_test_id("keep-editing")).to_be_focused()
    keys.get_by_test_id("discard").click()
    expect(keys.get_by_test_id("key-form")).to_be_hidden()


def test_only_done_takes_away_a_value_that_is_shown_once(signed_in: Page) -> None:
    value = shown_once(signed_in, "Stays")
    signed_in.keyboard.press("Escape")
    signed_in.mouse.click(8, 8)
    signed_in.wait_for_timeout(400)
    expect(value).to_be_visible()
    signed_in.get_by_test_id("done").click()
    expect(value).to_be_hidden()


def test_a_new_value_is_wholly_visible_and_copied_with_one_key(signed_in: Page) -> None:
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"])
    value = shown_once(signed_in, "Whole")
    expect(signed_in.get_by_test_id("copy-value")).to_be_focused()
    assert value.evaluate("e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_test_id("copy-value")).to_have_text("Copied")
    assert signed_in.evaluate("navigator.clipboard.readText()") == value.input_value()


def test_without_a_clipboard_the_new_value_is_selected(signed_in: Page) -> None:
    signed_in.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    signed_in.reload()
    value = shown_once(signed_in, "Insecure")
    signed_in.get_by_test_id("copy-value").click()
    expect(signed_in.get_by_test_id("copy-value")).to_have_text("Selected")
    assert signed_in.evaluate("window.getSelection().toString()") == value.input_value()


def test_a_silent_provider_does_not_hold_up_the_tab(keys: Page, provider: FakeProvider) -> None:
    pages.add_key(keys, "openai", "Quick", VALUE + "quick")
    provider.answer(REPLIES["openai"].good.status, REPLIES["openai"].good.body)
    provider.stay_silent(key=VALUE)
    pages.row(keys, LONG).get_by_test_id("test").click()
    expect(pages.row(keys, LONG).get_by_test_id("test")).to_have_attribute("aria-busy", "true")
    pages.check_key(keys, "Quick", "valid")
    keys.get_by_test_id("search").fill("quick")
    expect(keys.get_by_test_id("key-row")).to_have_count(1)
    keys.get_by_test_id("search").fill("")
    expect(pages.row(keys, LONG).get_by_test_id("test")).to_have_attribute("aria-busy", "true")
    provider.answer(401, {"error": {"code": "invalid_api_key"}}, key=VALUE)


@pytest.mark.parametrize("width", [390, 721, 800, 901, 1000, 1150, 1280])
def test_the_actions_of_a_row_are_in_sight_at_every_width(keys: Page, width: int) -> None:
    keys.set_viewport_size({"width": width, "height": 800})
    row = pages.row(keys, LONG)
    for test_id in ("select-row", "test", "row-menu"):
        left, _top, right, _bottom = box(row.get_by_test_id(test_id))
        assert left >= 0
        assert right <= width
    assert box(row.get_by_text(LONG))[2] - box(row.get_by_text(LONG))[0] >= 100
    assert keys.evaluate(
        "[...document.querySelectorAll('.kp-table, .kp-table .rt-ScrollAreaViewport, .kp-table table')]"
        ".every(e => e.scrollWidth <= e.clientWidth)"
    )
    assert keys.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_finger_hits_the_box_the_test_and_the_menu(keys: Page) -> None:
    keys.set_viewport_size({"width": 390, "height": 800})
    for test_id in ("select-row", "test", "row-menu"):
        found = pages.row(keys, LONG).get_by_test_id(test_id)
        found.scroll_into_view_if_needed()
        assert found.evaluate(
            "e => { const b = e.getBoundingClientRect(), x = b.x + b.width / 2, y = b.y + b.height / 2;"
            " return [[0, 0], [-11, 0], [11, 0], [0, -11], [0, 11]]"
            ".every(([dx, dy]) => e.contains(document.elementFromPoint(x + dx, y + dy))); }"
        )


def test_the_notice_is_in_sight_and_moves_nothing(keys: Page) -> None:
    before = box(pages.row(keys, LONG))
    pages.row(keys, LONG).get_by_test_id("test").click()
    notice = keys.get_by_test_id("notice")
    expect(notice).to_be_visible(timeout=20_000)
    assert box(pages.row(keys, LONG))[1] == before[1]
    assert box(notice)[3] <= 800
    keys.get_by_test_id("dismiss-notice").click()
    expect(notice).to_be_hidden()


def test_the_header_of_a_long_table_stays_in_sight(keys: Page) -> None:
    keys.set_viewport_size({"width": 1280, "height": 260})
    keys.mouse.wheel(0, 200)
    keys.wait_for_timeout(300)
    assert keys.evaluate("window.scrollY") > 0
    assert box(keys.locator(".kp-table thead th").first)[1] >= 0


def test_focus_is_in_the_search_field_after_a_delete(keys: Page) -> None:
    pages.add_key(keys, "gemini", "To delete", VALUE)
    pages.delete_key(keys, "To delete")
    expect(keys.get_by_test_id("search")).to_be_focused()


def test_focus_is_in_the_search_field_after_a_button_disabled_itself(keys: Page) -> None:
    keys.get_by_test_id("add-key").focus()
    keys.get_by_test_id("add-key").evaluate("e => { e.disabled = true; }")
    expect(keys.get_by_test_id("search")).to_be_focused()


def test_a_field_with_a_mistake_says_so_to_a_screen_reader(keys: Page) -> None:
    keys.get_by_test_id("add-key").click()
    pages.choose_provider(keys, "openai")
    keys.get_by_test_id("api-key").fill(VALUE)
    expect(keys.get_by_test_id("name")).to_have_attribute("aria-invalid", "false")
    keys.get_by_test_id("save-key").click()
    expect(keys.get_by_test_id("name")).to_have_attribute("aria-invalid", "true")
    described_by = keys.get_by_test_id("name").get_attribute("aria-describedby")
    assert keys.locator(f"#{described_by}").inner_text() == keys.get_by_test_id("field-error").inner_text()
    assert keys.locator(".kp-table thead th").last.inner_text() == "Actions"


@pytest.mark.parametrize("act", ["revoke", "delete"])
def test_the_button_that_ends_an_agent_key_says_so(signed_in: Page, act: str) -> None:
    pages.go_to(signed_in, "Agent keys")
    pages.create_agent_key(signed_in, f"To {act}")
    row = signed_in.locator(f'[data-testid="agent-key-row"][data-name="To {act}"]')
    row.get_by_test_id("row-menu").click()
    signed_in.get_by_test_id(act).click()
    expect(signed_in.get_by_test_id("confirm-danger")).to_have_text(act.capitalize())


def test_the_documentation_is_one_click_from_the_agent_keys(signed_in: Page) -> None:
    pages.go_to(signed_in, "Agent keys")
    with signed_in.context.expect_page() as opened:
        signed_in.get_by_test_id("api-docs").click()
    expect(opened.value.get_by_text("/api/resolve").first).to_be_visible()


def test_a_list_opened_again_shows_what_its_controls_say(keys: Page) -> None:
    keys.get_by_test_id("search").fill("nothing like this")
    expect(keys.get_by_test_id("no-match")).to_be_visible()
    pages.go_to(keys, "Overview")
    pages.go_to(keys, "API keys")
    expect(pages.row(keys, LONG)).to_be_visible()
    expect(keys.get_by_test_id("search")).to_have_value("")


def test_a_refused_sign_in_keeps_the_email_and_not_the_password(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_test_id("email").fill(EMAIL)
    page.get_by_test_id("password").fill("not the password")
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("problem")).to_be_visible()
    expect(page.get_by_test_id("email")).to_have_value(EMAIL)
    expect(page.get_by_test_id("password")).to_have_value("")
    assert "not the password" not in page.evaluate("JSON.stringify({ ...sessionStorage })")
    page.goto("/sign-in")
    expect(page.get_by_test_id("email")).to_have_value("")
    assert EMAIL not in page.evaluate("JSON.stringify({ ...sessionStorage })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/api-keys", "/agent-keys"])
def test_small_words_are_legible(keys: Page, path: str, scheme: str) -> None:
    keys.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    keys.goto(path)
    expect(keys.locator("h1")).to_be_visible()
    keys.wait_for_load_state("networkidle")
    keys.wait_for_timeout(300)
    assert keys.evaluate(CONTRAST) == []


@pytest.fixture
def fresh(browser: Browser, tmp_path: Path) -> Iterator[tuple[RunningPortal, Page]]:
    """A deployment of its own that nobody has set up."""
    portal = RunningPortal(tmp_path).start()
    context = browser.new_context(base_url=portal.url)
    yield portal, context.new_page()
    context.close()
    portal.stop()


def test_a_refused_set_up_says_what_is_wrong_and_keeps_the_code(fresh: tuple[RunningPortal, Page]) -> None:
    portal, page = fresh
    page.goto("/set-up")
    expect(page.get_by_test_id("code")).to_be_focused()
    page.get_by_test_id("code").fill(portal.setup_code)
    page.get_by_test_id("email").fill(EMAIL)
    page.get_by_test_id("password").fill("short")
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("problem")).to_contain_text("This password cannot be used:")
    expect(page.get_by_test_id("code")).to_have_value(portal.setup_code)
    expect(page.get_by_test_id("email")).to_have_value(EMAIL)
    expect(page.get_by_test_id("password")).to_have_value("")


def test_a_portal_that_went_away_is_told_in_one_plain_line(fresh: tuple[RunningPortal, Page]) -> None:
    portal, page = fresh
    page.goto("/set-up")
    expect(page.get_by_test_id("code")).to_be_visible()
    page.wait_for_load_state("networkidle")
    portal.stop()
    line = page.get_by_test_id("no-connection")
    expect(line).to_have_text("KeyPortal does not answer. This page reconnects by itself.", timeout=20_000)
    assert "websocket" not in page.inner_text("body")
    portal.start()
    expect(line).to_be_hidden(timeout=20_000)
