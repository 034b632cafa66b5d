"""What every page has in common: its title, its width, its manners when there is nothing or all is broken."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import pages
from tests.e2e.pictures.picture import spoil_rows
from tests.e2e.server import RunningPortal

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
TITLES = {
    "/": "Overview",
    "/api-keys": "API keys",
    "/agent-keys": "Agent keys",
    "/usage": "Usage",
    "/account": "Account",
    "/admin/system-keys": "System keys",
    "/admin/users": "Users",
    "/admin/providers": "Providers",
    "/admin/policies": "Policies",
    "/admin/audit": "Audit",
    "/admin/encryption": "Encryption key",
}


@pytest.fixture(scope="module", autouse=True)
def admin(running: RunningPortal) -> None:
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def signed_in(page: Page) -> Page:
    pages.sign_in(page, EMAIL, PASSWORD)
    return page


def test_every_page_has_its_title_and_leads_to_the_others(signed_in: Page) -> None:
    for path, title in TITLES.items():
        signed_in.goto(path)
        expect(signed_in).to_have_title(f"{title} · KeyPortal")
        expect(signed_in.get_by_role("heading", name=title, level=1)).to_be_visible()
        for link in ("overview", "api-keys", "agent-keys", "usage", "users", "audit", "account"):
            expect(signed_in.get_by_test_id(f"nav-{link}").first).to_be_visible()


def test_no_page_scrolls_sideways_at_any_width(signed_in: Page) -> None:
    for path in TITLES:
        signed_in.goto(path)
        expect(signed_in.get_by_role("heading", level=1)).to_be_visible()
        for width in (390, 768, 1280, 1920):
            signed_in.set_viewport_size({"width": width, "height": 840})
            signed_in.wait_for_timeout(60)
            too_wide = signed_in.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert too_wide <= 0, (path, width, too_wide)


def test_an_address_that_leads_nowhere_says_so(signed_in: Page) -> None:
    answer = signed_in.goto("/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(signed_in.get_by_role("heading", name="There is no page here")).to_be_visible()
    signed_in.get_by_role("link", name="Go to the overview").click()
    expect(signed_in.get_by_role("heading", name="Overview")).to_be_visible()


def test_slash_goes_to_the_search_field_and_is_typed_where_somebody_types(signed_in: Page) -> None:
    pages.go_to(signed_in, "Providers")
    expect(signed_in.get_by_test_id("total")).to_contain_text("providers")
    signed_in.wait_for_load_state("networkidle")
    signed_in.keyboard.press("/")
    expect(signed_in.get_by_test_id("search")).to_be_focused()
    signed_in.keyboard.type("a/b")
    expect(signed_in.get_by_test_id("search")).to_have_value("a/b")


def test_a_page_that_cannot_be_drawn_says_so_in_our_words(browser: Browser, running: RunningPortal) -> None:
    """What the server sends is spoiled on its way, as a bug of ours would."""

    context = browser.new_context(base_url=running.url)
    page = context.new_page()
    pages.sign_in(page, EMAIL, PASSWORD)
    spoil_rows(page)
    page.goto("/admin/providers")
    expect(page.get_by_test_id("broken-page")).to_be_visible()
    expect(page.get_by_role("link", name="Load KeyPortal again")).to_be_visible()
    assert "Error" not in page.locator("body").inner_text()
    context.close()
