"""Is the process alive, and can it serve. Public; tells nothing else."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from keyportal.api.auth import OpenPortal
from keyportal.api.errors import RETRY_STORAGE_S, refusals
from keyportal.api.schema_base import Out
from keyportal.api.schemas import ErrorDetail, StatusOut
from keyportal.services.readiness import KEY_MISSING, OK, REDIS_UNAVAILABLE, SCHEMA_CHANGED, Checks

router = APIRouter(tags=["Health"])
_WORDS = {
    SCHEMA_CHANGED: "The database was migrated by another release since this process started. Restart it.",
    KEY_MISSING: "Another encryption key is in use now, and this process does not hold it. Give it the same"
    " settings as the others and restart it.",
    REDIS_UNAVAILABLE: "Redis does not answer, and the pages need it. See that it runs.",
}
_DATABASE = "The database does not work as it should. `python -m keyportal doctor` says what to do."


class ReadyOut(Out):
    """`checks` has `database`, `schema`, `encryption_key` and, where it is used, `redis`: `ok` or a code."""

    status: Literal["ready"]
    checks: dict[str, str]


class NotReadyOut(Out):
    status: Literal["not_ready"]
    checks: dict[str, str]
    error: ErrorDetail


@router.get("/api/health", summary="The process answers; the database is not asked", responses=refusals())
@router.head("/api/health", include_in_schema=False)
async def health() -> StatusOut:
    return StatusOut(status="ok")


@router.get(
    "/api/ready",
    summary="This process can serve: database, schema, encryption keys, Redis",
    response_model=ReadyOut,
    responses={**refusals(), 503: {"model": NotReadyOut, "description": "A check failed; each says how"}},
)
@router.head("/api/ready", include_in_schema=False)
async def ready(request: Request, portal: OpenPortal) -> JSONResponse:
    checks = await request.app.state.lookout.look(portal)
    if all(code == OK for code in checks.values()):
        return JSONResponse({"status": "ready", "checks": dict(checks)})
    code = _code_of(checks)
    error = {"code": code, "message": _WORDS.get(code, _DATABASE)}
    body = {"status": "not_ready", "checks": dict(checks), "error": error}
    return JSONResponse(body, 503, {"Retry-After": str(RETRY_STORAGE_S)})


def _code_of(checks: Checks) -> str:
    return next(code for code in checks.values() if code != OK)
