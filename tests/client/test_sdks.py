"""The examples as they stand, run for real: portal, official SDK, and a server that plays the provider."""

import asyncio
import importlib.util
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import anthropic
import openai as openai_sdk
import pytest
from sqlalchemy import text

from keyportal.client import AsyncKeyPortal, KeyPortal
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, credentials
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from tests.client.support import AGENT_KEY, refused, served
from tests.conftest import MakePortal, person
from tests.e2e.server import ROOT
from tests.fakes.fake_provider import FakeProvider

OPENAI_KEY = "sk-proj-SDKcanary0123456789abcdef"
ANTHROPIC_KEY = "sk-ant-api03-SDKcanary0123456789abcdef"
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello there."}}
    ],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Hello there."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
ONCE = {"x-should-retry": "false"}


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as server:
        yield server


@pytest.fixture
def portal(make_portal: MakePortal, provider: FakeProvider) -> Portal:
    portal = make_portal(
        KEYPORTAL_BASE_URL_OPENAI=f"{provider.url}/v1", KEYPORTAL_BASE_URL_ANTHROPIC=provider.url
    )
    alice = person(portal, "alice")
    for provider_id, value in (("openai", OPENAI_KEY), ("anthropic", ANTHROPIC_KEY)):
        new = NewCredential(provider_id, provider_id, Secret(value))
        credentials.create(portal, alice, Ownership.USER, new)
    return portal


@pytest.fixture
def asked(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A served portal, which programs find through their environment."""
    alice = person(portal, "alice")
    token = agent_keys.create(portal, alice, NewAgentKey("program", [Scope.RESOLVE])).token.reveal()
    with served(portal) as url:
        monkeypatch.setenv("KEYPORTAL_URL", url)
        monkeypatch.setenv("KEYPORTAL_AGENT_KEY", token)
        # What an SDK would fall back to must not be what makes the test pass.
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        yield


def counted(portal: Portal) -> dict[str, int]:
    """Return what was resolved and reported, over all keys."""
    names = ("count", "ok", "auth_failed", "rate_limited", "quota_exhausted", "error")
    columns = ", ".join(f"SUM({name})" for name in names)
    with portal.database.reading() as session:
        row = session.connection().execute(text(f"SELECT {columns} FROM usage_days")).one()
    return {name: int(value) for name, value in zip(names, row, strict=True) if value}


def ask_openai() -> str:
    with KeyPortal() as portal:
        return example("openai_sdk").ask(portal, "Say hello.")


def ask_anthropic() -> str:
    async def ask() -> str:
        async with AsyncKeyPortal() as portal:
            return await example("anthropic_sdk").ask(portal, "Say hello.")

    return asyncio.run(ask())


@pytest.mark.usefixtures("asked")
def test_the_openai_sdk_gets_its_key_and_reports_ok(portal: Portal, provider: FakeProvider) -> None:
    provider.answer(200, CHAT)
    assert ask_openai() == "Hello there."
    [request] = provider.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {OPENAI_KEY}"
    assert counted(portal) == {"count": 1, "ok": 1}


@pytest.mark.usefixtures("asked")
def test_the_anthropic_sdk_gets_its_key_and_reports_ok(portal: Portal, provider: FakeProvider) -> None:
    provider.answer(200, MESSAGE)
    assert ask_anthropic() == "Hello there."
    [request] = provider.requests
    assert (request.method, request.path) == ("POST", "/v1/messages")
    # In which header is the SDK's own affair.
    assert any(value.endswith(ANTHROPIC_KEY) for value in request.headers.values())
    assert counted(portal) == {"count": 1, "ok": 1}


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (401, "invalid_api_key", "auth_failed"),
        (403, "unsupported_country", "auth_failed"),
        (429, "rate_limit_exceeded", "rate_limited"),
        (429, "insufficient_quota", "quota_exhausted"),
        (500, "server_error", "error"),
    ],
)
def test_what_the_openai_sdk_raises_is_reported(
    portal: Portal, provider: FakeProvider, status: int, code: str, outcome: str
) -> None:
    provider.answer(status, {"error": {"message": "No.", "type": code, "code": code}}, ONCE)
    with pytest.raises(openai_sdk.APIStatusError):
        ask_openai()
    assert counted(portal) == {"count": 1, outcome: 1}


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (401, "authentication_error", "auth_failed"),
        (402, "billing_error", "quota_exhausted"),
        (429, "rate_limit_error", "rate_limited"),
        (529, "overloaded_error", "error"),
    ],
)
def test_what_the_anthropic_sdk_raises_is_reported(
    portal: Portal, provider: FakeProvider, status: int, kind: str, outcome: str
) -> None:
    provider.answer(status, {"type": "error", "error": {"type": kind, "message": "No."}}, ONCE)
    with pytest.raises(anthropic.APIStatusError):
        ask_anthropic()
    assert counted(portal) == {"count": 1, outcome: 1}


def run_main(name: str) -> None:
    done: Any = example(name).main()
    if done is not None:
        asyncio.run(done)


@pytest.mark.usefixtures("asked")
def test_the_same_report_twice_counts_once(portal: Portal) -> None:
    with KeyPortal() as client:
        key = client.resolve("openai")
        client.report(key, "rate_limited", 429)
        client.report(key, "rate_limited", 429)
    assert counted(portal) == {"count": 1, "rate_limited": 1}


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("name", ["openai_sdk", "anthropic_sdk"])
def test_an_example_runs_as_a_program(
    provider: FakeProvider, capsys: pytest.CaptureFixture[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answer(200, CHAT if name == "openai_sdk" else MESSAGE)
    monkeypatch.setattr("sys.argv", [name, "Say", "hello."])
    run_main(name)
    assert capsys.readouterr().out == "Hello there.\n"
    assert b"Say hello." in provider.requests[0].body


@pytest.mark.parametrize("name", ["openai_sdk", "anthropic_sdk"])
def test_an_example_without_a_key_says_what_to_do_and_ends(
    fake: FakeProvider, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answer(404, refused("no_key", "Add one on the API keys page."))
    monkeypatch.setenv("KEYPORTAL_URL", fake.url)
    monkeypatch.setenv("KEYPORTAL_AGENT_KEY", AGENT_KEY)
    monkeypatch.setattr("sys.argv", [name])
    with pytest.raises(SystemExit) as ended:
        run_main(name)
    assert ended.value.code == "no_key: Add one on the API keys page."


@pytest.mark.parametrize("name", ["openai_sdk", "anthropic_sdk"])
def test_an_example_says_how_it_is_installed_and_set_up(name: str) -> None:
    words = example(name).__doc__ or ""
    for said in (
        "pip install ",
        "KEYPORTAL_URL=",
        "KEYPORTAL_AGENT_KEY=",
        f"python examples/{name}.py",
        "Prints",
    ):
        assert said in words
