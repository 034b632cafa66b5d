"""`backup`, `verify` and `restore`: what is kept in case everything else is lost."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from keyportal.cli.console import EXIT_REFUSED, opened_portal, refusals_as_exit_codes, say
from keyportal.domain.principals import operator_principal
from keyportal.services import backup_verification, backups, restoring
from keyportal.services.backup_contents import counted
from keyportal.services.backup_verification import configured_keyring, keyring_from_file, keyring_from_text
from keyportal.services.restoring import Restored, RestorePlan
from keyportal.settings import load_settings

_KEY_FILE, _KEY_STDIN = "--key-file", "--key-stdin"
_LONGEST_INPUT = 65536
_NAMED = 20

Backup = Annotated[Path, typer.Argument(help="The file `backup` wrote.")]


def backup(
    path: Annotated[Path, typer.Argument(help="A new file, or a folder it gets a name in.")],
) -> None:
    """Write a backup and its recovery sheet. The portal may run meanwhile."""
    with refusals_as_exit_codes():
        backups.require_present_schema(load_settings())
    with opened_portal() as portal:
        made = backups.create(portal, operator_principal(), path)
    print(made.file)
    say(f"{made.size:,} bytes, and its recovery sheet: {made.sheet}")
    for key_id, count in sorted(made.values.items()):
        say(f"It needs the encryption key {key_id}, for {counted(count, 'value')}.")
    say("The encryption key is NOT inside. Keep API_KEY_ENCRYPTION_KEY of .env in another place.")


def verify(
    path: Backup,
    key_file: Annotated[
        Path | None, typer.Option(_KEY_FILE, help="A file with the encryption keys to use instead.")
    ] = None,
    key_stdin: Annotated[
        bool, typer.Option(_KEY_STDIN, help="Read the encryption keys from standard input.")
    ] = False,
) -> None:
    """Look whether a backup is whole and opens with the encryption key. Changes nothing."""
    if key_file and key_stdin:
        say(f"Give the keys once: with {_KEY_FILE} or with {_KEY_STDIN}.")
        raise typer.Exit(2)
    with refusals_as_exit_codes():
        settings = load_settings()
        if key_file:
            keyring = keyring_from_file(key_file, _KEY_FILE)
        elif key_stdin:
            keyring = keyring_from_text(sys.stdin.read(_LONGEST_INPUT), _KEY_STDIN)
        else:
            keyring = configured_keyring(settings)
        findings = backup_verification.verify(settings, operator_principal(), path, keyring)
    for finding in findings:
        print(f"{'ok ' if finding.is_ok else 'BAD'}  {finding.part}: {finding.words}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(EXIT_REFUSED)


def restore(
    path: Backup,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also where an encryption key is missing, or the sheet is another's."),
    ] = False,
) -> None:
    """Put a backup in the place of the database, which is saved first. Stop the portal before."""
    with (
        refusals_as_exit_codes(),
        restoring.looked_at(load_settings(), operator_principal(), path, anyway=anyway) as found,
    ):
        _tell_plan(found.plan)
        if not yes:
            _ask()
        _tell_end(found.plan, found.carry_out())


def _tell_plan(plan: RestorePlan) -> None:
    say(f"The backup holds {backup_verification.in_words(plan.contents.inventory)}.")
    say(f"It is put in the place of {plan.target}.")
    if plan.present:
        say(f"That one holds {backup_verification.in_words(plan.present)}. It is saved first.")


def _ask() -> None:
    if not _is_somebody_there():
        say("Nobody can be asked here. Say --yes if this is what you want. Nothing was touched.")
        raise typer.Exit(EXIT_REFUSED)
    typer.confirm("Go on?", abort=True, err=True)


def _is_somebody_there() -> bool:
    return sys.stdin.isatty()


def _tell_end(plan: RestorePlan, done: Restored) -> None:
    say("Restored. Everybody has to sign in anew.")
    if done.former:
        say(f"What was there before lies in {done.former}.")
    if done.returned:
        say(f"{counted(len(done.returned), 'agent key')} that had ended can be used again:")
        for name, email in done.returned[:_NAMED]:
            say(f"  {name} ({email})")
        if len(done.returned) > _NAMED:
            say(f"  and {len(done.returned) - _NAMED:,} more")
        say("Revoke those that should not.")
    for key_id, count in sorted(plan.missing.items()):
        say(
            f"Closed without key id {key_id}: {counted(count, 'value')}. Before the start:"
            f" python -m keyportal encryption-key abandon {key_id}"
        )
    say("Look it over with `python -m keyportal doctor`, then start.")
