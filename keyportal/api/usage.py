"""What was used over REST, read and downloaded: one's own uses, and those of everybody for admins."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import PageNumber, PageSize
from keyportal.api.errors import PROTECTED, refusals
from keyportal.api.usage_schemas import SumsOut, UsageDayOut, UsageGroupOut, UsageOut
from keyportal.services import usage, usage_export
from keyportal.services.paging import PAGE_SIZES
from keyportal.services.usage import COMMAND_LINE, DAYS, EVERYONE, USUAL_DAYS, USUAL_SORT, GroupView, Source

router = APIRouter(prefix="/api/usage", tags=["Usage"], dependencies=SECURITY)

_FILE = {200: {"content": {"text/csv": {}}, "description": "The file."}}
_A_KEY = "The id of a key that was used."
_AN_AGENT_KEY = f"The id of an agent key, or {COMMAND_LINE} for uses without one."
_A_PERSON = f"For admins: the id of a person, or {EVERYONE}. Without it, the uses that are yours."
_A_SOURCE = "Where the key came from. Empty, or left out, for all."
_A_NAME = "A part of the name of a provider, key or agent key."


def _wanted(
    person: Annotated[str, Query(max_length=36, description=_A_PERSON)] = "",
    provider: Annotated[str, Query(max_length=64, description="The id of a provider.")] = "",
    key: Annotated[str, Query(max_length=36, description=_A_KEY)] = "",
    agent_key: Annotated[str, Query(max_length=36, description=_AN_AGENT_KEY)] = "",
    source: Annotated[str, Query(description=_A_SOURCE, json_schema_extra={"enum": ["", *Source]})] = "",
    q: Annotated[str, Query(max_length=200, description=_A_NAME)] = "",
) -> dict[str, str]:
    return {
        "person": person, "provider": provider, "key": key, "agent_key": agent_key, "source": source, "q": q,
    }  # fmt: skip


Wanted = Annotated[dict[str, str], Depends(_wanted)]
Days = Annotated[int, Query(description=f"One of {', '.join(map(str, DAYS))}; today (UTC) included.")]


@router.get(
    "",
    summary="What was used in the last days, added up by provider, key or agent key",
    responses=refusals(*PROTECTED, "invalid_input"),
)
def search(
    portal: OpenPortal,
    caller: Caller,
    wanted: Wanted,
    days: Days = USUAL_DAYS,
    by: Annotated[str, Query(max_length=10, description=f"One of {', '.join(usage.GROUPS)}.")] = "provider",
    sort: Annotated[
        str, Query(max_length=20, description=f"{', '.join(usage.SORTS)}; with - in front downwards.")
    ] = USUAL_SORT,
    page: PageNumber = 1,
    size: PageSize = PAGE_SIZES[0],
) -> UsageOut:
    found = usage.search(portal, caller, wanted, days=days, by=by, sort=sort, page=page, size=size)
    return UsageOut(
        totals=SumsOut.model_validate(found.sums),
        days=[UsageDayOut(day=day.day, **_sums(day.sums)) for day in found.days],
        items=[_group_out(group) for group in found.groups.items],
        total=found.groups.total,
        page=found.groups.page,
        pages=found.groups.pages,
    )


@router.get(
    "/export",
    summary="Download all that matches as CSV: a line for each day, provider, source, key and agent key",
    responses={**_FILE, **refusals(*PROTECTED, "invalid_input", "too_many_attempts")},
    response_class=StreamingResponse,
)
def export(portal: OpenPortal, caller: Caller, wanted: Wanted, days: Days = USUAL_DAYS) -> StreamingResponse:
    made = usage_export.export(portal, caller, wanted, days=days)
    headers = {"content-disposition": f'attachment; filename="{made.name}"'}
    return StreamingResponse(made.parts, media_type=made.media_type, headers=headers)


def _group_out(group: GroupView) -> UsageGroupOut:
    used = {**asdict(group.used), "share": group.share, "last_day": group.last_day}
    return UsageGroupOut(**{n: v for n, v in used.items() if n in UsageGroupOut.model_fields},
                         **_sums(group.sums))  # fmt: skip


def _sums(sums: usage.Sums) -> dict[str, Any]:
    return SumsOut.model_validate(sums).model_dump()
