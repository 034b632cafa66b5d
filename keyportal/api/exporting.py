"""Exporting what is known of keys over REST, as files to download. No value is in them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, refusals
from keyportal.domain.credentials import Ownership
from keyportal.services import exporting
from keyportal.services.exporting import FORMATS

FileFormat = Annotated[str, Query(max_length=16, description=f"One of {', '.join(FORMATS)}.")]
_FILE = {200: {"content": {"text/csv": {}, "text/plain": {}}, "description": "The file."}}


def export_router(path: str, ownership: Ownership, *, noun: str) -> APIRouter:
    """Return the one route for credentials of one kind of owner."""
    router = APIRouter(tags=[f"{noun}s"], dependencies=SECURITY)

    @router.get(
        path,
        summary=f"Download a table of all {noun}s, or a .env file without values",
        response_class=StreamingResponse,
        responses={**_FILE, **refusals(*PROTECTED, "invalid_input", "too_many_attempts")},
    )
    def export(portal: OpenPortal, caller: Caller, format: FileFormat = "csv") -> StreamingResponse:
        found = exporting.export(portal, caller, ownership, format)
        disposition = {"Content-Disposition": f'attachment; filename="{found.name}"'}
        return StreamingResponse(found.parts, media_type=found.media_type, headers=disposition)

    return router
