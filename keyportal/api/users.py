"""People over REST, for admins. An invitation's link leaves in one answer, the one that makes it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import PageNumber, PageSize, SearchText
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.people_schemas import InvitedOut, LinkOut, RemovedOut, UserChange, UserInvite, UserOut
from keyportal.api.schemas import Page
from keyportal.services import one_time_links, removal, users
from keyportal.services.one_time_links import Invitation, IssuedLink
from keyportal.services.paging import PAGE_SIZES
from keyportal.services.users import UserEdit, UserFilter

UserId = Annotated[str, Path(alias="id", description="An opaque id from a list.")]
Chosen = Annotated[str, Query(max_length=64)]

router = APIRouter(prefix="/api/admin/users", tags=["People"], dependencies=SECURITY)


@router.get(
    "",
    summary="List people; those removed only with status=removed",
    responses=refusals(*PROTECTED, "invalid_input"),
)
def search(
    portal: OpenPortal,
    caller: Caller,
    q: SearchText = "",
    role: Chosen = "",
    status: Chosen = "",
    sort: Chosen = "-created",
    page: PageNumber = 1,
    size: PageSize = PAGE_SIZES[0],
) -> Page[UserOut]:
    found = users.search(portal, caller, UserFilter(q, role, status), sort=sort, page=page, size=size)
    return Page[UserOut].model_validate(found)


@router.post(
    "",
    status_code=201,
    summary="Invite a person; the link is in this answer only",
    responses=refusals(*PROTECTED, *WITH_BODY, "email_taken"),
)
def invite(portal: OpenPortal, caller: Caller, body: UserInvite) -> InvitedOut:
    invitation = Invitation(body.email, body.role, body.name, timedelta(days=body.days))
    return _shown(one_time_links.invite(portal, caller, invitation))


@router.get("/{id}", summary="One person, removed ones too", responses=refusals(*PROTECTED, "not_found"))
def get(portal: OpenPortal, caller: Caller, user_id: UserId) -> UserOut:
    return UserOut.model_validate(users.get(portal, caller, user_id))


@router.put(
    "/{id}",
    summary="Change a person's name or role, shut them out or let them in again",
    responses=refusals(
        *PROTECTED,
        *WITH_BODY,
        "not_found",
        "last_admin",
        "not_yourself",
        "wrong_person_status",
        "version_conflict",
    ),
)
def change(portal: OpenPortal, caller: Caller, user_id: UserId, body: UserChange) -> UserOut:
    edit = UserEdit(body.name, body.role, body.active, body.version)
    return UserOut.model_validate(users.update(portal, caller, user_id, edit))


@router.delete(
    "/{id}",
    summary="Remove a person, and decide what becomes of their API keys",
    responses=refusals(*PROTECTED, "not_found", "last_admin", "not_yourself", "invalid_input"),
)
def remove(
    portal: OpenPortal,
    caller: Caller,
    user_id: UserId,
    keys: Annotated[
        str,
        Query(max_length=64, description="wipe or hand_over; needed where the person owns API keys."),
    ] = "",
) -> RemovedOut:
    return RemovedOut.model_validate(removal.remove(portal, caller, user_id, keys))


@router.post(
    "/{id}/reset-link",
    status_code=201,
    summary="Make a new link: an invitation before the person joined, then a password reset",
    responses=refusals(*PROTECTED, "not_found", "not_yourself", "wrong_person_status", "invalid_input"),
)
def new_link(
    portal: OpenPortal,
    caller: Caller,
    user_id: UserId,
    days: Annotated[int, Query(ge=1, le=14, description="How long it holds.")] = 3,
) -> InvitedOut:
    return _shown(one_time_links.new_link(portal, caller, user_id, timedelta(days=days)))


def _shown(issued: IssuedLink) -> InvitedOut:
    link = LinkOut(kind=issued.kind, url=issued.url.reveal(), expires_at=issued.expires_at)
    return InvitedOut(user=UserOut.model_validate(issued.user), link=link)
