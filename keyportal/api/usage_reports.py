"""What came of a key that was handed out, told by the program that used it."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.report_schemas import ReportIn, ReportOut
from keyportal.services import usage_reports

router = APIRouter(tags=["Resolve"], dependencies=SECURITY)


@router.post(
    "/api/usage",
    summary="Report what came of a resolved key; the same report again changes nothing",
    responses=refusals(*PROTECTED, *WITH_BODY, "not_found", "already_reported", "reported_too_late"),
)
def report(portal: OpenPortal, caller: Caller, body: ReportIn) -> ReportOut:
    found = usage_reports.report(portal, caller, body.resolution_id, body.outcome, body.http_status)
    return ReportOut.model_validate(found)
