"""One's own account over REST: profile, sessions, activity. The password changes by a form of `sign_in`."""

from typing import Annotated

from fastapi import APIRouter, Path

from keyportal.api.audit import event_out
from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import PageNumber, PageSize
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.people_schemas import AccountChange, AccountOut, EndedOut, EventOut, SessionOut, Sessions
from keyportal.api.schemas import Page
from keyportal.services import account, audit_search, sessions
from keyportal.services.paging import PAGE_SIZES

SessionId = Annotated[str, Path(alias="id", description="An opaque id from a list.")]

router = APIRouter(prefix="/api/account", tags=["Account"], dependencies=SECURITY)


@router.get("", summary="Who you are", responses=refusals(*PROTECTED))
def get(portal: OpenPortal, caller: Caller) -> AccountOut:
    return AccountOut.model_validate(account.get_account(portal, caller))


@router.put("", summary="Change your name", responses=refusals(*PROTECTED, *WITH_BODY))
def rename(portal: OpenPortal, caller: Caller, body: AccountChange) -> AccountOut:
    return AccountOut.model_validate(account.rename(portal, caller, body.name))


@router.get("/sessions", summary="Where you are signed in", responses=refusals(*PROTECTED))
def list_sessions(portal: OpenPortal, caller: Caller) -> Sessions:
    return Sessions(items=[SessionOut.model_validate(s) for s in sessions.own_sessions(portal, caller)])


@router.delete("/sessions", summary="Sign out everywhere else", responses=refusals(*PROTECTED))
def sign_out_elsewhere(portal: OpenPortal, caller: Caller) -> EndedOut:
    return EndedOut(ended=sessions.sign_out_elsewhere(portal, caller))


@router.delete(
    "/sessions/{id}",
    status_code=204,
    summary="Sign one browser of yours out",
    responses=refusals(*PROTECTED, "not_found"),
)
def end_session(portal: OpenPortal, caller: Caller, session_id: SessionId) -> None:
    sessions.end_own_session(portal, caller, session_id)


@router.get(
    "/activity",
    summary="What you did and what was done to your account, newest first",
    responses=refusals(*PROTECTED, "invalid_input"),
)
def activity(
    portal: OpenPortal, caller: Caller, page: PageNumber = 1, size: PageSize = PAGE_SIZES[0]
) -> Page[EventOut]:
    found = audit_search.own_activity(portal, caller, page=page, size=size)
    items = [event_out(event) for event in found.items]
    return Page[EventOut](items=items, total=found.total, page=found.page, pages=found.pages)
