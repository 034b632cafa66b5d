"""`make screenshots`: photographs pages and dialogs, light and dark, wide and narrow, full, empty, refused.

A picture more is a line in `pictures/of_*.py`. A second argument takes only those whose name begins with it.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.conftest import launch_options
from tests.e2e.pictures import of_encryption, of_keys, of_pages, of_people, seed, seed_encryption
from tests.e2e.pictures.picture import Album, Picture, take
from tests.e2e.pictures.seed_keys import MODELS
from tests.e2e.server import ROOT, RunningPortal
from tests.fakes.fake_provider import FakeProvider

PICTURES = (*of_pages.PICTURES, *of_people.PICTURES, *of_keys.PICTURES, *of_encryption.PICTURES)


def main(target: Path, beginning: str = "") -> None:
    wanted = [picture for picture in PICTURES if picture.name.startswith(beginning)]
    started = time.monotonic()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, FakeProvider() as provider:
        album = _photograph(wanted, Path(folder), provider, target)
    seconds = time.monotonic() - started
    sys.stdout.write(f"{len(album.files)} pictures of {len(wanted)} views in {target}, {seconds:.0f} s\n")
    if album.problems:
        sys.exit("\n".join(["These could not be taken:", *album.problems]))


def _photograph(wanted: Sequence[Picture], folder: Path, provider: FakeProvider, target: Path) -> Album:
    album = Album(target)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        for where in dict.fromkeys(picture.where for picture in wanted):
            portal = portal_for(where, folder / where, provider)
            try:
                portal.start()
                take(browser, portal, [p for p in wanted if p.where == where], album)
            finally:
                portal.stop()
        browser.close()
    return album


def portal_for(where: str, folder: Path, provider: FakeProvider) -> RunningPortal:
    """Return a portal that is not started yet, with what belongs to this place in it."""
    folder.mkdir(exist_ok=True)
    provider.answer(200, {"object": "list", "data": [{"id": model} for model in MODELS]})
    # A fake plays whom the pictures test keys at; nobody else is asked.
    settings = {"KEYPORTAL_BASE_URL_OPENAI": f"{provider.url}/v1", "KEYPORTAL_TESTS_PER_MINUTE": "1000",
                "KEYPORTAL_BASE_URL_GROQ": f"{provider.url}/v1"}  # fmt: skip
    environment = {"OPENAI_API_KEY": "sk-proj-picture0123456789abcdef"} if where == "team" else {}
    if where in seed_encryption.PLACES:
        environment = seed_encryption.CHANGED
    portal = RunningPortal(folder, **settings, **environment)
    if where == "team":
        seed.fill(portal)
    elif where == "empty":
        seed.add_first_person(portal)
    elif where in seed_encryption.PLACES:
        seed_encryption.fill(portal, where)
    return portal


if __name__ == "__main__":
    _target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots"
    main(_target, sys.argv[2] if len(sys.argv) > 2 else "")
