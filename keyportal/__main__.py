"""`python -m keyportal`."""

import gc

# What is imported is never thrown away: looking for garbage among it would take a fifth of the start.
gc.disable()

from keyportal.cli.commands import app  # noqa: E402  only now: see above

gc.freeze()
gc.enable()

if __name__ == "__main__":
    app(prog_name="keyportal")
