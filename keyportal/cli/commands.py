"""The commands of `python -m keyportal`."""

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from keyportal.cli import audit, backups, encryption_key, providers
from keyportal.cli.console import EXIT_REFUSED, opened_portal, refusals_as_exit_codes, say
from keyportal.cli.run import run
from keyportal.cli.serve import serve
from keyportal.cli.serve_api import serve_api
from keyportal.domain.principals import Role, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, doctor, one_time_links, overview, resolution, sign_in, users
from keyportal.services.overview import ChainView
from keyportal.settings import load_settings

app = typer.Typer(
    help="KeyPortal: a team's API keys in one place.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
users_app = typer.Typer(help="People.", no_args_is_help=True)
agent_keys_app = typer.Typer(help="Keys for programs.", no_args_is_help=True)
app.add_typer(users_app, name="users")
app.add_typer(agent_keys_app, name="agent-keys")
app.add_typer(providers.app, name="providers")
app.add_typer(encryption_key.app, name="encryption-key")
app.add_typer(audit.app, name="audit")
app.command()(serve)
app.command()(serve_api)
app.command()(providers.check)
app.command()(backups.backup)
app.command()(backups.verify)
app.command()(backups.restore)
# Whatever follows the program's name is the program's own.
app.command(context_settings={"allow_interspersed_args": False})(run)

User = Annotated[str, typer.Option("--user", help="The person's email.")]


@users_app.command("add")
def add_user(
    email: Annotated[str, typer.Option(help="The email to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")],
    name: Annotated[str, typer.Option(help="The name shown.")] = "",
) -> None:
    """Add a person who can sign in at once."""
    if not password_stdin:
        say("Give the password on standard input, with --password-stdin.")
        raise typer.Exit(2)
    password = Secret(sys.stdin.readline().rstrip("\r\n"))
    with opened_portal() as portal:
        user = users.add_user(portal, operator_principal(), users.NewUser(email, password, role, name))
    say(f"{user.email} can sign in as {user.role}.")


@users_app.command("invite")
def invite_user(
    email: Annotated[str, typer.Argument(help="The email to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.MEMBER,
    name: Annotated[str, typer.Option(help="The name shown.")] = "",
) -> None:
    """Invite a person; the link is printed once, alone on standard output."""
    with opened_portal() as portal:
        invitation = one_time_links.Invitation(email, role, name)
        _print_link(one_time_links.invite(portal, operator_principal(), invitation))


@users_app.command("reset")
def reset_user(email: Annotated[str, typer.Argument(help="The person's email.")]) -> None:
    """Print a link to choose another password: for an admin who is locked out."""
    with opened_portal() as portal:
        _print_link(one_time_links.new_link_for_email(portal, operator_principal(), email))


@agent_keys_app.command("add")
def add_agent_key(
    user: User,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="May be given several times.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Lifetime; by default as the policy says.")] = None,
) -> None:
    """Create an agent key; its value is printed once, alone on standard output."""
    lifetime = timedelta(days=days) if days is not None else None
    new = agent_keys.NewAgentKey(name, scope or [Scope.RESOLVE], lifetime, for_email=user)
    with opened_portal() as portal:
        issued = agent_keys.create(portal, operator_principal(), new)
    say(f"{issued.view.name} expires {issued.view.expires_at:%d %b %Y}. This value is not shown again:")
    print(issued.token.reveal())


@app.command()
def resolve(
    provider: Annotated[str, typer.Argument(help="The provider's id, such as openai.")],
    user: User,
    explain: Annotated[bool, typer.Option("--explain", help="Print the chain, never the key.")] = False,
) -> None:
    """Print the API key to use for a provider, alone on standard output."""
    with opened_portal() as portal:
        if explain:
            _print_chain(overview.explain(portal, operator_principal(), provider, user))
            return
        found = resolution.resolve_key(portal, operator_principal(), provider, user=user)
    name = found.credential.name if found.credential else "environment variable"
    say(f"{found.provider} from {found.source}: {name}")
    print(found.api_key.reveal())


@app.command("doctor")
def examine(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say in plain words what is well and what is not. Changes nothing."""
    with refusals_as_exit_codes():
        findings = doctor.examine(load_settings())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
    for finding in () if as_json else findings:
        print(f"{'ok ' if finding.is_ok else 'BAD'}  {finding.part}: {finding.advice}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(EXIT_REFUSED)


@app.command("setup-code")
def setup_code() -> None:
    """Print a new one-time code for making the first admin; the one before ends."""
    with opened_portal() as portal:
        print(sign_in.new_setup_code_for(portal).reveal())


def _print_link(link: one_time_links.IssuedLink) -> None:
    say(f"For {link.user.email}, once, until {link.expires_at:%d %b %Y, %H:%M} UTC:")
    print(link.url.reveal())


def _print_chain(chain: ChainView) -> None:
    print(f"{chain.provider}: {chain.reason}")
    for step in chain.steps:
        arrow = "->" if step.verdict == "used" else "  "
        print(f" {arrow} {step.source:<12} {step.name} {step.mask} ({step.situation}, {step.verdict})")
    if chain.more:
        print(f"    and {chain.more:,} more")
