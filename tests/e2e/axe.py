"""axe-core, from npm, run inside the page: what it finds wrong for people who cannot see or point."""

import functools
import os
import subprocess
import sysconfig
import tarfile
import tempfile
from pathlib import Path

from playwright.sync_api import Page

_VERSION = "4.11.0"
_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter((found) => ["serious", "critical"].includes(found.impact))
    .flatMap((found) => found.nodes.map((node) =>
        `${found.id}: ${found.help}\\n  ${node.html.slice(0, 160)}\\n  ${node.failureSummary}`))"""


def serious_findings(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical on the page as it is now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_source())
    return page.evaluate(_RUN)


@functools.cache
def _source() -> str:
    """Return the script, fetched once a run; npm compares it with the registry's checksum."""
    scripts = sysconfig.get_path("scripts")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [f"{scripts}/npm", "pack", "--silent", f"axe-core@{_VERSION}"],
            cwd=folder,
            check=True,
            timeout=120,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PATH": f"{scripts}:{os.environ.get('PATH', '')}"},
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as opened:
            found = opened.extractfile("package/axe.min.js")
            assert found is not None
            return found.read().decode()
