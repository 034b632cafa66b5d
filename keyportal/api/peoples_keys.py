"""What a person has, over REST, for admins: their sessions and their keys, seen masked and ended."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, refusals
from keyportal.api.people_schemas import EndedOut, PersonsKeyOut, PersonsKeys, SessionOut, Sessions
from keyportal.api.users import UserId
from keyportal.services import peoples_keys, sessions

router = APIRouter(prefix="/api/admin/users/{id}", tags=["People"], dependencies=SECURITY)

_REFUSALS = refusals(*PROTECTED, "not_found")


@router.get("/sessions", summary="Where a person is signed in", responses=_REFUSALS)
def list_sessions(portal: OpenPortal, caller: Caller, user_id: UserId) -> Sessions:
    found = sessions.sessions_of(portal, caller, user_id)
    return Sessions(items=[SessionOut.model_validate(s) for s in found])


@router.delete("/sessions", summary="Sign a person out everywhere", responses=_REFUSALS)
def end_sessions(portal: OpenPortal, caller: Caller, user_id: UserId) -> EndedOut:
    return EndedOut(ended=sessions.end_sessions_of(portal, caller, user_id))


@router.delete("/sessions/{session_id}", status_code=204, summary="Sign one browser out", responses=_REFUSALS)
def end_session(portal: OpenPortal, caller: Caller, user_id: UserId, session_id: str) -> None:
    sessions.end_session_of(portal, caller, user_id, session_id)


@router.get("/api-keys", summary="A person's API keys, masked", responses=_REFUSALS)
def list_api_keys(portal: OpenPortal, caller: Caller, user_id: UserId) -> PersonsKeys:
    found = peoples_keys.credentials_of(portal, caller, user_id)
    return PersonsKeys(items=[PersonsKeyOut.model_validate(key) for key in found])


@router.delete(
    "/api-keys/{key_id}", status_code=204, summary="Wipe a person's API key at once", responses=_REFUSALS
)
def delete_api_key(portal: OpenPortal, caller: Caller, user_id: UserId, key_id: str) -> None:
    peoples_keys.delete_credential_of(portal, caller, user_id, key_id)
