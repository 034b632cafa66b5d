"""`python -m keyportal`."""

from keyportal.cli.commands import app

if __name__ == "__main__":
    app(prog_name="keyportal")
