"""One picture: whose it is, where, how it comes about, and how it is taken in every width and colour."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect
from playwright.sync_api import Error as PlaywrightError

from tests.e2e import pages
from tests.e2e.pictures.seed import ADA
from tests.e2e.seeding import PASSWORD
from tests.e2e.server import RunningPortal

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGE_WIDTHS = (1280, 390, 768, 1920)
DIALOG_WIDTHS = (1280, 390)
_HEIGHT = 900
# Where each picture is taken: the team's portal, one with a single person, one that nobody has set up, and
# those whose encryption key was changed.
Where = Literal["team", "empty", "fresh", "left", "rotating", "interrupted", "lagging", "years"]
Act = Callable[[Page], object]


def nothing(_page: Page) -> None:
    """The page as it opens."""


@dataclass(frozen=True)
class Picture:
    """`act` brings the page into the state that is photographed; with `again` anew for each width.

    `who` is nobody where it is empty. `is_broken` expects the broken page, which is a mistake anywhere else.
    """

    name: str
    path: str
    act: Act = nothing
    who: str = ADA
    where: Where = "team"
    widths: tuple[int, ...] = PAGE_WIDTHS
    again: bool = False
    whole: bool = False
    is_broken: bool = False


def dialog(name: str, path: str, act: Act, *, again: bool = False, who: str = ADA) -> Picture:
    return Picture(name, path, act, who=who, widths=DIALOG_WIDTHS, again=again)


@dataclass
class Album:
    """What was taken so far, and what could not be."""

    target: Path
    files: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def take(browser: Browser, running: RunningPortal, pictures: Iterable[Picture], album: Album) -> None:
    """Photograph all of one portal. What goes wrong with one picture keeps no other from being taken."""
    for who in dict.fromkeys(p.who for p in pictures):
        context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": _HEIGHT})
        if who:
            form: dict[str, str | float | bool] = {"email": who, "password": PASSWORD}
            assert context.request.post("/api/auth/sign-in", form=form, max_redirects=0).status == 303
        for picture in (p for p in pictures if p.who == who):
            # A reload restores what was open, so each time is in a tab of its own.
            for widths in [(w,) for w in picture.widths] if picture.again else [picture.widths]:
                _take(context, picture, widths, album)
        context.close()


def _take(context: BrowserContext, picture: Picture, widths: tuple[int, ...], album: Album) -> None:
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    try:
        _photograph(tab, picture, widths, album)
        assert picture.is_broken or not errors, errors
    except (AssertionError, PlaywrightError) as problem:
        album.problems.append(f"{picture.name} at {picture.path}: {str(problem)[:600]}")
    tab.close()


def _photograph(tab: Page, picture: Picture, widths: tuple[int, ...], album: Album) -> None:
    if picture.is_broken:
        spoil_rows(tab)
    tab.set_viewport_size({"width": widths[0], "height": _HEIGHT})
    open_picture(tab, picture)
    for width in widths:
        tab.set_viewport_size({"width": width, "height": _HEIGHT})
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme=scheme)
            tab.wait_for_timeout(250)
            name = f"{picture.name}-{scheme}-{width}.png"
            tab.screenshot(path=album.target / name, full_page=picture.whole)
            album.files.append(name)
    is_broken = tab.get_by_test_id("broken-page").count() > 0
    assert is_broken is picture.is_broken, "it shows the broken page, or should"


def open_picture(tab: Page, picture: Picture) -> None:
    """Bring a tab of the right person to what is photographed."""
    tab.goto(picture.path)
    heading = tab.get_by_role("heading", level=1).or_(tab.get_by_test_id("broken-page"))
    expect(heading.first).to_be_visible(timeout=20_000)
    tab.wait_for_load_state("networkidle")
    expect(tab.locator(".rt-Skeleton")).to_have_count(0, timeout=20_000)
    picture.act(tab)


def in_row(name: str, act: str, expected: str = "") -> Act:
    """Choose from the menu of the row with this name, and wait for what opens."""

    def show(page: Page) -> None:
        row = page.locator(f'tr[data-name="{name}"]')
        pages.choose_act(row, act)
        if expected:
            expect(page.get_by_test_id(expected)).to_be_visible()

    return show


def press(test_id: str, expected: str = "") -> Act:
    def show(page: Page) -> None:
        page.get_by_test_id(test_id).first.click()
        if expected:
            expect(page.get_by_test_id(expected)).to_be_visible()

    return show


def one_after_the_other(*acts: Act) -> Act:
    def show(page: Page) -> None:
        for act in acts:
            act(page)

    return show


def spoil_rows(page: Page) -> None:
    """Spoil the rows of every list on their way to the browser, as a bug of ours would."""

    def spoil(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: socket.send(_spoiled(message)))

    page.route_web_socket(re.compile("_event"), spoil)


def _spoiled(message: str | bytes) -> str | bytes:
    if not isinstance(message, str) or '"rows_rx_state_"' not in message:
        return message
    head, _, body = message.partition("[")
    content = json.loads(f"[{body}")
    for update in content:
        for state in (update.get("delta") or {}).values() if isinstance(update, dict) else []:
            if state.get("rows_rx_state_"):
                state["rows_rx_state_"][0]["name"] = {"not": "a text"}
    return head + json.dumps(content)
