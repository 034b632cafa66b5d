"""`run`: start a program with resolved keys in its environment; how that is done is the client's.

Here is what an installed client does not have: the server's own shell, which needs no agent key.
"""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from keyportal.cli.console import opened_portal, say
from keyportal.client import running
from keyportal.client.answers import Kept
from keyportal.client.child import KeyForChild
from keyportal.domain.principals import operator_principal
from keyportal.services import environment, resolution


def run(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after --.")],
    provider: Annotated[list[str], typer.Option("--provider", help="Whose key; may be given several times.")],
    user: Annotated[str | None, typer.Option("--user", help="The email of the person to act for.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="The model the key is for.")] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Ask a portal on another machine over plain http.")
    ] = False,
) -> None:
    """Start a program with resolved keys in its environment, and in no other place.

    Asks the portal at KEYPORTAL_URL with KEYPORTAL_AGENT_KEY (or KEYPORTAL_AGENT_KEY_FILE), for up to
    60 seconds a key. Where no address is set this is the server's own shell: name the person with --user.

    Exit codes: the program's own once it was started; 1 the portal refused or cannot be reached; 2 the
    command line is wrong; 78 a setting is missing or unusable; 126 the command cannot be executed; 127
    it is not found; 130 interrupted.
    """
    if os.environ.get("KEYPORTAL_URL"):
        raise typer.Exit(running.run(command, provider, user=user, model=model, allow_http=allow_http))
    if user is None:
        say("Say where the keys come from: set KEYPORTAL_URL and KEYPORTAL_AGENT_KEY, or, on the")
        say("server, name the person with --user.")
        raise typer.Exit(2)
    raise typer.Exit(running.become(command, _from_here(provider, user, model)))


def _from_here(providers: Sequence[str], user: str, model: str | None) -> list[KeyForChild]:
    keys = []
    with opened_portal() as portal:
        for one in dict.fromkeys(providers):
            r = resolution.resolve_key(portal, operator_principal(), one, user=user, model=model)
            names = environment.names_of(portal.settings, portal.providers.get(r.provider))
            keys.append(KeyForChild(r.provider, Kept(r.api_key.reveal(), r.fields), r.base_url, names))
    return keys
