"""The encryption key in the browser: what is left is re-sealed from the page, which says what is next."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from keyportal.domain.clock import SystemClock
from keyportal.domain.principals import Role
from keyportal.persistence import processes
from keyportal.persistence.tables import ProcessRow
from keyportal.services.rotation_marks import let_go, new_mark, write_mark
from tests.e2e import pages
from tests.e2e.axe import serious_findings
from tests.e2e.pictures.picture import SCHEMES
from tests.e2e.seeding import PASSWORD, add_keys, add_person, opened
from tests.e2e.server import RunningPortal
from tests.support import ENCRYPTION_KEY, OTHER_KEY

pytestmark = pytest.mark.browser

ROOT, ALICE, PATH = "root@example.com", "alice@example.com", "/admin/encryption"
CHANGED = {"API_KEY_ENCRYPTION_KEY": OTHER_KEY, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal with three keys of before its encryption key was changed."""
    folder = tmp_path_factory.mktemp("encryption")
    with opened(RunningPortal(folder)) as before:
        add_person(before, ROOT)
        alice = add_person(before, ALICE, Role.MEMBER)
        add_keys(before, alice, ("one", "two", "three"))
    portal = RunningPortal(folder, **CHANGED).start()
    yield portal
    portal.stop()


def begin(running: RunningPortal, *, is_going_on: bool) -> None:
    """Leave what a rotation leaves that is under way somewhere, or that stopped."""
    with opened(running) as portal, portal.database.transaction() as session:
        now = portal.clock.now()
        leave = write_mark if is_going_on else let_go
        leave(session, new_mark(ROOT, portal.keyring.current.id, now), now)


def situation(page: Page, expected: str) -> None:
    expect(page.get_by_test_id("glance")).to_have_attribute("data-situation", expected)


def nobody_is_kept_out(page: Page) -> None:
    """Look for what keeps people out who cannot see or point, in both themes."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        assert serious_findings(page) == []


def test_what_is_left_is_resealed_from_the_page(page: Page, running: RunningPortal) -> None:
    pages.enter(page, ROOT, PASSWORD)
    pages.go_to(page, "Encryption key")
    situation(page, "remaining")
    expect(page.get_by_test_id("reseal")).to_have_text("Re-seal 3 values")
    nobody_is_kept_out(page)

    # Somewhere else it runs already: nothing to press, and this page sees by itself how it ends.
    begin(running, is_going_on=True)
    page.reload()
    situation(page, "running")
    expect(page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "25")
    expect(page.get_by_test_id("reseal")).to_have_count(0)
    begin(running, is_going_on=False)
    situation(page, "interrupted")
    nobody_is_kept_out(page)

    # By keyboard alone, and focus is not lost with the button.
    page.get_by_test_id("reseal").focus()
    page.keyboard.press("Enter")
    situation(page, "removable")
    expect(page.get_by_test_id("outcome")).to_contain_text("3 values re-sealed.")
    expect(page.get_by_test_id("glance")).to_be_focused()
    expect(page.get_by_test_id("encryption-spoken")).to_contain_text("needed by nothing any more")

    page.get_by_test_id("verify-all").click()
    expect(page.get_by_test_id("verdict")).to_have_text("All 4 values open.")
    page.reload()
    situation(page, "removable")
    nobody_is_kept_out(page)


def test_a_server_that_lacks_the_key_is_told_until_it_was_restarted(
    page: Page, running: RunningPortal
) -> None:
    now = SystemClock().now()
    lagging = ProcessRow(
        kind="api", host="h", pid=7, key_ids=[], current_key_id="", started_at=now, seen_at=now
    )
    with opened(running) as portal, portal.database.transaction() as session:
        processes.announce(session, lagging.model_copy())
    pages.enter(page, ROOT, PASSWORD, PATH)
    situation(page, "lagging")
    expect(page.get_by_test_id("server")).to_have_count(2)
    nobody_is_kept_out(page)
    with opened(running) as portal, portal.database.transaction() as session:
        processes.remove(session, lagging.id)
    page.get_by_test_id("look-again").click()
    situation(page, "removable")
    expect(page.get_by_test_id("server")).to_have_count(1)


def test_a_member_is_not_let_in(page: Page) -> None:
    pages.enter(page, ALICE, PASSWORD)
    expect(page.get_by_test_id("nav-encryption-key")).to_have_count(0)
    page.goto(PATH)
    expect(page.get_by_test_id("notice")).to_have_text("Only admins can open Encryption key.")
    expect(page.get_by_test_id("glance")).to_have_count(0)
