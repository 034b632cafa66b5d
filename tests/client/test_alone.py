"""The client stands alone: httpx, what httpx needs, the standard library."""

import subprocess
import sys
import tomllib

from tests.client.support import AGENT_KEY, ANSWER, API_KEY
from tests.e2e.server import ROOT
from tests.fakes.fake_provider import Answer, FakeProvider
from tests.support import clean_environment

_ALONE = """
import sys
ALLOWED = {"keyportal", "httpx", "httpcore", "anyio", "certifi", "idna", "h11", "typing_extensions"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        own = top == "keyportal" and name != "keyportal" and not name.startswith("keyportal.client")
        if own or top not in ALLOWED | set(sys.stdlib_module_names):
            raise ModuleNotFoundError(f"not for the client: {name}")
sys.meta_path.insert(0, Refuse())
"""
_CALLS = """
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
_STARTS = """
import runpy
show = "import os; print(os.environ['OPENAI_API_KEY'])"
sys.argv = ["client", "run", "--provider", "openai", "--", sys.executable, "-c", show]
runpy.run_module("keyportal.client", run_name="__main__")
"""


def alone(program: str, **variables: str) -> tuple[str, str]:
    """Run a program where nothing but the client can be imported; return what it said."""
    done = subprocess.run(
        [sys.executable, "-c", _ALONE + program],
        cwd=ROOT,
        env={**clean_environment(), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout, done.stderr


def test_the_client_works_where_nothing_else_can_be_imported() -> None:
    assert alone(_CALLS) == ("unavailable\nunavailable\n", "")


def test_a_program_is_started_where_nothing_else_can_be_imported(fake: FakeProvider) -> None:
    fake.answer_by(lambda request: Answer(200, ANSWER if request.method == "POST" else {"items": []}))
    out, _ = alone(_STARTS, KEYPORTAL_URL=fake.url, KEYPORTAL_AGENT_KEY=AGENT_KEY)
    assert out == f"{API_KEY}\n"


def test_an_installation_holds_the_client_and_nothing_of_the_server() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [name.partition(">")[0] for name in setup["project"]["dependencies"]] == ["httpx"]
    assert setup["tool"]["setuptools"]["packages"] == ["keyportal.client"]
    assert setup["tool"]["setuptools"]["py-modules"] == ["keyportal.__init__"]
    assert [
        f for f in (ROOT / "keyportal" / "client").iterdir() if f.is_dir() and f.name != "__pycache__"
    ] == []
