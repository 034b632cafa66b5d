"""The command line as an operator types it, in this process."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keyportal.cli.commands import app
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import access, credentials, one_time_links
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from tests.support import ENCRYPTION_KEY, OTHER_KEY

VALUE = "sk-proj-CLIcanary0123456789abcdef"


@pytest.fixture
def run(portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run a command against the test's database; nothing of the machine's own settings gets in."""
    monkeypatch.setattr(
        "keyportal.settings.os.environ",
        {
            "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "KEYPORTAL_ENV_FILE": str(tmp_path / "no.env"),
            "KEYPORTAL_DATA_DIR": str(tmp_path),
            "DATABASE_URL": portal.settings.database_url,
        },
    )

    def command(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, arguments, input=stdin)

    return command


def test_a_person_is_added_with_the_password_from_stdin(run, portal: Portal) -> None:
    done = run(
        "users",
        "add",
        "--email",
        "Dan@example.com",
        "--role",
        "member",
        "--password-stdin",
        stdin="dan has a long one\n",
    )
    assert (done.exit_code, done.stdout) == (0, "")
    assert "Dan@example.com" in done.stderr
    assert "dan has a long one" not in done.output


def test_a_password_is_never_taken_from_the_arguments(run) -> None:
    done = run("users", "add", "--email", "dan@example.com", "--role", "member")
    assert done.exit_code == 2


def test_a_taken_email_is_refused_in_one_line(run) -> None:
    done = run(
        "users",
        "add",
        "--email",
        "ALICE@example.com",
        "--role",
        "member",
        "--password-stdin",
        stdin="alice has a long one\n",
    )
    assert done.exit_code == 1
    assert done.stderr.startswith("email_taken: ")
    assert done.stderr.count("\n") == 1


def test_an_agent_key_stands_alone_on_standard_output(run, portal: Portal) -> None:
    done = run("agent-keys", "add", "--user", "alice@example.com", "--name", "Bot", "--scope", "resolve")
    assert done.exit_code == 0
    assert access.require_agent(portal, done.stdout.removesuffix("\n")).name == "Bot"


def test_resolve_prints_the_key_alone_and_counts_it(run, portal: Portal, alice: Principal) -> None:
    made = credentials.create(portal, alice, Ownership.USER, NewCredential("openai", "Mine", Secret(VALUE)))
    done = run("resolve", "OPENAI", "--user", "alice@example.com")
    assert (done.exit_code, done.stdout) == (0, VALUE + "\n")
    assert credentials.get(portal, alice, Ownership.USER, made.id).usage_count == 1


def test_explain_prints_the_chain_and_never_the_key(run, portal: Portal, alice: Principal) -> None:
    credentials.create(portal, alice, Ownership.USER, NewCredential("openai", "Mine", Secret(VALUE)))
    done = run("resolve", "openai", "--user", "alice@example.com", "--explain")
    assert done.exit_code == 0
    assert "-> user" in done.stdout
    assert "OPENAI_API_KEY" in done.stdout
    assert VALUE not in done.output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("openai", "--user", "alice@example.com"), "no_key"),
        (("nobody", "--user", "alice@example.com"), "unknown_provider"),
        (("openai", "--user", "nobody@example.com"), "forbidden"),
        (("openai", "--user", "nobody@example.com", "--explain"), "not_found"),
    ],
)
def test_a_refusal_is_one_line_with_its_code(run, arguments: tuple[str, ...], code: str) -> None:
    done = run("resolve", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{code}: ")


def test_doctor_finds_a_healthy_portal_well(run) -> None:
    done = run("doctor")
    assert done.exit_code == 0, done.output
    assert {line[:3] for line in done.stdout.splitlines()} == {"ok "}


def test_doctor_speaks_to_scripts(run) -> None:
    found = json.loads(run("doctor", "--json").stdout)
    assert {part["part"]: part["is_ok"] for part in found}["audit trail"] is True
    assert {frozenset(part) for part in found} == {frozenset({"part", "is_ok", "advice"})}


def test_doctor_says_what_to_do_about_a_wrong_key(
    run, monkeypatch: pytest.MonkeyPatch, portal: Portal
) -> None:
    import keyportal.settings

    keyportal.settings.os.environ["API_KEY_ENCRYPTION_KEY"] = OTHER_KEY
    done = run("doctor")
    assert done.exit_code == 1
    assert f"was written with {portal.keyring.current.id}" in done.stdout
    assert OTHER_KEY not in done.output


def test_doctor_finds_a_changed_audit_event(run, portal: Portal, alice: Principal) -> None:
    from sqlalchemy import text

    with portal.database.transaction() as session:
        session.connection().execute(text("UPDATE audit_events SET principal_label = 'nobody' WHERE id = 2"))
    done = run("doctor")
    assert done.exit_code == 1
    assert "Event 2 was changed" in done.stdout


def test_a_set_up_code_is_not_given_once_there_is_somebody(run) -> None:
    done = run("setup-code")
    assert (done.exit_code, done.stdout) == (1, "")


@pytest.mark.parametrize("command", [("doctor",), ("setup-code",), ("resolve", "openai", "--user", "a@b.cd")])
def test_an_unusable_setting_ends_with_78_and_without_its_value(run, command: tuple[str, ...]) -> None:
    import keyportal.settings

    keyportal.settings.os.environ["PORT"] = "CANARY"
    done = run(*command)
    assert done.exit_code == 78
    assert done.stderr.startswith("PORT: ")
    assert "CANARY" not in done.output


def test_a_locked_out_admin_gets_a_link_alone_on_standard_output(run, portal: Portal) -> None:
    done = run("users", "reset", "root@example.com")
    url = done.stdout.strip()
    assert (done.exit_code, url.startswith(f"{portal.settings.public_url}/reset#")) == (0, True)
    token = url.partition("#")[2]
    signed_in = one_time_links.reset(portal, token, Secret("root chose another password"))
    assert signed_in.principal.email == "root@example.com" and token not in done.stderr
    assert run("users", "reset", "nobody@example.com").exit_code == 1


def test_a_person_is_invited_from_the_command_line(run, portal: Portal) -> None:
    done = run("users", "invite", "carol@example.com", "--role", "admin", "--name", "Carol")
    token = done.stdout.strip().partition("#")[2]
    joined = one_time_links.join(portal, token, Secret("carol has a long password"))
    assert (joined.principal.name, joined.principal.role) == ("Carol", "admin")
