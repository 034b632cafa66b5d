"""One browser for all journeys: the system's Chromium, or else Playwright's own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.server import RunningPortal
from tests.fakes.fake_provider import FakeProvider

# A machine that is busy with other tests takes its time; what is there is found at once all the same.
expect.set_options(timeout=15_000)


def launch_options() -> dict[str, object]:
    """Return how to start Chromium on this machine."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    return {"args": quiet, **({"executable_path": found} if found else {})}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**launch_options())  # type: ignore[arg-type]
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as server:
        yield server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, provider: FakeProvider) -> Iterator[RunningPortal]:
    folder: Path = tmp_path_factory.mktemp("portal")
    portal = RunningPortal(folder, KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1").start()
    yield portal
    portal.stop()


@pytest.fixture
def page(browser: Browser, running: RunningPortal) -> Iterator[Page]:
    """A fresh person's tab; a script error or a policy violation on the page fails the test."""
    context = browser.new_context(base_url=running.url, viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
    yield opened
    context.close()
    assert not errors
