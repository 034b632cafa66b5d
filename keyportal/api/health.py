"""Is the process alive, and can it serve. Public; tells nothing else."""

from fastapi import APIRouter

from keyportal.api.auth import OpenPortal
from keyportal.api.errors import refusals
from keyportal.api.schemas import StatusOut
from keyportal.services.start_up import require_ready

router = APIRouter(tags=["Health"])


@router.get("/api/health", summary="The process answers; the database is not asked", responses=refusals())
async def health() -> StatusOut:
    return StatusOut(status="ok")


@router.get(
    "/api/ready",
    summary="The database can be reached; schema and encryption key were checked at start",
    responses=refusals("storage_unavailable"),
)
def ready(portal: OpenPortal) -> StatusOut:
    require_ready(portal)
    return StatusOut(status="ready")
