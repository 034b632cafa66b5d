"""The Usage page in a browser: from a first request to the file, drawn under the page's own policy."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from keyportal.domain.clock import SystemClock
from keyportal.domain.principals import Principal, Role, Scope
from keyportal.persistence.tables import UsageDayRow
from keyportal.services import agent_keys, credential_lists
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.e2e import pages
from tests.e2e.seeding import PASSWORD, add_keys, add_person, opened
from tests.e2e.server import RunningPortal
from tests.services.support import USER

pytestmark = pytest.mark.browser

EMMY, NEWCOMER, BOSS = "emmy@example.com", "newcomer@example.com", "boss@example.com"


@pytest.fixture(scope="module", autouse=True)
def token(running: RunningPortal) -> Iterator[str]:
    """Let Emmy have used two keys by two agent keys for a while. Returns the value of one of those."""
    with opened(running) as portal:
        emmy = add_person(portal, EMMY, Role.MEMBER)
        add_person(portal, NEWCOMER, Role.MEMBER)
        add_person(portal, BOSS)
        add_keys(portal, emmy, ["Main"])
        add_keys(portal, emmy, ["Fast"], "groq")
        worker = agent_keys.create(portal, emmy, NewAgentKey("Worker", (Scope.RESOLVE,)))
        nightly = agent_keys.create(portal, emmy, NewAgentKey("Nightly", (Scope.RESOLVE,)))
        _use(portal, emmy, worker.view.id, "openai", 40)
        _use(portal, emmy, nightly.view.id, "groq", 2)
        yield worker.token.reveal()


def _use(portal: Portal, who: Principal, agent: str, provider: str, count: int) -> None:
    keys = {key.provider: key.id for key in credential_lists.search(portal, who, USER).items}
    today = SystemClock().now().date()
    with portal.database.transaction() as session:
        for back in range(1, 21):
            session.add(
                UsageDayRow(day=today - timedelta(days=back), provider=provider, source="user",
                            credential_id=keys[provider], agent_key_id=agent, count=count,
                            ok=count, error=1)
            )  # fmt: skip


@pytest.fixture
def emmys(page: Page) -> Page:
    pages.enter(page, EMMY, PASSWORD, "/usage")
    expect(page.get_by_test_id("usage-row").first).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="usage-row"][data-name="{name}"]')


def test_a_request_is_counted_and_the_bars_are_drawn(emmys: Page, token: str) -> None:
    uses = int(emmys.get_by_test_id("total-uses").inner_text())
    bars = emmys.get_by_test_id("usage-chart").locator(".recharts-bar-rectangle path")
    expect(bars.nth(39)).to_be_visible()
    bars.nth(5).hover()
    expect(emmys.locator(".recharts-tooltip-wrapper")).to_contain_text("OpenAI: 40")
    before = bars.count()
    answer = emmys.request.post(
        "/api/resolve", data={"provider": "openai"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 200, answer.text()
    emmys.reload()
    expect(emmys.get_by_test_id("total-uses")).to_have_text(str(uses + 1))
    expect(bars).to_have_count(before + 1)


def test_a_provider_is_looked_into_and_back_leads_out_again(emmys: Page) -> None:
    row(emmys, "Groq").get_by_test_id("look-into").click()
    expect(row(emmys, "Fast")).to_be_visible()
    expect(emmys.get_by_test_id("choose-key")).to_have_attribute("aria-pressed", "true")
    expect(emmys.get_by_test_id("filter-provider")).to_contain_text("Groq")
    expect(emmys.get_by_test_id("total-uses")).to_have_text("40")
    emmys.get_by_test_id("legend").click()
    expect(row(emmys, "Nightly")).to_be_visible()
    emmys.go_back()
    expect(row(emmys, "Fast")).to_be_visible()
    emmys.go_back()
    expect(row(emmys, "OpenAI")).to_be_visible()
    row(emmys, "Groq").get_by_test_id("used-link").click()
    expect(pages.row(emmys, "Fast")).to_be_visible()


def test_what_narrows_calls_up_no_keyboard_of_a_phone(emmys: Page) -> None:
    emmys.set_viewport_size({"width": 390, "height": 800})
    for act in (
        row(emmys, "Groq").get_by_test_id("look-into"),
        row(emmys, "Fast").get_by_test_id("look-into"),
    ):
        act.click()
        expect(act).to_have_count(0)
        expect(emmys.locator("#usage-groups")).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("days", ["7", "30", "90"])
def test_the_days_under_the_bars_are_equally_far_apart(emmys: Page, width: int, days: str) -> None:
    emmys.set_viewport_size({"width": width, "height": 800})
    emmys.goto(f"/usage?days={days}")
    ticks = emmys.locator(".recharts-xAxis-tick-labels text")
    expect(ticks.nth(3)).to_be_visible()
    places = [float(tick.get_attribute("x") or 0) for tick in ticks.all()]
    steps = [after - before for before, after in pairwise(places)]
    assert max(steps) - min(steps) < 0.1, places
    today = SystemClock().now().date()
    expect(ticks.last).to_have_text(f"{today.day} {today:%b}")


def test_bars_do_not_look_like_buttons(emmys: Page) -> None:
    bar = emmys.get_by_test_id("usage-chart").locator(".recharts-bar-rectangle path").first
    bar.hover()
    assert bar.evaluate("bar => getComputedStyle(bar).cursor") in ("auto", "default")


def test_the_days_are_chosen_by_keyboard_and_stand_as_a_table(emmys: Page) -> None:
    emmys.get_by_test_id("choose-7").focus()
    emmys.keyboard.press("Enter")
    expect(emmys.get_by_test_id("choose-7")).to_have_attribute("aria-pressed", "true")
    expect(emmys.get_by_test_id("choose-7")).to_be_focused()
    expect(emmys).to_have_url("/usage?days=7")
    emmys.get_by_test_id("days-as-table").focus()
    emmys.keyboard.press("Enter")
    expect(emmys.get_by_test_id("day-line").nth(1)).to_contain_text("42")
    words = emmys.get_by_test_id("usage-chart").get_attribute("aria-label") or ""
    assert words.startswith("Bars of uses by day, ") and "table" in words
    assert emmys.locator('[data-testid="usage-chart"] [tabindex="0"]').count() == 0


def test_what_is_shown_is_downloaded(emmys: Page) -> None:
    pages.choose_filter(emmys, "provider", "groq")
    expect(emmys.get_by_test_id("total-uses")).to_have_text("40")
    with emmys.expect_download() as begun:
        emmys.get_by_test_id("download").click()
    assert begun.value.suggested_filename.startswith("keyportal-usage-")
    lines = list(csv.DictReader(io.StringIO(Path(begun.value.path()).read_text("utf-8"))))
    assert len(lines) == 20 and {line["key_name"] for line in lines} == {"Fast"}


def test_nothing_used_leads_to_a_first_agent_key(page: Page, running: RunningPortal) -> None:
    pages.enter(page, NEWCOMER, PASSWORD, "/usage")
    expect(page.get_by_test_id("empty-usage")).to_contain_text(f"{running.url}/api/resolve")
    expect(page.get_by_test_id("person")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_test_id("to-agent-keys").click()
    expect(page.get_by_test_id("add-agent-key").first).to_be_visible()


def test_an_admin_looks_at_everyone(page: Page) -> None:
    pages.enter(page, BOSS, PASSWORD, "/usage")
    expect(page.get_by_test_id("empty-usage")).to_be_visible()
    whose = page.get_by_test_id("person")
    whose.select_option(whose.locator("option", has_text=NEWCOMER).get_attribute("value"))
    expect(page.get_by_test_id("empty-usage-other")).to_contain_text(NEWCOMER)
    page.get_by_test_id("show-everyone").click()
    page.get_by_test_id("choose-key").click()
    expect(row(page, "Main")).to_contain_text(EMMY)
    expect(page).to_have_url(re.compile("by=key&person=everyone"))
    page.reload()
    expect(page.get_by_test_id("person")).to_have_value("everyone")
    expect(row(page, "Main")).to_be_visible()


def test_a_phone_shows_it_all_without_sideways_scrolling(browser: Browser, running: RunningPortal) -> None:
    context = browser.new_context(base_url=running.url, viewport={"width": 390, "height": 800})
    phone = context.new_page()
    pages.enter(phone, EMMY, PASSWORD, "/usage?days=90&by=key")
    expect(row(phone, "Main")).to_be_visible()
    expect(phone.locator('[data-testid="usage-chart"] svg').first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
