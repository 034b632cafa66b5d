"""What opens over the other pages: agent keys, people, providers, policies, the trail, the phone's menu."""

from playwright.sync_api import Locator, Page, expect

from tests.e2e import pages
from tests.e2e.pictures.picture import Act, Picture, dialog, in_row, one_after_the_other, press
from tests.e2e.pictures.seed_keys import LONG_NAME

_AGENTS, _PEOPLE, _PROVIDERS = "/agent-keys", "/admin/users", "/admin/providers"
_MARGARET, _KATHERINE = f"{_PEOPLE}?q=margaret", f"{_PEOPLE}?q=katherine"


def _provider(provider_id: str, act: str, expected: str) -> Act:
    def show(page: Page) -> None:
        row: Locator = page.locator(f'[data-testid="provider-row"][data-provider="{provider_id}"]')
        pages.choose_act(row, act)
        expect(page.get_by_test_id(expected)).to_be_visible()

    return show


def _typed(test_id: str, text: str, then: str = "", expected: str = "") -> Act:
    def show(page: Page) -> None:
        page.get_by_test_id(test_id).fill(text)
        if then:
            press(then, expected)(page)

    return show


def _agent_key_made(page: Page) -> None:
    page.get_by_test_id("add-agent-key").click()
    page.get_by_test_id("agent-name").fill(LONG_NAME[:70] + " (new)")
    page.get_by_test_id("create-agent-key").click()
    expect(page.get_by_test_id("new-value")).not_to_have_value("")


def _invited(page: Page) -> None:
    page.get_by_test_id("invite").click()
    page.get_by_test_id("invite-email").fill("dorothy@example.com")
    page.get_by_test_id("make-link").click()
    expect(page.get_by_test_id("link-value")).not_to_have_value("")


def _event_opened(page: Page) -> None:
    page.get_by_test_id("event-row").first.click()
    expect(page.get_by_test_id("chain-value")).to_be_visible()


def _some_agent_keys(page: Page) -> None:
    for number in range(3):
        page.get_by_test_id("select-row").nth(number).click()
    expect(page.get_by_test_id("selected-count")).to_be_visible()


def _chip_opened(page: Page) -> None:
    page.get_by_test_id("filter-action").click()
    expect(page.get_by_role("menuitem").first).to_be_visible()


_add_provider = press("add-provider", "provider-form")
_refused_provider = one_after_the_other(
    _add_provider,
    _typed("name", "OpenAI"),
    _typed("base-url", "https://llm.example.com/v1", "save-provider", "field-error"),
)
_refused_address = one_after_the_other(
    _provider("anthropic", "change-address", "address-form"),
    _typed("base-url", "ftp://llm.example.com", "save-address", "field-error"),
)
_refused_policy = _typed("agent_key_days", "9999", "save-agent_keys", "field-error")

_refused_person = one_after_the_other(
    press("invite", "invite-email"), _typed("invite-email", "ada@example.com", "make-link", "field-error")
)

PICTURES: tuple[Picture, ...] = (
    dialog("agent-key-add", _AGENTS, press("add-agent-key", "agent-name")),
    dialog("agent-key-refused", _AGENTS, one_after_the_other(
        press("add-agent-key", "agent-name"), press("create-agent-key", "field-error"))),
    dialog("agent-key-shown-once", _AGENTS, _agent_key_made),
    dialog("agent-key-rotate", f"{_AGENTS}?q=nightly", in_row("Nightly evaluation", "rotate", "overlap")),
    dialog("agent-key-rename", f"{_AGENTS}?q=nightly", in_row("Nightly evaluation", "rename", "new-name")),
    dialog("agent-key-revoke", f"{_AGENTS}?q=nightly", in_row("Nightly evaluation", "revoke", "consequence")),
    dialog("agent-keys-selected", _AGENTS, _some_agent_keys),
    dialog("person-invite", _PEOPLE, press("invite", "invite-email")),
    dialog("person-invite-refused", _PEOPLE, _refused_person),
    dialog("person-invited", _PEOPLE, _invited),
    dialog("person-detail", _MARGARET, in_row("Margaret Hamilton", "details", "person-detail")),
    dialog("person-detail-own", f"{_PEOPLE}?q=ada", in_row("Ada Lovelace", "details", "person-detail")),
    dialog("person-edit", _MARGARET, in_row("Margaret Hamilton", "edit", "person-form")),
    dialog("person-reset-link", f"{_PEOPLE}?q=radia", in_row("Radia Perlman", "new-link", "make-link")),
    dialog("person-deactivate", _KATHERINE, in_row("Katherine Johnson", "deactivate", "consequence")),
    dialog("person-remove", f"{_PEOPLE}?q=grace", in_row("Grace Hopper", "remove", "keys-wipe")),
    dialog("provider-add", _PROVIDERS, _add_provider),
    dialog("provider-add-refused", _PROVIDERS, _refused_provider),
    dialog("provider-address-refused", _PROVIDERS, _refused_address),
    dialog("provider-delete", _PROVIDERS, _provider("our_gpu_cluster", "delete", "consequence")),
    dialog("policies-refused", "/admin/policies", _refused_policy),
    dialog("audit-detail", "/admin/audit", _event_opened),
    dialog("audit-chip", "/admin/audit", _chip_opened, again=True),
    Picture("phone-menu", "/api-keys", press("open-menu"), widths=(390,)),
)  # fmt: skip
