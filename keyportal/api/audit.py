"""The audit trail over REST, for admins: read, exported, verified. Nothing here can change it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import PageNumber, PageSize
from keyportal.api.errors import PROTECTED, refusals
from keyportal.api.people_schemas import EventOut, VerificationOut, Verified
from keyportal.api.schemas import Page
from keyportal.services import audit_export, audit_search, audit_verification
from keyportal.services.audit_search import GROUPS, RANGES, EventView
from keyportal.services.paging import PAGE_SIZES

router = APIRouter(prefix="/api/admin/audit", tags=["Audit"], dependencies=SECURITY)


def _wanted(
    person: Annotated[str, Query(max_length=36, description="A user id, operator or anonymous.")] = "",
    action: Annotated[str, Query(max_length=40, description=f"An action, or {', '.join(GROUPS)}.")] = "",
    result: Annotated[str, Query(max_length=20)] = "",
    within: Annotated[str, Query(max_length=10, description=f"One of {', '.join(RANGES)}.")] = "",
    first: Annotated[str, Query(alias="from", max_length=10, description="A day of UTC.")] = "",
    last: Annotated[str, Query(alias="to", max_length=10, description="A day of UTC, included.")] = "",
    object: Annotated[str, Query(max_length=64, description="The id of what was acted on.")] = "",
    q: Annotated[str, Query(max_length=200, description="A part of the object's or the person's name.")] = "",
) -> dict[str, str]:
    return {
        "person": person, "action": action, "result": result, "within": within,
        "from": first, "to": last, "object": object, "q": q,
    }  # fmt: skip


Wanted = Annotated[dict[str, str], Depends(_wanted)]


@router.get(
    "",
    summary="Read the trail, newest first; total stops one above 10,000",
    responses=refusals(*PROTECTED, "invalid_input"),
)
def search(
    portal: OpenPortal,
    caller: Caller,
    wanted: Wanted,
    page: PageNumber = 1,
    size: PageSize = PAGE_SIZES[0],
) -> Page[EventOut]:
    found = audit_search.search(portal, caller, wanted, page=page, size=size)
    items = [event_out(event) for event in found.items]
    return Page[EventOut](items=items, total=found.total, page=found.page, pages=found.pages)


@router.get(
    "/export",
    summary="Download all that matches as CSV or JSON lines, newest first",
    responses=refusals(*PROTECTED, "invalid_input", "too_many_attempts"),
    response_class=StreamingResponse,
)
def export(
    portal: OpenPortal,
    caller: Caller,
    wanted: Wanted,
    format: Annotated[str, Query(max_length=10, description="csv or jsonl.")] = "csv",
) -> StreamingResponse:
    made = audit_export.export(portal, caller, wanted, format)
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return StreamingResponse(made.parts, media_type=made.media_type, headers=headers)


@router.get("/verification", summary="How the last look at the chain went", responses=refusals(*PROTECTED))
def last_verification(portal: OpenPortal, caller: Caller) -> Verified:
    found = audit_verification.last_verification(portal, caller)
    return Verified(verification=VerificationOut.model_validate(found) if found else None)


@router.post(
    "/verification",
    summary="Verify the whole chain now; a minute for a million events",
    responses=refusals(*PROTECTED),
)
def verify(portal: OpenPortal, caller: Caller) -> VerificationOut:
    return VerificationOut.model_validate(audit_verification.verify(portal, caller))


def event_out(event: EventView) -> EventOut:
    return EventOut.model_validate({**vars(event), "details": dict(event.details)})
