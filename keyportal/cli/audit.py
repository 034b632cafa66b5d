"""`audit verify`: proves the audit trail from its first event to its last, in words to act on."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from keyportal.cli.console import EXIT_REFUSED, opened_portal, say
from keyportal.domain.principals import operator_principal
from keyportal.services import trail_report
from keyportal.services.trail_report import Moment, TrailBreak, TrailReport

app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Who did what, provably unchanged."""


@app.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Verify every event of the trail and say where it breaks. Exit code 1 where it does."""
    # A key that is missing is one of the things to be told.
    with opened_portal(may_miss_keys=True) as portal:
        found = trail_report.verify_trail(portal, operator_principal(), _progress(as_json))
    if as_json:
        print(json.dumps(asdict(found), default=_as_text))
    else:
        print("\n".join(_lines(found)))
    if found.broken is not None:
        raise typer.Exit(EXIT_REFUSED)


def _lines(found: TrailReport) -> list[str]:
    lines = [_fitting(found)]
    if found.unproven:
        lines.append(
            f"{found.unproven:,} of them were written under an encryption key that is lost: their place is"
            " proven, what they say is not."
        )
    return lines if found.broken is None else [*_broken(found.broken), *lines]


def _fitting(found: TrailReport) -> str:
    if found.first is None or found.last is None:
        return "No event is proven."
    span = f"from event {_told(found.first)} to event {_told(found.last)}"
    if found.broken is None:
        return f"{found.events:,} events, {span}: unbroken."
    return f"{found.events:,} events fit, {span}."


def _broken(broken: TrailBreak) -> list[str]:
    number, after = f"{broken.number:,}", broken.after
    if broken.missing_key_id:
        return [
            f"NOT PROVEN from event {number} on: it was written under key id {broken.missing_key_id}, which"
            " is not configured.",
            "Add that key to API_KEY_ENCRYPTION_KEY_PREVIOUS, then look again. If it is lost:"
            f" `encryption-key abandon {broken.missing_key_id}`.",
        ]
    if broken.at is None:
        what = f"BROKEN: event {number} was there when the trail was last proven, and is gone"
        what += f". The event before it is {_told(after)}." if after else ", with all before it."
    elif after is None:
        what = f"BROKEN at event {number} ({_time(broken.at)}): it is the first, and no trail begins with it."
    else:
        what = (
            f"BROKEN between event {_told(after)} and event {number} ({_time(broken.at)}): the second does"
            " not fit behind the first."
        )
    return [
        what,
        "An event there was changed, added, removed or put elsewhere by somebody who writes to the database.",
        "Keep a copy of the database as it is now, and compare it with a backup from before that time.",
    ]


def _told(moment: Moment | None) -> str:
    return f"{moment.number:,} ({_time(moment.at)})" if moment else ""


def _time(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M:%S} UTC"


def _progress(as_json: bool) -> Callable[[int], None]:
    def tell(count: int) -> None:
        if not as_json and count and count % 100_000 == 0:
            say(f"{count:,} events read")

    return tell


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
