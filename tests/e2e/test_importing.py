"""Keys in and out, agent keys and policies, in a real browser on the built pages."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal

pytestmark = pytest.mark.browser

ADMIN, PASSWORD = "root@example.com", "the admin's long password"
OPENAI = "sk-proj-IMPORTcanary0123456789abcdef"
GROQ = "gsk_IMPORTcanary0123456789abcdefghijklmnopqrstuv"
TEXT = (
    f"# old server\nexport OPENAI_API_KEY='{OPENAI}'\nGROQ_API_KEY={GROQ}\nPATH=/usr/bin\n"
    "XAI_API_KEY=your-key-here\n"
)


@pytest.fixture(scope="module", autouse=True)
def admin_account(running: RunningPortal) -> None:
    arguments = ("users", "add", "--email", ADMIN, "--role", "admin", "--password-stdin")
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def frames(page: Page) -> list[str]:
    """What the server sends to the page."""
    found: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: found.append(str(frame))))
    return found


@pytest.fixture
def admin(page: Page, frames: list[str]) -> Page:
    pages.sign_in(page, ADMIN, PASSWORD)
    return page


def import_row(page: Page, variable: str) -> Locator:
    return page.locator(f'[data-testid="import-row"][data-variable="{variable}"]')


def open_import(page: Page) -> None:
    page.get_by_test_id("page-menu").click()
    page.get_by_test_id("import-keys").click()
    expect(page.get_by_test_id("import-text")).to_be_visible()


def test_a_file_is_looked_at_decided_about_and_imported(
    admin: Page, frames: list[str], running: RunningPortal, tmp_path: Path
) -> None:
    file = tmp_path / "prod.env"
    file.write_text(TEXT)
    pages.go_to(admin, "API keys")
    open_import(admin)
    admin.get_by_test_id("import-file").set_input_files(str(file))
    expect(admin.get_by_test_id("import-text")).to_have_value(TEXT)
    admin.get_by_test_id("import-preview").click()
    expect(admin.get_by_test_id("import-summary")).to_have_text("2 keys to import, 2 lines refused")
    expect(admin.locator("#import-rows")).to_be_focused()
    name = import_row(admin, "GROQ_API_KEY").get_by_test_id("import-name")
    name.fill("OpenAI")
    name.press("Enter")
    expect(admin.get_by_test_id("import-row-problem")).to_contain_text("has this name")
    name.fill("Groq for tests")
    name.press("Enter")
    expect(admin.get_by_test_id("import-row-problem")).to_have_count(0)
    admin.get_by_test_id("import-run").click()
    expect(pages.row(admin, "Groq for tests")).to_be_visible()
    expect(pages.row(admin, "OpenAI")).to_be_visible()
    # What was pasted went to the server and never came back.
    seen = "".join(frames) + running.log
    assert frames and OPENAI not in seen and GROQ not in seen


def test_the_text_is_still_there_after_a_look_back_and_closing_asks(admin: Page) -> None:
    pages.go_to(admin, "API keys")
    open_import(admin)
    admin.get_by_test_id("import-text").fill("MISTRAL_API_KEY=0123456789abcdefghijABCDEFGHIJ01")
    admin.get_by_test_id("import-preview").click()
    admin.get_by_test_id("import-back").click()
    expect(admin.get_by_test_id("import-text")).to_have_value(
        "MISTRAL_API_KEY=0123456789abcdefghijABCDEFGHIJ01"
    )
    admin.keyboard.press("Escape")
    expect(admin.get_by_test_id("discard")).to_be_visible()
    admin.get_by_test_id("discard").click()
    expect(admin.get_by_test_id("import-dialog")).to_be_hidden()


def test_both_exports_are_downloads_without_values(admin: Page) -> None:
    pages.go_to(admin, "API keys")
    for kind, words in (("csv", "provider_name"), ("env", "OPENAI_API_KEY=\n")):
        admin.get_by_test_id("page-menu").click()
        with admin.expect_download() as begun:
            admin.get_by_test_id(f"export-{kind}").click()
        content = Path(begun.value.path()).read_text()
        assert begun.value.suggested_filename.endswith(f".{kind}")
        assert words in content and OPENAI not in content
        expect(admin.get_by_test_id("export-csv")).to_be_hidden()


def test_an_agent_key_is_rotated_and_both_values_are_shown_once(admin: Page) -> None:
    pages.go_to(admin, "Agent keys")
    first = pages.create_agent_key(admin, "Nightly")
    row = admin.locator('[data-testid="agent-key-row"][data-name="Nightly"]')
    row.get_by_test_id("row-menu").click()
    admin.get_by_test_id("rotate").click()
    admin.get_by_test_id("confirm-rotate").click()
    value = admin.get_by_test_id("new-value")
    expect(value).not_to_have_value("")
    second = value.input_value()
    admin.get_by_test_id("snippet-environment").click()
    expect(admin.get_by_test_id("snippet-environment-text")).to_have_value(
        f"KEYPORTAL_URL={admin.url.split('/agent-keys')[0]}\nKEYPORTAL_AGENT_KEY={second}"
    )
    admin.get_by_test_id("done").click()
    assert first != second
    expect(admin.locator('[data-testid="agent-key-row"][data-name="Nightly (old)"]')).to_be_visible()
    assert first not in admin.content() and second not in admin.content()


def test_a_policy_counts_at_once(admin: Page) -> None:
    pages.go_to(admin, "Policies")
    admin.get_by_test_id("agent_key_days").fill("400")
    admin.get_by_test_id("save-agent_keys").click()
    expect(admin.get_by_test_id("field-error")).to_contain_text("at most 365 days")
    admin.get_by_test_id("agent_key_days").fill("45")
    admin.get_by_test_id("agent_key_longest_days").fill("60")
    admin.get_by_test_id("save-agent_keys").click()
    expect(admin.get_by_test_id("policies-changed")).to_contain_text(ADMIN)
    pages.go_to(admin, "Agent keys")
    admin.get_by_test_id("add-agent-key").click()
    expect(admin.get_by_test_id("agent-days")).to_have_value("45")
    expect(admin.get_by_test_id("agent-days").locator("option")).to_have_count(5)
