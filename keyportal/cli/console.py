"""How the command line opens a portal, speaks, and ends: one line per problem, never a value."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from keyportal.domain.errors import KeyPortalError, UnusableSetting
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.settings import load_settings

# sysexits.h: EX_CONFIG for a setting that stops the start.
EXIT_SETTING = 78
EXIT_REFUSED = 1


def say(text: str) -> None:
    """Speak to the person; standard output stays free for values."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def refusals_as_exit_codes() -> Iterator[None]:
    """Turn a refusal into one line and an exit code, without a traceback."""
    try:
        yield
    except UnusableSetting as problem:
        say(problem.message)
        raise typer.Exit(EXIT_SETTING) from None
    except KeyPortalError as problem:
        say(f"{problem.code}: {problem.message}")
        raise typer.Exit(EXIT_REFUSED) from None


@contextmanager
def opened_portal(*, may_miss_keys: bool = False) -> Iterator[Portal]:
    with refusals_as_exit_codes():
        portal = open_portal(load_settings(), may_miss_keys=may_miss_keys)
        try:
            yield portal
        finally:
            portal.close()
