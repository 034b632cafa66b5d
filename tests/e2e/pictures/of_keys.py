"""What opens over the pages of keys: the form, the drawer, rotation, order, import, and questions."""

from playwright.sync_api import Page, expect

from tests.e2e import pages
from tests.e2e.pictures.picture import Act, Picture, dialog, in_row, nothing, one_after_the_other, press
from tests.e2e.pictures.seed_keys import LONG_NAME

VALUE = "sk-proj-" + "picture0123456789" * 3
_LIST = "/api-keys?provider=openai&sort=name"
_ONE = "/api-keys?q=production"
_IMPORT = """# the team's old file
OPENAI_API_KEY=sk-proj-picture0123456789abcdefghij
export ANTHROPIC_API_KEY='sk-ant-api03-picture0123456789abcdef'  # support desk
GROQ_API_KEY="gsk_picture0123456789abcdefghijklmnop"
SOME_TOOL_WITH_A_VERY_LONG_NAME_THAT_NOBODY_SHORTENED_API_KEY=picture0123456789abcdef
MISTRAL_API_KEY=your-key-here
DATABASE_URL=postgresql://somebody@localhost/db
GEMINI_API_KEY=${OTHER}
"""


def _fill(page: Page, **values: str) -> None:
    for test_id, value in values.items():
        page.get_by_test_id(test_id.replace("_", "-")).fill(value)


def _new_key(page: Page) -> None:
    page.get_by_test_id("add-key").click()
    expect(page.get_by_test_id("key-form")).to_be_visible()


def _picker(page: Page) -> None:
    _new_key(page)
    page.get_by_test_id("provider").click()
    page.get_by_test_id("provider-search").fill("grok")
    expect(page.locator('[data-testid="provider-option"][data-value="xai"]')).to_be_visible()


def _picker_unsearched(page: Page) -> None:
    _new_key(page)
    page.get_by_test_id("provider").click()


def _refused(page: Page) -> None:
    _new_key(page)
    pages.choose_provider(page, "openai")
    _fill(page, name="Production", api_key="OPENAI_API_KEY=sk-picture")
    page.get_by_test_id("save-key").click()
    expect(page.get_by_test_id("field-error").first).to_be_visible()


def _pasted_line(page: Page) -> None:
    _new_key(page)
    _fill(page, name="Nightly", api_key=f"OPENAI_API_KEY={VALUE}")
    expect(page.get_by_test_id("consent")).to_be_visible()


def _tested(page: Page) -> None:
    _pasted_line(page)
    page.get_by_test_id("consent").click()
    page.get_by_test_id("with-model").check()
    page.get_by_test_id("test-form").click()
    expect(page.get_by_test_id("form-check").get_by_test_id("check-outcome")).to_be_visible()
    page.get_by_test_id("save-key").scroll_into_view_if_needed()


def _many_fields(page: Page) -> None:
    _new_key(page)
    pages.choose_provider(page, "azure_openai")
    page.get_by_text("More", exact=False).first.click()


def _unsaved(page: Page) -> None:
    _new_key(page)
    _fill(page, name="Half typed")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("discard-bar")).to_be_visible()


def _conflict(page: Page) -> None:
    """Another tab saves the key that is being edited in this one."""
    in_row("Staging", "edit", "key-form")(page)
    other = page.context.new_page()
    other.goto("/api-keys?q=staging")
    in_row("Staging", "edit", "key-form")(other)
    note = other.locator('[name="note"]').input_value() + "Saved in the other tab. "
    _open_more(other)
    other.locator('[name="note"]').fill(note)
    other.get_by_test_id("save-key").click()
    expect(other.get_by_test_id("key-form")).to_be_hidden()
    other.close()
    _open_more(page)
    page.locator('[name="note"]').fill("What stands in this tab.")
    page.get_by_test_id("save-key").click()
    expect(page.get_by_test_id("conflict")).to_be_visible()


def _open_more(page: Page) -> None:
    if not page.locator('[name="note"]').is_visible():
        page.get_by_test_id("more").click()


def _import_text(page: Page) -> None:
    page.get_by_test_id("page-menu").click()
    page.get_by_test_id("import-keys").click()
    page.get_by_test_id("import-text").fill(_IMPORT)


def _import_preview(page: Page) -> None:
    _import_text(page)
    page.get_by_test_id("import-preview").click()
    expect(page.get_by_test_id("import-row").first).to_be_visible()
    page.get_by_test_id("import-refused").locator("summary").click()


def _some_selected(page: Page) -> None:
    for number in range(3):
        page.get_by_test_id("select-row").nth(number).click()
    expect(page.get_by_test_id("selected-count")).to_be_visible()


def _rotation(*acts: Act) -> Act:
    return one_after_the_other(in_row("Fast answers", "rotate", "rotation-dialog"), *acts)


def _store_new_value(page: Page) -> None:
    _fill(page, rotation_key="gsk_picture0123456789abcdefghijklmnop")
    page.get_by_test_id("store-new-value").click()
    expect(page.get_by_test_id("new-mask")).to_be_visible()


def _last_test(page: Page) -> None:
    pages.check_key(page, "Production", "valid")
    pages.row(page, "Production").get_by_test_id("open-check").click()
    expect(page.get_by_test_id("models")).to_be_visible()


def _tested_all(page: Page) -> None:
    page.get_by_test_id("test-all").click()
    expect(page.get_by_test_id("batch-summary")).to_be_visible(timeout=60_000)


PICTURES: tuple[Picture, ...] = (
    dialog("key-add", _LIST, _new_key),
    dialog("key-add-picker", _LIST, _picker, again=True),
    dialog("key-add-picker-open", _LIST, _picker_unsearched, again=True),
    dialog("key-add-refused", _LIST, _refused),
    dialog("key-add-pasted-line", _LIST, _pasted_line),
    dialog("key-add-tested", _LIST, _tested),
    dialog("key-add-many-fields", _LIST, _many_fields),
    dialog("key-unsaved", _LIST, _unsaved),
    dialog("key-edit", _ONE, in_row("Production", "edit", "key-form")),
    dialog("key-conflict", "/api-keys?q=staging", _conflict),
    dialog(
        "key-menu", _ONE, lambda p: pages.row(p, "Production").get_by_test_id("row-menu").click(), again=True
    ),
    dialog("key-drawer", _ONE, in_row("Production", "open", "place")),
    dialog("key-drawer-long-name", "/api-keys?q=evaluations", in_row(LONG_NAME, "open", "place")),
    dialog(
        "key-drawer-waiting", "/api-keys?q=claude", in_row("Claude for the support desk", "open", "place")
    ),
    dialog("key-drawer-nobodys", "/api-keys?open=3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab", nothing),
    dialog("key-last-test", _ONE, _last_test),
    dialog("key-order", _LIST, in_row("Staging", "order", "order-dialog")),
    dialog("key-delete", _ONE, in_row("Production", "delete", "consequence")),
    dialog("keys-selected", _LIST, _some_selected),
    dialog("keys-delete-selected", _LIST, one_after_the_other(_some_selected, press("delete-selected"))),
    dialog("keys-tested-all", _LIST, _tested_all),
    dialog("rotation-1-value", "/api-keys?q=fast", _rotation()),
    dialog("rotation-2-test", "/api-keys?q=fast", _rotation(_store_new_value)),
    dialog("rotation-3-switch", "/api-keys?q=fast", _rotation(press("go-on", "switch-over"))),
    dialog("import-text", _LIST, _import_text),
    dialog("import-preview", _LIST, _import_preview),
)
