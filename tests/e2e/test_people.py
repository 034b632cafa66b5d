"""People and the trail in the browser: invited, joined, signed out, removed; found, downloaded, verified."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e import pages
from tests.e2e.server import RunningPortal

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "root@example.com", "the admin's long password"
NEW_PASSWORD = "chosen by the person who joined"


@pytest.fixture(scope="module", autouse=True)
def admin(running: RunningPortal) -> None:
    arguments = ["users", "add", "--email", EMAIL, "--role", "admin", "--password-stdin"]
    assert running.command(*arguments, stdin=PASSWORD + "\n").returncode == 0


@pytest.fixture
def other(browser: Browser, running: RunningPortal) -> Iterator[Page]:
    """Somebody else's browser."""
    context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def open_users(page: Page) -> None:
    pages.enter(page, EMAIL, PASSWORD, "/admin/users")
    expect(page.get_by_test_id("user-row").first).to_be_visible()


def user_row(page: Page, email: str) -> Locator:
    return page.locator(f'[data-testid="user-row"][data-email="{email}"]')


def invite(page: Page, email: str) -> str:
    """Invite a person and return the link, which the admin copies."""
    page.get_by_test_id("invite").click()
    page.get_by_test_id("invite-email").fill(email)
    page.get_by_test_id("make-link").click()
    expect(page.get_by_test_id("link-value")).not_to_have_value("")
    link = page.get_by_test_id("link-value").input_value()
    page.get_by_test_id("done").click()
    expect(page.get_by_test_id("invite-form")).to_be_hidden()
    expect(user_row(page, email)).to_have_attribute("data-status", "invited")
    return link


def join(page: Page, link: str, email: str) -> None:
    page.goto(link)
    page.get_by_test_id("password").fill(NEW_PASSWORD)
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("who-am-i").first).to_have_text(email)


def choose(page: Page, email: str, act: str) -> None:
    user_row(page, email).get_by_test_id("row-menu").click()
    page.get_by_test_id(act).click()


def test_a_link_survives_a_refused_password_and_works_once(page: Page, other: Page) -> None:
    open_users(page)
    link = invite(page, "carol@example.com")
    other.goto(link)
    other.get_by_test_id("name").fill("Carol")
    other.get_by_test_id("password").fill("password123")
    # The token is in the form alone: not in the address any more, from which it could be read or kept.
    expect(other).not_to_have_url(link)
    other.get_by_test_id("submit").click()
    expect(other.get_by_test_id("field-error")).to_contain_text("not a common one")
    expect(other.get_by_test_id("name")).to_have_value("Carol")
    other.get_by_test_id("password").fill(NEW_PASSWORD)
    other.get_by_test_id("submit").click()
    expect(other.get_by_test_id("who-am-i").first).to_have_text("carol@example.com")
    other.goto(link)
    other.get_by_test_id("password").fill(NEW_PASSWORD)
    other.get_by_test_id("submit").click()
    expect(other.get_by_test_id("link-ended")).to_contain_text("used up or expired")


def test_the_pages_of_links_are_honest_without_one(page: Page) -> None:
    for address in ("/join", "/reset", "/join#made-up"):
        page.goto("/sign-in")
        page.goto(address)
        if "#" in address:
            # Nobody types before the page listens.
            page.wait_for_load_state("networkidle")
            page.get_by_test_id("password").fill(NEW_PASSWORD)
            page.get_by_test_id("submit").click()
        expect(page.get_by_test_id("link-ended")).to_be_visible()


def test_a_deactivated_person_is_out_at_once_and_a_removed_one_for_good(page: Page, other: Page) -> None:
    email = "dora@example.com"
    open_users(page)
    join(other, invite(page, email), email)
    page.reload()
    choose(page, email, "deactivate")
    page.get_by_test_id("confirm-act").click()
    expect(user_row(page, email)).to_have_attribute("data-status", "deactivated")
    other.goto("/account")
    expect(other.get_by_test_id("password")).to_be_visible()
    choose(page, email, "remove")
    page.get_by_test_id("confirm-removal").click()
    expect(user_row(page, email)).to_have_count(0)
    expect(page.get_by_test_id("notice")).to_contain_text("is removed")


def test_details_end_a_session_and_back_closes_them(page: Page, other: Page) -> None:
    email = "ella@example.com"
    open_users(page)
    join(other, invite(page, email), email)
    user_row(page, email).get_by_test_id("row-menu").click()
    page.get_by_test_id("details").click()
    page.get_by_test_id("end-session").click()
    expect(page.get_by_test_id("session-line")).to_have_count(0)
    other.goto("/account")
    expect(other.get_by_test_id("password")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("person-detail")).to_be_hidden()


def test_a_stranger_comes_back_to_where_they_wanted_to_go(page: Page) -> None:
    page.goto("/admin/audit?action=people")
    page.get_by_test_id("email").fill(EMAIL)
    page.get_by_test_id("password").fill("not this one")
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("problem")).to_be_visible()
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("submit").click()
    expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    expect(page.get_by_test_id("filter-action")).to_contain_text("People")


def test_a_member_is_told_why_a_page_of_admins_does_not_open(page: Page, other: Page) -> None:
    open_users(page)
    join(other, invite(page, "finn@example.com"), "finn@example.com")
    other.goto("/admin/users")
    expect(other.get_by_test_id("notice")).to_have_text("Only admins can open Users.")


def test_a_new_password_signs_out_everywhere_else(page: Page, other: Page) -> None:
    email = "gina@example.com"
    open_users(page)
    join(other, invite(page, email), email)
    pages.enter(page, email, NEW_PASSWORD, "/account")
    expect(page.get_by_test_id("session-line")).to_have_count(2)
    page.get_by_test_id("current_password").fill("not this one")
    page.get_by_test_id("password").fill("another long password")
    page.get_by_test_id("change-password").click()
    expect(page.get_by_test_id("field-error")).to_have_text("This is not your present password.")
    page.get_by_test_id("current_password").fill(NEW_PASSWORD)
    page.get_by_test_id("password").fill("another long password")
    page.get_by_test_id("change-password").click()
    expect(page.get_by_test_id("notice")).to_contain_text("Your password is changed")
    expect(page.get_by_test_id("session-line")).to_have_count(1)
    other.goto("/api-keys")
    expect(other.get_by_test_id("password")).to_be_visible()


def test_a_theme_is_chosen_on_the_account_page(page: Page) -> None:
    pages.enter(page, EMAIL, PASSWORD, "/account")
    page.get_by_test_id("theme-dark").check()
    expect(page.locator("html")).to_have_class("dark")
    page.reload()
    expect(page.get_by_test_id("theme-dark")).to_be_checked()


def test_the_trail_is_narrowed_downloaded_and_verified(page: Page, tmp_path: Path) -> None:
    pages.enter(page, EMAIL, PASSWORD, "/admin/audit?action=people&person=operator")
    expect(page.get_by_test_id("event-row").first).to_have_attribute("data-action", "user.create")
    page.get_by_test_id("export").click()
    with page.expect_download() as download:
        page.get_by_test_id("export-csv").click()
    file = tmp_path / "trail.csv"
    download.value.save_as(file)
    rows = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    assert {row["action"] for row in rows} == {"user.create"}
    page.get_by_test_id("verify-now").click()
    expect(page.get_by_test_id("chain-verdict")).to_contain_text("intact")
    page.get_by_test_id("event-row").first.click()
    expect(page.get_by_test_id("chain-value")).to_be_visible()
    page.get_by_test_id("to-object").click()
    expect(page.get_by_test_id("person-detail")).to_contain_text(EMAIL)
