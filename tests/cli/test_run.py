"""`run` as an operator and a program's start script use it: whose environment gets what, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyportal.cli.commands import app
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, credentials, provider_edits
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from tests.client.support import AGENT_KEY, ANSWER, refused, served
from tests.e2e.server import ROOT
from tests.fakes.fake_provider import Answer, FakeProvider, Received
from tests.support import ENCRYPTION_KEY, clean_environment

VALUE = "sk-proj-RUNcanary0123456789abcdef"
SHOW = "import json, os; print(json.dumps(dict(os.environ)))"
Run = Callable[..., subprocess.CompletedProcess[str]]
PortalSays = Callable[[str, list[str]], Run]


@pytest.fixture
def key(portal: Portal, alice: Principal) -> str:
    """A key of Alice; returns its id."""
    return credentials.create(
        portal, alice, Ownership.USER, NewCredential("openai", "Mine", Secret(VALUE))
    ).id


@pytest.fixture
def here(portal: Portal, tmp_path: Path) -> Run:
    """Run on the server's own shell."""
    own = {
        "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "KEYPORTAL_ENV_FILE": str(tmp_path / "no.env"),
        "KEYPORTAL_DATA_DIR": str(tmp_path),
        "DATABASE_URL": portal.settings.database_url,
        "REDIS_URL": "",
        "KEYPORTAL_BASE_URL_OPENAI": portal.settings.base_url_overrides["openai"],
    }
    return lambda *arguments, **more: _run(own, *arguments, **more)


@pytest.fixture
def afar(portal: Portal, alice: Principal) -> Iterator[Run]:
    """Run on another machine, with an agent key of Alice."""
    token = agent_keys.create(portal, alice, NewAgentKey("runner", [Scope.RESOLVE])).token.reveal()
    with served(portal) as url:
        own = {"KEYPORTAL_URL": url, "KEYPORTAL_AGENT_KEY": token}
        yield lambda *arguments, **more: _run(own, *arguments, **more)


@pytest.fixture
def played() -> Iterator[Run]:
    """Run against a server that plays the portal: what becomes of the program needs no database."""

    def choose(request: Received) -> Answer:
        return Answer(200, ANSWER if request.method == "POST" else {"items": []})

    with FakeProvider() as fake:
        fake.answer_by(choose)
        own = {"KEYPORTAL_URL": fake.url, "KEYPORTAL_AGENT_KEY": AGENT_KEY}
        yield lambda *arguments, **more: _run(own, *arguments, **more)


@pytest.fixture
def portal_says() -> Iterator[PortalSays]:
    """Run against what answers for any provider with one, and with variables of its own choice for that."""
    with FakeProvider() as fake:

        def run_with(provider: str, names: list[str]) -> Run:
            listed = {"items": [{"id": provider, "environment_names": names}]}
            fake.answer_by(
                lambda request: Answer(
                    200, {**ANSWER, "provider": provider} if request.method == "POST" else listed
                )
            )
            own = {"KEYPORTAL_URL": fake.url, "KEYPORTAL_AGENT_KEY": AGENT_KEY}
            return lambda *arguments, **more: _run(own, *arguments, **more)

        yield run_with


def _run(
    own: dict[str, str], *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "keyportal", "run", *arguments],
        cwd=ROOT,
        env={**clean_environment(), **own, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Said or not according to how busy the machine is; tests/client/test_running.py has it.
    done.stderr = re.sub(r"^Waiting for the portal, until .*\n", "", done.stderr, flags=re.MULTILINE)
    return done


def used(portal: Portal, alice: Principal, credential_id: str) -> int:
    return credentials.get(portal, alice, Ownership.USER, credential_id).usage_count


def test_a_program_afar_gets_the_key_and_nothing_of_the_portal(
    afar: Run, portal: Portal, alice: Principal, key: str
) -> None:
    stale = {"OPENAI_ORG_ID": "org-stale", "OPENAI_API_KEY": "sk-stale", "OTHER": "stays"}
    done = afar("--provider", "OPENAI", "--", sys.executable, "-c", SHOW, environment=stale)
    assert (done.returncode, done.stderr) == (0, "")
    child = json.loads(done.stdout)
    assert (child["OPENAI_API_KEY"], child["OTHER"]) == (VALUE, "stays")
    assert child["OPENAI_BASE_URL"] == portal.settings.base_url_overrides["openai"]
    assert [name for name in child if name.startswith("KEYPORTAL_") or name == "OPENAI_ORG_ID"] == []
    assert used(portal, alice, key) == 1


def test_a_program_on_the_server_gets_the_key_and_nothing_of_the_portal(here: Run, key: str) -> None:
    done = here("--provider", "openai", "--user", "alice@example.com", sys.executable, "-c", SHOW)
    assert (done.returncode, done.stderr) == (0, "")
    child = json.loads(done.stdout)
    assert child["OPENAI_API_KEY"] == VALUE
    own = ("API_KEY_ENCRYPTION_KEY", "KEYPORTAL_", "DATABASE_URL", "REDIS_URL")
    assert [name for name in child if name.startswith(own)] == []
    assert ENCRYPTION_KEY not in done.stdout


def test_an_added_provider_is_handed_over_in_its_own_variable(
    afar: Run, portal: Portal, root: Principal, alice: Principal
) -> None:
    new = provider_edits.NewProvider("Lab", "http://127.0.0.1:9/v1", environment_names=("LAB_API_KEY",))
    made = provider_edits.add_custom(portal, root, new)
    credentials.create(portal, alice, Ownership.USER, NewCredential(made.id, "Lab", Secret(VALUE)))
    done = afar("--provider", made.id, "--", sys.executable, "-c", SHOW)
    assert json.loads(done.stdout)["LAB_API_KEY"] == VALUE


def test_a_hostile_portal_sets_and_takes_away_no_variable_but_the_keys(portal_says: PortalSays) -> None:
    parent = {"BASH_ENV": "mine", "ANTHROPIC_API_KEY": "mine"}
    hostile = ["LD_PRELOAD", "BASH_ENV", "PATH", "ANTHROPIC_API_KEY", "LAB_API_KEY"]
    for asked, variable in (("openai", "OPENAI_API_KEY"), ("lab", "LAB_API_KEY")):
        run = portal_says(asked, hostile)
        done = run("--provider", asked, "--", sys.executable, "-c", SHOW, environment=parent)
        assert (done.returncode, done.stderr) == (0, "")
        child = json.loads(done.stdout)
        assert [name for name, value in child.items() if value == ANSWER["api_key"]] == [variable]
        assert {**child, **parent, "PATH": os.environ["PATH"]} == child


@pytest.mark.parametrize("answered", ["lab", "anthropic"])
def test_a_key_of_another_provider_than_the_one_asked_for_starts_nothing(
    portal_says: PortalSays, answered: str
) -> None:
    done = portal_says(answered, ["LAB_API_KEY"])("--provider", "openai", "--", "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bad_answer: ") and ANSWER["api_key"] not in done.stderr


def test_a_provider_with_other_peoples_variables_only_starts_nothing(portal_says: PortalSays) -> None:
    done = portal_says("lab", ["LD_PRELOAD", "BASH_ENV", "PATH"])(
        "--provider", "lab", "--", "echo", "started"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "_API_KEY" in done.stderr and "LD_PRELOAD" not in done.stderr


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_programs_own(played: Run, code: int) -> None:
    done = played("--provider", "openai", "--", sys.executable, "-c", f"raise SystemExit({code})")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_signal_ends_the_program_itself(played: Run) -> None:
    done = played("--provider", "openai", "--", "sh", "-c", "kill -TERM $$")
    assert done.returncode == -signal.SIGTERM


def test_a_closed_pipe_ends_the_program_as_in_a_shell(played: Run) -> None:
    done = played("--provider", "openai", "--", "sh", "-c", "yes | head -n 1; kill -PIPE $$")
    assert (done.returncode, done.stdout) == (-signal.SIGPIPE, "y\n")


def test_options_after_the_command_belong_to_the_command(played: Run) -> None:
    done = played("--provider", "openai", "echo", "--provider", "--help", "-n")
    assert (done.returncode, done.stdout) == (0, "--provider --help -n\n")


def test_a_command_that_is_not_there_ends_with_127(played: Run) -> None:
    done = played("--provider", "openai", "--", "no-such-command-anywhere")
    assert (done.returncode, done.stdout) == (127, "")
    assert "not found" in done.stderr and ANSWER["api_key"] not in done.stderr


def test_a_command_that_may_not_be_run_ends_with_126(played: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a program")
    for command in (tmp_path / "notes.txt", tmp_path):
        done = played("--provider", "openai", "--", str(command))
        assert (done.returncode, done.stdout) == (126, "")
        assert "cannot be executed" in done.stderr and ANSWER["api_key"] not in done.stderr


class Started(Exception):
    """The command was about to be executed."""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type the command in this process, which must not be given away."""

    def type_in(own: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        for name in ("KEYPORTAL_URL", "KEYPORTAL_AGENT_KEY", "KEYPORTAL_AGENT_KEY_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in own.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(app, ["run", *arguments])
        return subprocess.CompletedProcess([], done.exit_code, done.stdout, done.stderr)

    def refuse(*_: object) -> None:
        raise Started

    monkeypatch.setattr("keyportal.cli.run.os.execvpe", refuse)
    return type_in


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "no_key"), (404, "unknown_provider"), (403, "forbidden"), (401, "agent_key_expired")],
)
def test_a_refusal_afar_is_one_line_and_starts_nothing(typed: Run, status: int, code: str) -> None:
    with FakeProvider() as fake:
        fake.answer(status, refused(code, "What to do next."))
        own = {"KEYPORTAL_URL": fake.url, "KEYPORTAL_AGENT_KEY": AGENT_KEY}
        done = typed(own, "--provider", "openai", "--", "true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{code}: What to do next.\n"


def test_a_refusal_on_the_server_is_one_line_and_starts_nothing(here: Run) -> None:
    done = here("--provider", "anthropic", "--user", "alice@example.com", "--", "echo", "started")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no_key: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("own", "code", "says"),
    [
        ({}, 2, "KEYPORTAL_URL"),
        ({"KEYPORTAL_URL": "https://keys.example.com"}, 78, "KEYPORTAL_AGENT_KEY"),
        ({"KEYPORTAL_URL": "http://10.0.0.5", "KEYPORTAL_AGENT_KEY": "kpa_CANARY"}, 78, "--allow-http"),
        ({"KEYPORTAL_URL": "https://keys.example.com", "KEYPORTAL_AGENT_KEY": "CAN\tARY"}, 78, "Copy it"),
    ],
    ids=["nothing", "no key", "plain http", "broken key"],
)
def test_what_is_missing_is_said(typed: Run, own: dict[str, str], code: int, says: str) -> None:
    done = typed(own, "--provider", "openai", "--", "true")
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr and "ARY" not in done.stderr


@pytest.mark.parametrize("arguments", [("--", "true"), ("--provider", "openai")])
def test_a_command_line_without_provider_or_command_is_wrong(typed: Run, arguments: tuple[str, ...]) -> None:
    assert typed({}, *arguments).returncode == 2
