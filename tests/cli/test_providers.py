"""`providers` and `check` as a person types them, with no portal anywhere."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keyportal.cli.commands import app
from keyportal.cli.providers import EXIT_CODES, markdown_table
from keyportal.domain.checks import Outcome
from keyportal.services.providers_here import catalogue_facts
from keyportal.settings import ROOT
from tests.fakes.fake_provider import FakeProvider

KEY = "sk-proj-CLIcanary0123456789T3BlbkFJabcdef"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, openai: FakeProvider):
    """Run a command on a machine where nothing of KeyPortal is set up; OpenAI is the fake."""

    def command(*arguments: str, stdin: str = "", **environment: str) -> Result:
        monkeypatch.setattr(
            "keyportal.settings.os.environ",
            {
                "KEYPORTAL_ENV_FILE": str(tmp_path / "no.env"),
                "KEYPORTAL_DATA_DIR": str(tmp_path / "nothing"),
                "KEYPORTAL_BASE_URL_OPENAI": openai.url,
                **environment,
            },
        )
        return CliRunner().invoke(app, arguments, input=stdin)

    return command


def test_the_list_names_every_provider_once(run) -> None:
    done = run("providers", "list")
    ids = [line.split()[0] for line in done.stdout.splitlines()]
    assert (done.exit_code, sorted(ids)) == (0, sorted(facts.id for facts in catalogue_facts()))


def test_one_provider_is_shown_with_all_a_person_needs(run) -> None:
    shown = run("providers", "show", "AWS_transcribe").stdout
    for words in ("AWS_SECRET_ACCESS_KEY", "field access_key_id", "field region", "amazonaws.com", "IAM"):
        assert words in shown


def test_an_unknown_provider_is_one_line_and_a_refusal(run) -> None:
    done = run("providers", "show", "nobody")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_key_from_a_pipe_is_tested(run, openai: FakeProvider) -> None:
    done = run("check", "openai", "--stdin", stdin=f"{KEY}\n")
    assert (done.exit_code, "valid: OpenAI accepts this key" in done.stdout) == (0, True)
    assert "models: gpt-4o" in done.stdout
    assert openai.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in done.output


def test_a_key_of_the_environment_is_tested_and_its_variable_named(run, openai: FakeProvider) -> None:
    done = run("check", "OPENAI", "--from-env", OPENAI_API_KEY=KEY)
    assert (done.exit_code, "OPENAI_API_KEY" in done.stderr) == (0, True)
    assert openai.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("value", ["", "your-key-here"])
def test_without_a_key_every_variable_asked_is_named(run, openai: FakeProvider, value: str) -> None:
    done = run("check", "openai", "--from-env", OPENAI_API_KEY=value)
    assert (done.exit_code, openai.hits) == (1, 0)
    assert "OPENAI_API_KEY" in done.stderr


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (401, {"error": {"code": "invalid_api_key"}}, Outcome.INVALID),
        (403, {}, Outcome.VALID_LIMITED),
        (429, {"error": {"code": "insufficient_quota"}}, Outcome.QUOTA_EXHAUSTED),
        (429, {}, Outcome.RATE_LIMITED),
        (500, {}, Outcome.PROVIDER_ERROR),
        (418, {}, Outcome.UNCHECKED),
        (301, {}, Outcome.REGION_OR_ENDPOINT_MISMATCH),
    ],
)
def test_the_exit_code_says_the_outcome(
    run, openai: FakeProvider, status: int, body: object, outcome: Outcome
) -> None:
    openai.answer(status, body)
    done = run("check", "openai", "--stdin", stdin=KEY)
    assert done.exit_code == EXIT_CODES[outcome]
    assert done.stdout.startswith(f"{outcome}: ")


def test_no_answer_has_its_exit_code_too(run, openai: FakeProvider) -> None:
    openai.drop()
    assert run("check", "openai", "--stdin", stdin=KEY).exit_code == EXIT_CODES[Outcome.UNREACHABLE]


def test_every_outcome_has_one_exit_code_that_nothing_else_uses() -> None:
    assert set(EXIT_CODES) == set(Outcome)
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert not set(EXIT_CODES.values()) & {1, 2, 78}


def test_fields_and_a_model_can_be_given(run, openai: FakeProvider) -> None:
    openai.answer(200, {"data": [{"id": "gpt-4o"}], "choices": [{"message": {"content": "Hi"}}]})
    given = ("--field", "project=proj_1", "--model", "gpt-4o-mini")
    done = run("check", "openai", "--stdin", *given, stdin=KEY)
    assert "It may use gpt-4o-mini." in done.stdout
    assert openai.requests[1].headers["openai-project"] == "proj_1"
    assert json.loads(openai.requests[1].body)["model"] == "gpt-4o-mini"


def test_a_secret_field_is_not_taken_from_the_arguments(run) -> None:
    done = run(
        "check", "aws_transcribe", "--stdin", "--field", "session_token=hunter2hunter2", stdin="s" * 40
    )
    assert (done.exit_code, "AWS_SESSION_TOKEN" in done.stderr) == (1, True)
    assert "hunter2" not in done.output


@pytest.mark.parametrize("arguments", [(), ("--stdin", "--from-env"), ("--stdin", "--field", "project")])
def test_a_wrong_command_line_sends_nothing(run, openai: FakeProvider, arguments: tuple[str, ...]) -> None:
    done = run("check", "openai", *arguments, stdin=KEY)
    assert (done.exit_code, openai.hits, KEY in done.output) == (2, 0, False)


def test_a_document_with_line_breaks_comes_through_a_pipe(run) -> None:
    document = json.dumps({"type": "service_account"}, indent=2)
    done = run("check", "google_speech", "--stdin", stdin=document)
    assert done.exit_code == EXIT_CODES[Outcome.UNCHECKED]
    assert "not a service-account document" in done.stdout


def test_the_readme_holds_the_table_of_the_catalogue() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    begin, end = "<!-- providers list --markdown -->\n", "\n<!-- end of the table -->"
    assert begin in readme and end in readme
    assert readme.split(begin)[1].split(end)[0].strip() == markdown_table(catalogue_facts())
