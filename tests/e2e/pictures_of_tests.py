"""The pictures of testing keys: in the form, the last test, Test all. Only OpenAI is asked, a fake one."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.fakes.fake_provider import FakeProvider

VALUE = "sk-proj-" + "picture0123456789" * 3
MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "o4-mini",
    "whisper-1",
    "text-embedding-3-large",
)
Shot = Callable[[Page, str], None]


def play_openai(provider: FakeProvider) -> dict[str, str]:
    """Let a fake provider play OpenAI and return the settings that lead there."""
    models = [*MODELS, *(f"ft:gpt-4o-mini:a-team-with-a-long-name:version-{n}:9abcDEF" for n in range(60))]
    provider.answer(200, {"object": "list", "data": [{"id": model} for model in models]})
    return {"KEYPORTAL_BASE_URL_OPENAI": f"{provider.url}/v1", "KEYPORTAL_TESTS_PER_MINUTE": "1000"}


def photograph_tests(page: Page, shot: Shot) -> None:
    page.goto("/api-keys")
    page.wait_for_load_state("networkidle")
    page.get_by_test_id("add-key").click()
    page.get_by_test_id("name").fill("Batch jobs")
    page.get_by_test_id("api-key").fill(f"OPENAI_API_KEY={VALUE}")
    expect(page.get_by_test_id("consent")).to_be_visible()
    shot(page, "api-keys-pasted-line")
    page.get_by_test_id("consent").click()
    page.get_by_test_id("with-model").check()
    page.get_by_test_id("test-form").click()
    expect(page.get_by_test_id("form-check").get_by_test_id("check-outcome")).to_be_visible()
    page.get_by_test_id("save-key").scroll_into_view_if_needed()
    shot(page, "api-keys-tested-in-form")
    page.get_by_test_id("provider").select_option("anthropic")
    expect(page.get_by_test_id("other-provider")).to_be_visible()
    shot(page, "api-keys-other-provider")
    page.get_by_test_id("cancel").click()
    expect(page.get_by_test_id("key-form")).to_be_hidden()
    # Of the others a fake plays nobody: they must not be asked.
    page.get_by_test_id("filter-provider").select_option("openai")
    expect(page.locator('[data-testid="key-row"]:not(:has-text("OpenAI"))')).to_have_count(0)
    page.get_by_test_id("test-all").click()
    expect(page.get_by_test_id("batch-summary")).to_be_visible(timeout=30_000)
    shot(page, "api-keys-tested-all")
    pages.row(page, "Production").get_by_test_id("open-check").click()
    expect(page.get_by_test_id("models")).to_be_visible()
    shot(page, "api-keys-last-test")
    page.get_by_test_id("close-check").click()
    expect(page.get_by_test_id("check-dialog")).to_be_hidden()
