"""Every page and dialog in both themes, wide and narrow, under axe-core: nothing serious is in anybody's way.

What is looked at is what `make screenshots` photographs: pages full of rows, and what opens over them.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import serious_findings
from tests.e2e.pictures.picture import DIALOG_WIDTHS, SCHEMES, Picture, open_picture
from tests.e2e.pictures.seed import ADA
from tests.e2e.screenshots import PICTURES, portal_for
from tests.e2e.seeding import PASSWORD
from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider

pytestmark = pytest.mark.browser

PUBLIC = ("sign-in-refused", "join", "join-refused", "join-ended", "reset", "not-found")
PAGES = (
    "overview-attention",
    "api-keys-full",
    "api-keys-narrowed",
    "api-keys-no-match",
    "api-keys-problem",
    "agent-keys-full",
    "system-keys-full",
    "usage-everyone",
    "usage-days",
    "users-full",
    "providers-full",
    "policies",
    "audit-narrowed",
    "encryption-in-order",
    "account-refused",
)
DIALOGS = (
    "key-add-picker",
    "key-add-refused",
    "key-add-tested",
    "key-unsaved",
    "key-conflict",
    "key-drawer",
    "key-last-test",
    "key-order",
    "keys-delete-selected",
    "rotation-1-value",
    "rotation-2-test",
    "import-preview",
    "agent-key-refused",
    "agent-key-shown-once",
    "agent-keys-selected",
    "person-invite-refused",
    "person-detail-own",
    "person-remove",
    "provider-add-refused",
    "policies-refused",
    "audit-detail",
    "phone-menu",
)
BY_NAME = {picture.name: picture for picture in PICTURES}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[RunningPortal]:
    portal = portal_for("team", tmp_path_factory.mktemp("portal"), provider).start()
    yield portal
    portal.stop()


@pytest.fixture
def tab(browser: Browser, running: RunningPortal) -> Iterator[Page]:
    """A tab of nobody."""
    context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def adas(tab: Page) -> Page:
    """A tab of somebody who may see everything, and has it."""
    form: dict[str, str | float | bool] = {"email": ADA, "password": PASSWORD}
    assert tab.request.post("/api/auth/sign-in", form=form, max_redirects=0).status == 303
    return tab


def findings(page: Page, picture: Picture) -> dict[tuple[int, str], list[str]]:
    """Return what is serious, by width and theme."""
    page.set_viewport_size({"width": picture.widths[0], "height": 800})
    open_picture(page, picture)
    found = {}
    for width in DIALOG_WIDTHS if len(picture.widths) > 1 else picture.widths:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            # Colours fade into one another for a moment.
            page.wait_for_timeout(200)
            found[width, scheme] = serious_findings(page)
    return {where: what for where, what in found.items() if what}


def test_axe_finds_what_is_wrong(tab: Page) -> None:
    """The check itself: a page with a nameless button and an image without words does not pass."""
    tab.goto("/sign-in")
    expect(tab.get_by_test_id("email")).to_be_focused()
    tab.wait_for_load_state("networkidle")
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button><img src=/logo.svg>')")
    found = "\n".join(serious_findings(tab))
    assert "button-name" in found
    assert "image-alt" in found


@pytest.mark.parametrize("name", PUBLIC)
def test_no_page_of_a_stranger_has_a_serious_finding(tab: Page, name: str) -> None:
    assert findings(tab, BY_NAME[name]) == {}


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_finding(adas: Page, name: str) -> None:
    assert findings(adas, BY_NAME[name]) == {}


@pytest.mark.parametrize("name", DIALOGS)
def test_nothing_that_opens_over_a_page_has_a_serious_finding(adas: Page, name: str) -> None:
    assert findings(adas, BY_NAME[name]) == {}
