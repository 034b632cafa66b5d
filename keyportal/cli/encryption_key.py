"""`encryption-key status|rotate|verify|abandon`: looking after the key that encrypts everything."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from keyportal.cli.console import EXIT_REFUSED, opened_portal, refusals_as_exit_codes, say
from keyportal.domain.principals import operator_principal
from keyportal.services import encryption_abandon, encryption_keys, encryption_rotation, new_encryption_key
from keyportal.services.encryption_keys import EncryptionStatus, KeyState, KeyView
from keyportal.settings import env_file, load_settings

app = typer.Typer(help="The key that encrypts every saved API key.", no_args_is_help=True)

_WORDS = {
    KeyState.CURRENT: "seals and opens",
    KeyState.PREVIOUS: "opens only; keep it until `rotate` is done",
    KeyState.REMOVABLE: "nothing needs it: take it out of API_KEY_ENCRYPTION_KEY_PREVIOUS",
    KeyState.RETIRED: "out of use",
    KeyState.MISSING: "MISSING: add it to API_KEY_ENCRYPTION_KEY_PREVIOUS, or `abandon` it if it is lost",
    KeyState.ABANDONED: "given up; its values are to be entered again",
}


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say which encryption keys there are, what needs them and what is left to do."""
    with opened_portal(may_miss_keys=True) as portal:
        found = encryption_keys.status(portal, operator_principal())
    if as_json:
        print(json.dumps(asdict(found), default=str))
        return
    for key in found.keys:
        print(_line(key))
    print(_advice(found))


@app.command()
def rotate(
    generate: Annotated[
        bool, typer.Option("--generate", help="Put a new key into the settings file; re-seal afterwards.")
    ] = False,
) -> None:
    """Re-seal every saved value with the current key. May run while the portal serves, and be repeated."""
    with opened_portal() as portal:
        if generate:
            _generate(encryption_keys.status(portal, operator_principal()))
            return
        report = encryption_rotation.rotate(portal, operator_principal(), _show_progress)
        found = encryption_keys.status(portal, operator_principal())
    if sys.stderr.isatty() and report.resealed:
        say("")
    print(f"{report.resealed:,} values re-sealed with key id {found.current_id}.")
    if report.damaged:
        print(f"{report.damaged:,} values open with no key; their keys are marked unreadable.")
    if report.remaining:
        print(f"{report.remaining:,} values were saved with a former key meanwhile. Run this again.")
    print(_advice(found))


@app.command()
def verify() -> None:
    """Open every saved value and say how many do not open. No value is shown."""
    with opened_portal(may_miss_keys=True) as portal:
        openings = encryption_keys.verify(portal, operator_principal())
    for opening in openings:
        print(f"{opening.noun}: {opening.readable:,} open, {opening.damaged:,} are damaged")
        for key_id, count in sorted(opening.missing.items()):
            print(f"  {count:,} need key id {key_id}, which is not configured")
    if not all(opening.is_whole for opening in openings):
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def abandon(
    key_id: Annotated[str, typer.Argument(help="The id of the lost key, as `status` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give a lost key up: what it sealed is forgotten and has to be entered again. Cannot be undone."""
    with opened_portal(may_miss_keys=True) as portal:
        count = encryption_abandon.count_lost(portal, operator_principal(), key_id)
        if not yes:
            say(f"{count:,} API keys lose their value for good and have to be entered again by their owners.")
            say("Look for the key in every backup of .env first. A backup of the database now costs nothing.")
            if typer.prompt("Type the key id to go on", err=True) != key_id:
                say("That is another id. Nothing was changed.")
                raise typer.Exit(EXIT_REFUSED)
        count = encryption_abandon.abandon(portal, operator_principal(), key_id)
    print(f"Key id {key_id} is given up. {count:,} API keys wait for their value; resolves say so (409).")


def _generate(found: EncryptionStatus) -> None:
    if found.remaining:
        say("Values still need a former key. Finish that first: `encryption-key rotate`.")
        raise typer.Exit(EXIT_REFUSED)
    with refusals_as_exit_codes():
        key_id = new_encryption_key.put_new_key(load_settings(), env_file())
    print(f"A new encryption key, id {key_id}, is in {env_file().name}; the present one stays beside it.")
    print("Back the file up, away from the database. Restart the portal and every serve-api, then run")
    print("`python -m keyportal encryption-key rotate`.")


def _line(key: KeyView) -> str:
    return f"{key.id}  {key.state:<10} {key.values:>9,} values  {_WORDS[key.state]}"


def _advice(found: EncryptionStatus) -> str:
    if found.missing_ids:
        return f"{', '.join(found.missing_ids)}: not configured. The portal does not start like this."
    if found.lagging:
        return f"Restart what runs without key id {found.current_id}: {', '.join(found.lagging)}."
    if found.remaining:
        return f"{found.remaining:,} of {found.total:,} values are left: `encryption-key rotate`."
    if found.waits_for_restart:
        servers = ", ".join(f"{server} (with key id {key_id})" for server, key_id in found.behind)
        return f"Still sealing with a former key: {servers}. Restart with the new settings, then `rotate`."
    if not found.is_settled:
        return "Nothing is left to re-seal. `encryption-key rotate` takes former keys out of use."
    if found.removable_ids:
        ids = ", ".join(found.removable_ids)
        return (
            f"Nothing needs key id {ids} any more. Take it out of API_KEY_ENCRYPTION_KEY_PREVIOUS, restart."
        )
    return "Every value is sealed with the current key. Nothing is left to do."


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,}", end="", file=sys.stderr, flush=True)
