"""The page of the encryption key: in order, to be re-sealed, half way, interrupted, held up, years later."""

from playwright.sync_api import Page, expect

from tests.e2e.pictures import seed_encryption
from tests.e2e.pictures.picture import Act, Picture, Where, one_after_the_other, press
from tests.e2e.pictures.seed import NEW

_PATH = "/admin/encryption"
_TWO = (1280, 390)


def _stands(situation: str) -> Act:
    def show(page: Page) -> None:
        expect(page.get_by_test_id("glance")).to_have_attribute("data-situation", situation)

    return show


def _refused(page: Page) -> None:
    seed_encryption.lag_meanwhile("left")
    press("reseal", "encryption-problem")(page)


def _verified(page: Page) -> None:
    page.get_by_test_id("verify-all").click()
    expect(page.get_by_test_id("verdict")).to_contain_text("do not")


def _page(name: str, where: Where, act: Act) -> Picture:
    return Picture(f"encryption-{name}", _PATH, act, where=where, widths=_TWO, whole=True)


PICTURES = (
    Picture("encryption-new", _PATH, _stands("settled"), who=NEW, where="empty", whole=True),
    Picture("encryption-in-order", _PATH, _stands("settled"), whole=True),
    _page("left", "left", _stands("remaining")),
    _page("refused", "left", _refused),
    _page("rotating", "rotating", _stands("running")),
    _page("interrupted", "interrupted", _stands("interrupted")),
    _page("lagging", "lagging", _stands("lagging")),
    _page("years", "years", one_after_the_other(_stands("removable"), press("former-keys"))),
    _page("verified", "years", _verified),
)
