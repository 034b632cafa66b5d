"""Agent keys over REST. The value leaves in one answer, the one that creates it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import PageNumber, PageSize, SearchText
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.schemas import (
    AgentKeyChange,
    AgentKeyCreate,
    AgentKeyOut,
    AgentKeyRotation,
    IssuedAgentKeyOut,
    Page,
)
from keyportal.services import agent_key_rotation, agent_keys
from keyportal.services.agent_keys import AgentKeyFilter, IssuedAgentKey, NewAgentKey
from keyportal.services.paging import PAGE_SIZES

AgentKeyId = Annotated[str, Path(alias="id", description="An opaque id from a list.")]
SortColumn = Annotated[
    str, Query(max_length=64, description="name, created, last_used or expires; with - in front downwards.")
]

router = APIRouter(prefix="/api/agent-keys", tags=["Agent keys"], dependencies=SECURITY)


@router.get("", summary="List your agent keys", responses=refusals(*PROTECTED, "invalid_input"))
def search(
    portal: OpenPortal,
    caller: Caller,
    q: SearchText = "",
    status: Annotated[str, Query(max_length=64, description="active, expired or revoked.")] = "",
    sort: SortColumn = "-created",
    page: PageNumber = 1,
    size: PageSize = PAGE_SIZES[0],
) -> Page[AgentKeyOut]:
    wanted = AgentKeyFilter(q, status)
    found = agent_keys.search(portal, caller, wanted, sort=sort, page=page, size=size)
    return Page[AgentKeyOut].model_validate(found)


@router.post(
    "",
    status_code=201,
    summary="Create an agent key; its value is in this answer only",
    responses=refusals(*PROTECTED, *WITH_BODY, "name_taken"),
)
def create(portal: OpenPortal, caller: Caller, body: AgentKeyCreate) -> IssuedAgentKeyOut:
    days = body.expires_in_days
    lifetime = timedelta(days=days) if days is not None else None
    return _shown_once(agent_keys.create(portal, caller, NewAgentKey(body.name, body.scopes, lifetime)))


@router.put(
    "/{id}",
    summary="Rename an agent key; scopes and expiry never change",
    responses=refusals(*PROTECTED, *WITH_BODY, "not_found", "name_taken", "version_conflict"),
)
def rename(portal: OpenPortal, caller: Caller, agent_key_id: AgentKeyId, body: AgentKeyChange) -> AgentKeyOut:
    view = agent_keys.rename(portal, caller, agent_key_id, body.name, body.version)
    return AgentKeyOut.model_validate(view)


@router.post(
    "/{id}/revoke",
    summary="End an agent key at once; it stays in the list",
    responses=refusals(*PROTECTED, "not_found"),
)
def revoke(portal: OpenPortal, caller: Caller, agent_key_id: AgentKeyId) -> AgentKeyOut:
    return AgentKeyOut.model_validate(agent_keys.revoke(portal, caller, agent_key_id))


@router.post(
    "/{id}/rotate",
    status_code=201,
    summary="Issue a new value under the same name; the old one ends after the overlap",
    responses=refusals(*PROTECTED, *WITH_BODY, "not_found", "version_conflict"),
)
def rotate(
    portal: OpenPortal, caller: Caller, agent_key_id: AgentKeyId, body: AgentKeyRotation
) -> IssuedAgentKeyOut:
    return _shown_once(
        agent_key_rotation.rotate(portal, caller, agent_key_id, body.overlap_days, version=body.version)
    )


@router.delete(
    "/{id}", status_code=204, summary="Delete an agent key", responses=refusals(*PROTECTED, "not_found")
)
def delete(portal: OpenPortal, caller: Caller, agent_key_id: AgentKeyId) -> None:
    agent_keys.delete(portal, caller, agent_key_id)


def _shown_once(issued: IssuedAgentKey) -> IssuedAgentKeyOut:
    shown = AgentKeyOut.model_validate(issued.view)
    return IssuedAgentKeyOut(**dict(shown), api_key=issued.token.reveal())
