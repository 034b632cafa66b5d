"""`python -m keyportal.client run`, in this process up to where it would become the program."""

import os
import re
import threading
from collections.abc import Callable

import pytest

from keyportal.client import running
from keyportal.client.__main__ import main
from tests.client.support import AGENT_KEY, ANSWER, API_KEY, refused
from tests.fakes.fake_provider import Answer, FakeProvider, Received

NAMES = ("KEYPORTAL_URL", "KEYPORTAL_AGENT_KEY", "KEYPORTAL_AGENT_KEY_FILE")


class Became(Exception):
    """The command was about to be executed."""


class Typed:
    """What was typed came to this: the program and its environment, where it was started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("KEYPORTAL_AGENT_KEY", AGENT_KEY)
        monkeypatch.setattr(os, "execvpe", self._become)
        # However busy the machine is.
        monkeypatch.setattr(running, "_SILENT_S", 3600.0)
        # What pytest needs of its process stays as it is.
        monkeypatch.setattr(running.signal, "signal", lambda *_: None)

    def __call__(self, *arguments: str) -> int | None:
        try:
            return main(["run", *arguments])
        except Became:
            return None

    def _become(self, _: str, command: list[str], environment: dict[str, str]) -> None:
        self.command, self.environment = command, environment
        raise Became


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    return Typed(monkeypatch)


@pytest.fixture
def answering(fake: FakeProvider, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    """A server that plays the portal, which the environment of what is typed names."""
    fake.answer_by(lambda request: Answer(200, ANSWER if request.method == "POST" else {"items": []}))
    monkeypatch.setenv("KEYPORTAL_URL", fake.url)
    return fake


@pytest.mark.usefixtures("answering")
def test_the_program_gets_the_key_and_nothing_of_the_portal(
    typed: Typed, capfd: pytest.CaptureFixture[str]
) -> None:
    assert typed("--provider", "openai", "--", "agent", "--provider", "x") is None
    assert typed.command == ["agent", "--provider", "x"]
    assert typed.environment["OPENAI_API_KEY"] == API_KEY
    assert [name for name in typed.environment if name.startswith("KEYPORTAL_")] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("answering")
@pytest.mark.parametrize(
    "before", [[], ["--"], ["--model", "gpt-4o", "--user=alice@example.com", "--allow-http"]], ids=len
)
def test_what_follows_the_programs_name_is_its_own(typed: Typed, before: list[str]) -> None:
    assert typed("--provider=openai", *before, "agent", "--help", "-n") is None
    assert typed.command == ["agent", "--help", "-n"]


def test_who_and_what_for_are_told_to_the_portal(typed: Typed, answering: FakeProvider) -> None:
    typed("--provider", "openai", "--model", "gpt-4o", "--user", "bob@example.com", "agent")
    asked = answering.requests[-1].path.encode() + answering.requests[-1].body
    assert b"gpt-4o" in asked and b"bob@example.com" in asked


@pytest.mark.parametrize(
    "arguments",
    [[], ["agent"], ["--provider", "openai"], ["--provider"], ["--nothing", "agent"]],
    ids=["nothing", "no provider", "no program", "no value", "unknown"],
)
def test_a_wrong_command_line_ends_with_2(
    typed: Typed, arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert typed(*arguments) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.endswith("--help shows how it is used.\n")


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["run", "--provider", "x", "-h", "y"]])
def test_help_names_every_exit_code(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    words = capfd.readouterr().out.split()
    assert {"1", "2", "78", "126", "127", "130"} <= set(words)


def test_another_command_than_run_is_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["serve"]) == main([]) == 2
    assert "run" in capfd.readouterr().err


def test_a_setting_that_is_missing_ends_with_78(typed: Typed, capfd: pytest.CaptureFixture[str]) -> None:
    assert typed("--provider", "openai", "agent") == 78
    assert "KEYPORTAL_URL" in capfd.readouterr().err


def test_a_refusal_is_one_line_and_ends_with_1(
    typed: Typed, answering: FakeProvider, capfd: pytest.CaptureFixture[str]
) -> None:
    answering.answer_by(lambda _: Answer(404, refused("no_key", "Add one.")))
    assert typed("--provider", "openai", "agent") == 1
    assert capfd.readouterr() == ("", "no_key: Add one.\n")


def test_a_portal_that_is_down_is_waited_for_aloud_and_ends_with_the_plain_reason(
    typed: Typed,
    answering: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    pauses: list[float],
) -> None:
    told = threading.Event()

    def choose(_: Received) -> Answer:
        # No answer before the wait was told of: with it, the budget is over.
        assert told.wait(30)
        return Answer(503, refused("storage_unavailable"), (("Retry-After", "3600"),))

    def say(text: str, speak: Callable[[str], None] = running.say) -> None:
        speak(text)
        told.set()

    answering.answer_by(choose)
    monkeypatch.setattr(running, "_SILENT_S", 0.0)
    monkeypatch.setattr(running, "say", say)
    assert typed("--provider", "openai", "agent") == 1
    waiting, reason = capfd.readouterr().err.splitlines()
    assert re.fullmatch(r"Waiting for the portal, until \d\d:\d\d:\d\d \S+ at the latest\.", waiting)
    assert reason == "storage_unavailable: The portal has a problem of its own. Try again in a moment."
    assert pauses == []


def test_a_portal_nobody_reaches_ends_with_1(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "BUDGET_S", 0.1)
    monkeypatch.setenv("KEYPORTAL_URL", "http://127.0.0.1:9")
    assert typed("--provider", "openai", "agent") == 1
    said = capfd.readouterr().err
    assert said == "unavailable: The portal cannot be reached. Check its address, and whether it runs.\n"


def test_an_interrupted_wait_ends_quietly_with_130(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "resolved_keys", interrupt)
    assert typed("--provider", "openai", "agent") == 130
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("answering")
def test_no_thread_is_left_where_the_program_is_started(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, left = set(threading.enumerate()), []
    monkeypatch.setattr(
        os, "execvpe", lambda *_: left.extend(t for t in threading.enumerate() if type(t) is threading.Timer)
    )
    typed("--provider", "openai", "agent")
    assert [t for t in left if t not in before] == []
