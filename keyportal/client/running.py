"""Resolve keys, put them into the environment of one program, and become that program.

No value is printed, written to a file or kept: after the exec there is nothing of this process left.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from keyportal.client.attempts import BUDGET_S
from keyportal.client.blocking import KeyPortal
from keyportal.client.child import CannotHandOver, KeyForChild, child_environment
from keyportal.client.errors import ClientError, NotConfigured
from keyportal.client.places import own_environment

EXIT_REFUSED = 1
# sysexits.h: EX_CONFIG. What shells and env(1) say of a command they cannot start, and of Ctrl-C.
EXIT_SETTING, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, EXIT_INTERRUPTED = 78, 126, 127, 130
_SILENT_S = 1.5


def say(text: str) -> None:
    """Speak to the person; standard output belongs to the program."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def run(
    command: Sequence[str],
    providers: Sequence[str],
    *,
    user: str | None = None,
    model: str | None = None,
    allow_http: bool = False,
) -> int:
    """Become the command, with keys of the portal at KEYPORTAL_URL. Returns only where that fails."""
    try:
        keys = resolved_keys(providers, user, model, allow_http=allow_http)
    except NotConfigured as problem:
        say(problem.message)
        return EXIT_SETTING
    except ClientError as problem:
        say(str(problem))
        return EXIT_REFUSED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return become(command, keys)


def resolved_keys(
    providers: Sequence[str], user: str | None, model: str | None, *, allow_http: bool
) -> list[KeyForChild]:
    """Ask the portal for one key of each provider, and say so where it takes long. Raises ClientError."""
    with KeyPortal(allow_http=allow_http, budget_s=BUDGET_S) as portal:
        with _telling():
            names = portal.environment_names()
        keys = []
        for one in dict.fromkeys(providers):
            with _telling():
                found = portal.resolve(one, user=user, model=model)
            keys.append(KeyForChild.of(found, names.get(found.provider, ())))
    return keys


def become(command: Sequence[str], keys: Sequence[KeyForChild]) -> int:
    """Give this process to the command. Returns only where that fails: the exit code."""
    try:
        child = child_environment(own_environment(), keys)
    except CannotHandOver as problem:
        say(str(problem))
        return EXIT_REFUSED
    sys.stdout.flush()
    # Python ignores these two, and what is ignored stays ignored across an exec: pipes would never end.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvpe(command[0], list(command), child)
    except FileNotFoundError:
        say("This command is not found. Check its name and PATH.")
        return EXIT_NOT_FOUND
    except (OSError, ValueError):
        say("This command cannot be executed. Check that it is a program and that you may run it.")
        return EXIT_NOT_EXECUTABLE


@contextmanager
def _telling() -> Iterator[None]:
    """Say that a call waits for the portal, and until when: people would take the silence for a fault."""
    ends_at = (datetime.now(UTC) + timedelta(seconds=BUDGET_S)).astimezone()
    words = f"Waiting for the portal, until {ends_at:%H:%M:%S %Z} at the latest."
    timer = threading.Timer(_SILENT_S, say, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # Two threads must not be left where one becomes another program.
        timer.join()
