"""Importing keys over REST: all rows or none, or only a look at them."""

from collections.abc import Sequence

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.import_schemas import ImportIn, ImportOut, ImportRowIn, ImportRowOut, RefusedLineOut
from keyportal.domain.credentials import Ownership
from keyportal.domain.secret import Secret
from keyportal.services import importing
from keyportal.services.import_lines import RefusedLine
from keyportal.services.import_rows import ImportAction, ImportChoice, ImportRow


def import_router(path: str, ownership: Ownership, *, noun: str) -> APIRouter:
    """Return the one route for credentials of one kind of owner."""
    router = APIRouter(tags=[f"{noun}s"], dependencies=SECURITY)

    @router.post(
        path,
        summary=f"Import {noun}s from the lines of a .env file, all or none",
        responses=refusals(*PROTECTED, *WITH_BODY, "line_refused", "version_conflict", "provider_disabled"),
    )
    def run(portal: OpenPortal, caller: Caller, body: ImportIn) -> ImportOut:
        text, choices = Secret(body.text.get_secret_value()), [_choice(row) for row in body.rows]
        if body.dry_run:
            seen = importing.preview(portal, caller, ownership, text, choices)
            return _looked_at(seen.rows, seen.refused)
        done = importing.run(portal, caller, ownership, text, choices)
        return ImportOut(
            dry_run=False,
            added=done.added,
            overwritten=done.overwritten,
            skipped=done.skipped,
            rows=_rows(done.rows),
            refused=_refused(done.refused),
        )

    return router


def _looked_at(rows: Sequence[ImportRow], refused: Sequence[RefusedLine]) -> ImportOut:
    """Say what would happen: rows with a problem would stop it."""
    actions = [row.action for row in rows]
    return ImportOut(
        dry_run=True,
        added=sum(action in (ImportAction.ADD, ImportAction.KEEP_BOTH) for action in actions),
        overwritten=actions.count(ImportAction.OVERWRITE),
        skipped=actions.count(ImportAction.SKIP),
        rows=_rows(rows),
        refused=_refused(refused),
    )


def _choice(row: ImportRowIn) -> ImportChoice:
    provider = (row.provider or "") if "provider" in row.model_fields_set else None
    return ImportChoice(row.line, row.action, provider, row.name)


def _rows(rows: Sequence[ImportRow]) -> list[ImportRowOut]:
    return [
        ImportRowOut(
            line=row.line,
            variable=row.variable,
            mask=row.mask,
            provider=row.provider or None,
            name=row.name,
            action=row.action,
            choices=list(row.choices),
            note=row.note,
            problem=row.problem,
        )
        for row in rows
    ]


def _refused(lines: Sequence[RefusedLine]) -> list[RefusedLineOut]:
    return [RefusedLineOut(line=line.number, variable=line.name, reason=line.reason) for line in lines]
