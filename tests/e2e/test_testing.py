"""Testing keys in the browser: before saving, all of a page, and what the last test found. And pasting."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider
from tests.fakes.provider_replies import REPLIES

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
VALUE = "sk-proj-TESTINGcanary0123456789abcdef"
LINE = f'OPENAI_API_KEY="{VALUE}line"'
CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
ACCESS_KEY_ID = "AKIAABCDEFGHIJKLMNOP"
MODELS = [{"id": f"gpt-{number}"} for number in range(60)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[RunningPortal]:
    portal = RunningPortal(
        tmp_path_factory.mktemp("portal"),
        KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1",
        KEYPORTAL_TESTS_PER_MINUTE="1000",
    ).start()
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert portal.command(*arguments, stdin=PASSWORD + "\n").returncode == 0
    yield portal
    portal.stop()


@pytest.fixture(scope="module")
def frames() -> list[str]:
    """Every frame that the server sent to a browser of this module."""
    return []


@pytest.fixture
def keys(page: Page, frames: list[str], provider: FakeProvider) -> Page:
    """The API keys page, at a provider that accepts every key."""
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: frames.append(str(data))))
    provider.script.by_key.clear()
    provider.answer(200, {"object": "list", "data": MODELS})
    pages.open_keys(page, EMAIL, PASSWORD)
    return page


def open_form(page: Page, value: str = "", name: str = "") -> None:
    page.get_by_test_id("add-key").click()
    expect(page.get_by_test_id("key-form")).to_be_visible()
    if value:
        page.get_by_test_id("api-key").fill(value)
    if name:
        page.get_by_test_id("name").fill(name)


def outcome_in_form(page: Page, outcome: str) -> None:
    badge = page.get_by_test_id("form-check").get_by_test_id("check-outcome")
    expect(badge).to_have_attribute("data-value", outcome)


def only(page: Page, search: str) -> None:
    """Narrow the list, and with it what Test all tests."""
    page.get_by_test_id("search").fill(search)
    expect(page.locator(f'[data-testid="key-row"]:not([data-name^="{search}"])')).to_have_count(0)


def focused(page: Page) -> str | None:
    return page.evaluate("document.activeElement.getAttribute('data-testid')")


def tab_to(page: Page, test_id: str) -> None:
    for _ in range(30):
        if focused(page) == test_id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not get to {test_id}")


def test_a_key_is_pasted_recognised_tested_and_saved_by_keyboard_alone(
    keys: Page, provider: FakeProvider
) -> None:
    keys.get_by_test_id("add-key").focus()
    keys.keyboard.press("Enter")
    tab_to(keys, "api-key")
    keys.keyboard.insert_text(LINE)
    expect(keys.get_by_test_id("recognised")).to_have_text("Recognised as OpenAI.")
    pages.expect_provider(keys, "openai")
    tab_to(keys, "consent")
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("assignment")).to_contain_text("Only the part after the equals sign")
    assert focused(keys) == "consent"
    tab_to(keys, "test-form")
    keys.keyboard.press("Enter")
    outcome_in_form(keys, "valid")
    assert focused(keys) == "test-form"
    assert provider.requests[-1].headers["authorization"] == f"Bearer {VALUE}line"
    before = provider.hits
    while focused(keys) != "name":
        keys.keyboard.press("Shift+Tab")
    keys.keyboard.type("By keyboard")
    keys.keyboard.press("Enter")
    mask = pages.row(keys, "By keyboard").get_by_test_id("mask")
    expect(mask).to_have_text("****...line")
    assert provider.hits == before


def test_a_test_before_saving_stores_nothing_and_the_form_stays_live(
    keys: Page, provider: FakeProvider
) -> None:
    provider.stay_silent(key=VALUE + "slow")
    open_form(keys, VALUE + "slow", "Never saved")
    keys.get_by_test_id("test-form").click()
    expect(keys.get_by_test_id("test-form")).to_have_attribute("aria-busy", "true")
    keys.get_by_test_id("toggle-secret").click()
    expect(keys.get_by_test_id("api-key")).to_have_attribute("type", "text")
    expect(keys.get_by_test_id("form-check")).to_contain_text("Asking the provider")
    keys.get_by_test_id("api-key").fill(VALUE)
    expect(keys.get_by_test_id("test-form")).to_have_attribute("aria-busy", "false")
    keys.get_by_test_id("test-form").click()
    outcome_in_form(keys, "valid")
    expect(keys.get_by_test_id("form-check")).to_contain_text("60 models")
    pages.discard(keys, "key-form")
    expect(pages.row(keys, "Never saved")).to_have_count(0)


def test_a_refused_key_says_so_in_the_form_and_can_still_be_saved(keys: Page, provider: FakeProvider) -> None:
    provider.answer(REPLIES["openai"].bad.status, REPLIES["openai"].bad.body, key=VALUE + "bad")
    open_form(keys, VALUE + "bad", "Refused")
    keys.get_by_test_id("test-form").click()
    outcome_in_form(keys, "invalid")
    expect(keys.get_by_test_id("form-check")).to_contain_text("invalid_api_key")
    keys.get_by_test_id("save-key").click()
    expect(pages.row(keys, "Refused")).to_be_visible()


def test_a_provider_chosen_by_hand_is_only_offered_another(keys: Page) -> None:
    open_form(keys)
    pages.choose_provider(keys, "anthropic")
    keys.get_by_test_id("api-key").fill(VALUE)
    expect(keys.get_by_test_id("pasted-warning")).to_contain_text("Anthropic")
    pages.expect_provider(keys, "anthropic")
    keys.get_by_test_id("switch-provider").click()
    pages.expect_provider(keys, "openai")
    expect(keys.get_by_test_id("recognised")).to_be_visible()
    expect(keys.get_by_test_id("api-key")).to_be_focused()


def test_the_secret_pasted_after_its_id_keeps_the_provider_and_what_was_typed(keys: Page) -> None:
    open_form(keys, ACCESS_KEY_ID)
    pages.expect_provider(keys, "aws_transcribe")
    expect(keys.get_by_test_id("pasted-warning")).to_contain_text("access key id")
    expect(keys.get_by_test_id("recognised")).not_to_have_class(re.compile("kp-hint-green"))
    keys.get_by_test_id("field-access_key_id").fill(ACCESS_KEY_ID)
    keys.get_by_test_id("field-region").fill("eu-central-1")
    keys.get_by_test_id("api-key").fill("TESTINGcanary" + "x" * 27)
    expect(keys.get_by_test_id("pasted")).to_be_empty()
    pages.expect_provider(keys, "aws_transcribe")
    expect(keys.get_by_test_id("field-access_key_id")).to_have_value(ACCESS_KEY_ID)
    expect(keys.get_by_test_id("field-region")).to_have_value("eu-central-1")
    keys.get_by_test_id("api-key").fill("sk-proj-TESTINGcanary0123456789T3BlbkFJ0123456789")
    expect(keys.get_by_test_id("recognised")).to_have_class(re.compile("kp-hint-green"))


def test_of_several_providers_one_is_chosen_beside_the_value(keys: Page) -> None:
    open_form(keys, '{"type": "service_account", "project_id": "x"}')
    expect(keys.get_by_test_id("candidates")).to_contain_text(
        "This looks like a key of Google Speech-to-Text or Vertex AI. Choose:"
    )
    keys.get_by_role("button", name="Vertex AI").click()
    pages.expect_provider(keys, "vertex_ai")
    expect(keys.get_by_test_id("api-key")).to_be_focused()
    expect(keys.get_by_test_id("candidate")).to_have_count(0)


def test_focus_goes_to_the_field_that_is_wrong_each_time(keys: Page) -> None:
    open_form(keys, VALUE)
    pages.expect_provider(keys, "openai")
    keys.get_by_test_id("field-organization").fill("org with spaces")
    for _ in range(2):
        keys.get_by_test_id("test-form").click()
        expect(keys.get_by_test_id("field-organization")).to_be_focused()
    keys.get_by_test_id("field-organization").fill("")
    keys.get_by_test_id("save-key").click()
    expect(keys.get_by_test_id("name")).to_be_focused()
    keys.get_by_test_id("name").fill("Wrong label")
    keys.get_by_test_id("more").click()
    keys.get_by_test_id("environment").fill("not a label!")
    keys.get_by_test_id("more").click()
    keys.get_by_test_id("save-key").click()
    expect(keys.get_by_test_id("environment")).to_be_focused()


def test_a_new_paste_takes_the_consent_back(keys: Page) -> None:
    open_form(keys, LINE, "Taken back")
    keys.get_by_test_id("consent").click()
    expect(keys.get_by_test_id("consent")).to_have_text("Undo")
    keys.get_by_test_id("api-key").fill(f"OPENAI_API_KEY={VALUE}other")
    keys.get_by_test_id("save-key").click()
    expect(keys.get_by_test_id("field-error")).to_contain_text("NAME=value")
    expect(keys.get_by_test_id("consent")).to_have_text("Keep only that part")
    keys.get_by_test_id("api-key").fill("")
    expect(keys.get_by_test_id("pasted")).to_be_empty()


def test_a_model_is_tested_along_only_where_that_is_possible(keys: Page) -> None:
    open_form(keys)
    pages.choose_provider(keys, "deepgram")
    expect(keys.get_by_test_id("with-model")).to_have_count(0)
    pages.choose_provider(keys, "openai")
    expect(keys.get_by_test_id("model")).to_be_hidden()
    keys.get_by_test_id("with-model").check()
    keys.get_by_test_id("model").fill("not a model!")
    keys.get_by_test_id("api-key").fill(VALUE)
    keys.get_by_test_id("test-form").click()
    expect(keys.get_by_test_id("field-error")).to_contain_text("gpt-4o-mini")
    keys.get_by_test_id("model").fill("gpt-7")
    keys.get_by_test_id("test-form").click()
    expect(keys.get_by_test_id("form-check")).to_contain_text("gpt-7")


def test_secret_fields_and_choices_have_their_own_controls(keys: Page) -> None:
    open_form(keys)
    pages.choose_provider(keys, "assemblyai")
    expect(keys.get_by_test_id("field-region")).to_have_value("us")
    pages.choose_provider(keys, "aws_transcribe")
    token = keys.get_by_test_id("field-session_token")
    expect(token).to_have_attribute("type", "password")
    keys.get_by_test_id("toggle-field-session_token").click()
    expect(token).to_have_attribute("type", "text")
    expect(keys.get_by_test_id("api-key")).to_have_attribute("type", "password")


def test_an_edit_tests_the_saved_key(keys: Page, provider: FakeProvider) -> None:
    pages.add_key(keys, "openai", "To edit", VALUE + "edit")
    pages.choose_act(pages.row(keys, "To edit"), "edit")
    expect(keys.get_by_test_id("key-form")).to_contain_text("OpenAI: the saved value is never shown.")
    keys.get_by_test_id("test-form").click()
    outcome_in_form(keys, "valid")
    assert provider.requests[-1].headers["authorization"] == f"Bearer {VALUE}edit"


def test_all_keys_of_the_page_are_tested_with_progress_and_can_be_stopped(
    keys: Page, provider: FakeProvider
) -> None:
    provider.answer(REPLIES["openai"].bad.status, REPLIES["openai"].bad.body, key=VALUE + "batch1")
    provider.stay_silent(key=VALUE + "batch2")
    for number in range(3):
        pages.add_key(keys, "openai", f"Batch {number}", f"{VALUE}batch{number}")
    only(keys, "Batch")
    keys.get_by_test_id("test-all").click()
    expect(keys.get_by_test_id("batch-progress")).to_have_text("2 of 3 tested")
    bar = keys.get_by_role("progressbar")
    assert [bar.get_attribute(f"aria-value{part}") for part in ("min", "now", "max")] == ["0", "2", "3"]
    expect(pages.row(keys, "Batch 1").get_by_test_id("health")).to_have_attribute("data-value", "invalid")
    expect(keys.get_by_test_id("test-all")).to_be_focused()
    keys.get_by_test_id("stop-batch").click()
    expect(keys.get_by_test_id("stop-batch")).to_have_count(0)
    expect(keys.get_by_test_id("test-all")).to_be_focused()
    expect(keys.get_by_test_id("batch-summary")).to_have_text("Stopped after 2 of 3. 1 valid, 1 refused.")
    expect(pages.row(keys, "Batch 2").get_by_test_id("health")).to_have_attribute("data-value", "unchecked")

    provider.answer(200, {"object": "list", "data": MODELS}, key=VALUE + "batch2")
    keys.get_by_test_id("test-all").click()
    expect(keys.get_by_test_id("batch-summary")).to_have_text("2 valid, 1 refused.")
    keys.get_by_test_id("dismiss-summary").click()
    expect(keys.get_by_test_id("batch-summary")).to_have_count(0)
    expect(keys.get_by_test_id("test-all")).to_be_focused()


def test_the_badge_leads_to_the_last_test_and_its_models(keys: Page) -> None:
    pages.add_key(keys, "openai", "With models", VALUE + "models")
    pages.check_key(keys, "With models", "valid")
    badge = pages.row(keys, "With models").get_by_test_id("open-check")
    badge.focus()
    keys.keyboard.press("Enter")
    dialog = keys.get_by_test_id("check-dialog")
    expect(dialog).to_contain_text("60 models")
    expect(keys.get_by_test_id("models").locator("li")).to_have_count(60)
    keys.get_by_test_id("models-filter").fill("gpt-59")
    expect(keys.get_by_test_id("models").locator("li")).to_have_count(1)
    expect(keys.get_by_test_id("models-found")).to_have_text("1 match.")
    keys.get_by_test_id("check-model").fill("gpt-59")
    keys.keyboard.press("Enter")
    expect(keys.get_by_test_id("last-check")).to_contain_text("gpt-59")
    keys.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(badge).to_be_focused()


def test_the_menu_opens_the_last_test_and_the_question_about_a_model(keys: Page) -> None:
    pages.add_key(keys, "openai", "From the menu", VALUE + "menu")
    pages.add_key(keys, "deepgram", "No models", "0123456789abcdef0123456789abcdef01234567")
    pages.choose_act(pages.row(keys, "From the menu"), "show-check")
    expect(keys.get_by_test_id("not-tested")).to_be_visible()
    keys.get_by_test_id("test-again").click()
    expect(keys.get_by_test_id("last-check")).to_contain_text("60 models")
    expect(keys.get_by_test_id("test-again")).to_be_focused()
    keys.get_by_test_id("close-check").click()
    expect(keys.get_by_test_id("check-dialog")).to_be_hidden()
    health = pages.row(keys, "From the menu").get_by_test_id("health")
    expect(health).to_have_attribute("data-value", "valid")
    pages.choose_act(pages.row(keys, "From the menu"), "ask-model")
    expect(keys.get_by_test_id("check-model")).to_be_focused()
    keys.keyboard.press("Escape")
    pages.row(keys, "No models").get_by_test_id("row-menu").click()
    expect(keys.get_by_test_id("show-check")).to_be_visible()
    expect(keys.get_by_test_id("ask-model")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_dialogs_are_legible_and_fit_the_window(keys: Page, scheme: str, width: int) -> None:
    keys.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    keys.set_viewport_size({"width": width, "height": 840})
    open_form(keys, LINE)
    keys.get_by_test_id("consent").click()
    keys.get_by_test_id("test-form").click()
    outcome_in_form(keys, "valid")
    # As if an admin had added one with the longest name.
    keys.evaluate(
        "document.querySelector('#provider .kp-picker-name').textContent = 'A long name '.repeat(8)"
    )
    _looks_right(keys, "key-form")
    pages.discard(keys, "key-form")
    name = f"Looks {scheme} {width} " + "with a long name " * 3
    pages.add_key(keys, "openai", name.strip(), VALUE + "looks")
    pages.check_key(keys, name.strip(), "valid")
    pages.row(keys, name.strip()).get_by_test_id("open-check").click()
    expect(keys.get_by_test_id("models")).to_be_visible()
    _looks_right(keys, "check-dialog")


def _looks_right(page: Page, dialog: str) -> None:
    page.wait_for_timeout(350)
    found = page.get_by_test_id(dialog)
    assert found.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert found.evaluate("e => e.getBoundingClientRect().right <= innerWidth")
    assert found.evaluate("e => e.getBoundingClientRect().left >= 0")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CONTRAST) == []


def test_signing_out_in_another_tab_ends_the_tests(keys: Page, provider: FakeProvider) -> None:
    provider.stay_silent(key=VALUE + "silent")
    pages.add_key(keys, "openai", "Signed out", VALUE + "silent")
    only(keys, "Signed out")
    keys.get_by_test_id("test-all").click()
    expect(keys.get_by_test_id("batch-progress")).to_have_text("0 of 1 tested")
    other = keys.context.new_page()
    other.goto("/api-keys")
    pages.sign_out(other)
    expect(keys.get_by_test_id("password")).to_be_visible(timeout=15_000)


def test_no_value_is_in_a_frame_a_log_or_a_file(
    keys: Page, running: RunningPortal, frames: list[str]
) -> None:
    open_form(keys, LINE, "In no frame")
    keys.get_by_test_id("consent").click()
    keys.get_by_test_id("test-form").click()
    outcome_in_form(keys, "valid")
    keys.get_by_test_id("save-key").click()
    pages.check_key(keys, "In no frame", "valid")
    assert any("In no frame" in frame and "****...line" in frame for frame in frames)
    assert not any("TESTINGcanary" in frame for frame in frames)
    stored = b"".join(f.read_bytes() for f in running.folder.rglob("*") if f.is_file())
    assert b"TESTINGcanary" not in stored
