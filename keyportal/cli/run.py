"""`run`: resolve keys, put them into the environment of one program, and become that program.

No value is printed, written to a file or kept: after the exec there is nothing of this process left.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from keyportal.cli.console import EXIT_REFUSED, EXIT_SETTING, opened_portal, refusals_as_exit_codes, say
from keyportal.client import ClientError, KeyPortal, NotConfigured
from keyportal.domain.principals import operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import environment, resolution
from keyportal.services.child_environment import KeyForChild, child_environment, names_that_may_be_given

# What shells and env(1) say of a command they cannot start.
EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND = 126, 127


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

    Asks the portal at KEYPORTAL_URL with KEYPORTAL_AGENT_KEY (or KEYPORTAL_AGENT_KEY_FILE). Where no
    address is set this is the server's own shell: name the person with --user.
    """
    if os.environ.get("KEYPORTAL_URL"):
        keys = _from_afar(provider, user, model, allow_http=allow_http)
    elif user is not None:
        keys = _from_here(provider, user, model)
    else:
        say("Say where the keys come from: set KEYPORTAL_URL and KEYPORTAL_AGENT_KEY, or, on the")
        say("server, name the person with --user.")
        raise typer.Exit(2)
    with refusals_as_exit_codes():
        child = child_environment(os.environ, keys)
    _become(command, child)


def _from_afar(
    providers: Sequence[str], user: str | None, model: str | None, *, allow_http: bool
) -> list[KeyForChild]:
    try:
        with KeyPortal(allow_http=allow_http) as portal:
            names = portal.environment_names()
            found = [portal.resolve(one, user=user, model=model) for one in dict.fromkeys(providers)]
    except NotConfigured as problem:
        say(problem.message)
        raise typer.Exit(EXIT_SETTING) from None
    except ClientError as problem:
        say(str(problem))
        raise typer.Exit(EXIT_REFUSED) from None
    return [
        KeyForChild(
            r.provider,
            Secret(r.api_key),
            r.fields,
            r.base_url,
            names_that_may_be_given(names.get(r.provider, ())),
        )
        for r in found
    ]


def _from_here(providers: Sequence[str], user: str, model: str | None) -> list[KeyForChild]:
    keys = []
    with opened_portal() as portal:
        for one in dict.fromkeys(providers):
            r = resolution.resolve_key(portal, operator_principal(), one, user=user, model=model)
            names = environment.names_of(portal.settings, portal.providers.get(r.provider))
            keys.append(KeyForChild(r.provider, r.api_key, r.fields, r.base_url, names))
    return keys


def _become(command: Sequence[str], child: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these two, and what is ignored stays ignored across an exec: pipes would never end.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), child)
    except FileNotFoundError:
        say("This command is not found. Check its name and PATH.")
        code = EXIT_NOT_FOUND
    except (OSError, ValueError):
        say("This command cannot be executed. Check that it is a program and that you may run it.")
        code = EXIT_NOT_EXECUTABLE
    raise typer.Exit(code)
