"""`python -m keyportal.client run`: as `python -m keyportal run`, where only the client is installed."""

import getopt
import sys

from keyportal.client.running import run, say

_USAGE = """\
Usage: python -m keyportal.client run --provider ID [--provider ID ...] [options] -- COMMAND [ARGUMENTS]

Starts a program with resolved keys in its environment, and in no other place. Asks the portal at
KEYPORTAL_URL with KEYPORTAL_AGENT_KEY (or KEYPORTAL_AGENT_KEY_FILE), for up to 60 seconds a key.

  --provider ID   whose key; may be given several times
  --user EMAIL    the person to act for
  --model MODEL   the model the key is for
  --allow-http    ask a portal on another machine over plain http
  --help          show this

Exit codes: the program's own once it was started; 1 the portal refused or cannot be reached; 2 the
command line is wrong; 78 a setting is missing or unusable; 126 the command cannot be executed;
127 it is not found; 130 interrupted."""
_EXIT_USAGE = 2


def main(arguments: list[str]) -> int:
    """Return the exit code, unless this process became another program."""
    if arguments[:1] in (["--help"], ["-h"]):
        return _help()
    if arguments[:1] != ["run"]:
        return _wrong("The command is: run.")
    try:
        # As in a shell: whatever follows the program's name is the program's own.
        options, command = getopt.getopt(
            arguments[1:], "h", ["provider=", "user=", "model=", "allow-http", "help"]
        )
    except getopt.GetoptError as problem:
        return _wrong(f"{problem.msg[:1].upper()}{problem.msg[1:]}.")
    given = dict(options)
    if {"--help", "-h"} & set(given):
        return _help()
    providers = [value for name, value in options if name == "--provider"]
    if not providers or not command:
        return _wrong("Give a --provider, and the program to start after --.")
    return run(
        command,
        providers,
        user=given.get("--user"),
        model=given.get("--model"),
        allow_http="--allow-http" in given,
    )


def _help() -> int:
    sys.stdout.write(_USAGE + "\n")
    return 0


def _wrong(text: str) -> int:
    say(text)
    say("python -m keyportal.client --help shows how it is used.")
    return _EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
