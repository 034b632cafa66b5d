"""The client stands alone: httpx, what httpx needs, the standard library."""

import subprocess
import sys
import tomllib

from tests.e2e.server import ROOT

_PROGRAM = """
import sys
ALLOWED = {"keyportal", "httpx", "httpcore", "anyio", "certifi", "idna", "h11", "typing_extensions"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        own = top == "keyportal" and name != "keyportal" and not name.startswith("keyportal.client")
        if own or top not in ALLOWED | set(sys.stdlib_module_names):
            raise ModuleNotFoundError(f"not for the client: {name}")
sys.meta_path.insert(0, Refuse())
import asyncio
from keyportal.client import AsyncKeyPortal, KeyPortal, Unavailable
try:
    KeyPortal("http://127.0.0.1:9", "kpa_x", budget_s=0.1).resolve("openai")
except Unavailable as refusal:
    print(refusal.code)
async def main():
    async with AsyncKeyPortal("https://127.0.0.1:9", "kpa_x", budget_s=0.1) as portal:
        try:
            await portal.resolve("openai")
        except Unavailable as refusal:
            print(refusal.code)
asyncio.run(main())
"""


def test_the_client_works_where_nothing_else_can_be_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (["unavailable", "unavailable"], "")


def test_an_installation_holds_the_client_and_nothing_of_the_server() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [name.partition(">")[0] for name in setup["project"]["dependencies"]] == ["httpx"]
    assert setup["tool"]["setuptools"]["packages"] == ["keyportal.client"]
    assert setup["tool"]["setuptools"]["py-modules"] == ["keyportal.__init__"]
    assert [
        f for f in (ROOT / "keyportal" / "client").iterdir() if f.is_dir() and f.name != "__pycache__"
    ] == []
