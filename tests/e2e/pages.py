"""What a person does on the pages, by name."""

from playwright.sync_api import Locator, Page, expect


def set_up(page: Page, code: str, email: str, password: str) -> None:
    page.goto("/set-up")
    page.get_by_test_id("code").fill(code)
    page.get_by_test_id("email").fill(email)
    page.get_by_test_id("password").fill(password)
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("who-am-i").first).to_have_text(email)


def sign_in(page: Page, email: str, password: str) -> None:
    _fill_sign_in(page, email, password)
    expect(page.get_by_test_id("who-am-i").first).to_have_text(email)


def enter(page: Page, email: str, password: str, path: str = "/") -> None:
    """Open a page as somebody signed in, without the way through the form, which has tests of its own."""
    form: dict[str, str | float | bool] = {"email": email, "password": password}
    assert page.request.post("/api/auth/sign-in", form=form, max_redirects=0).status == 303
    page.goto(path)
    expect(page.get_by_test_id("who-am-i").first).to_have_text(email)


def open_keys(page: Page, email: str, password: str) -> None:
    """Open the list of one's API keys as somebody signed in, and wait until it is there."""
    enter(page, email, password, "/api-keys")
    expect(page.locator('[data-testid="key-row"], [data-testid="empty-keys"]').first).to_be_visible()


def sign_in_on_a_phone(page: Page, email: str, password: str) -> None:
    """Sign in where the rail is behind a menu."""
    _fill_sign_in(page, email, password)
    expect(page.get_by_test_id("open-menu")).to_be_visible()


def _fill_sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_test_id("email").fill(email)
    page.get_by_test_id("password").fill(password)
    page.get_by_test_id("submit").click()


def sign_out(page: Page) -> None:
    page.get_by_test_id("sign-out").first.click()
    expect(page.get_by_test_id("password")).to_be_visible()


def go_to(page: Page, name: str) -> None:
    """Follow a link of the rail, such as `API keys`."""
    page.get_by_test_id(f"nav-{name.lower().replace(' ', '-')}").first.click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def add_key(page: Page, provider: str, name: str, value: str) -> Locator:
    page.get_by_test_id("add-key").click()
    choose_provider(page, provider)
    page.get_by_test_id("name").fill(name)
    page.get_by_test_id("api-key").fill(value)
    page.get_by_test_id("save-key").click()
    expect(page.get_by_test_id("key-form")).to_be_hidden()
    return row(page, name)


def choose_provider(page: Page, provider: str, picker: str = "provider") -> None:
    """Choose a provider by its id in the open form; `general-key` is none, and "" the key's own word."""
    page.get_by_test_id(picker).click()
    page.locator(f'[data-testid="{picker}-option"][data-value="{provider}"]').click()
    expect_provider(page, provider, picker)


def expect_provider(page: Page, provider: str, picker: str = "provider") -> None:
    """Wait until the form is for this provider."""
    expect(page.get_by_test_id(picker)).to_have_attribute("data-value", provider)


def discard(page: Page, form: str) -> None:
    """Leave a form into which something was typed, and say so."""
    page.get_by_test_id("cancel").click()
    page.get_by_test_id("discard").click()
    expect(page.get_by_test_id(form)).to_be_hidden()


def choose_filter(page: Page, name: str, value: str) -> None:
    """Narrow a list by one value of a chip; both are as the address has them."""
    page.get_by_test_id(f"filter-{name}").click()
    page.locator(f'[data-testid="filter-{name}-choice"][data-value="{value}"]').click()
    expect(page.get_by_test_id(f"clear-{name}")).to_be_visible()


def choose_act(of: Locator, act: str) -> None:
    """Choose from the menu of a row."""
    of.get_by_test_id("row-menu").click()
    of.page.get_by_role("menu").get_by_test_id(act).click()


def row(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="key-row"][data-name="{name}"]')


def check_key(page: Page, name: str, outcome: str) -> None:
    """Press Test and wait for the badge with this outcome."""
    row(page, name).get_by_test_id("test").click()
    expect(row(page, name).get_by_test_id("health")).to_have_attribute("data-value", outcome)


def switch(page: Page, name: str, status: str) -> None:
    choose_act(row(page, name), "switch-active")
    expect(row(page, name).get_by_test_id("status")).to_have_attribute("data-value", status)


def delete_key(page: Page, name: str) -> None:
    choose_act(row(page, name), "delete")
    page.get_by_test_id("confirm-delete").click()
    expect(row(page, name)).to_have_count(0)


def create_agent_key(page: Page, name: str) -> str:
    """Create an agent key and return the value the dialog shows once."""
    page.get_by_test_id("add-agent-key").click()
    page.get_by_test_id("agent-name").fill(name)
    page.get_by_test_id("create-agent-key").click()
    expect(page.get_by_test_id("new-value")).not_to_have_value("")
    value = page.get_by_test_id("new-value").input_value()
    page.get_by_test_id("done").click()
    return value


def chain(page: Page, provider: str) -> Locator:
    return page.locator(f'[data-testid="chain"][data-provider="{provider}"]')
