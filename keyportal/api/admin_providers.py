"""What admins decide about providers, over REST: on or off, another address, one of their own."""

from typing import Annotated

from fastapi import APIRouter, Path

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.provider_schemas import (
    ProviderChange,
    ProviderCreate,
    ProviderDecisionOut,
    ProviderDecisions,
)
from keyportal.services import provider_edits, provider_views
from keyportal.services.provider_edits import NewProvider, ProviderEdit

ProviderId = Annotated[str, Path(alias="id", description="A provider's id from the list.")]

router = APIRouter(prefix="/api/admin/providers", tags=["Provider decisions"], dependencies=SECURITY)


@router.get(
    "", summary="List every provider, the disabled too, with what was decided", responses=refusals(*PROTECTED)
)
def list_decisions(portal: OpenPortal, caller: Caller) -> ProviderDecisions:
    views = provider_views.list_decisions(portal, caller)
    return ProviderDecisions(items=[ProviderDecisionOut.model_validate(view) for view in views])


@router.post(
    "",
    status_code=201,
    summary="Add a provider at an address that speaks as OpenAI does",
    responses=refusals(*PROTECTED, *WITH_BODY, "name_taken"),
)
def add(portal: OpenPortal, caller: Caller, body: ProviderCreate) -> ProviderDecisionOut:
    new = NewProvider(body.name, body.base_url, body.auth_style, body.environment_names)
    return ProviderDecisionOut.model_validate(provider_edits.add_custom(portal, caller, new))


@router.put(
    "/{id}",
    summary="Turn a provider on or off, or change its address; what is absent stays",
    responses=refusals(*PROTECTED, *WITH_BODY, "not_found", "name_taken", "version_conflict"),
)
def update(
    portal: OpenPortal, caller: Caller, provider_id: ProviderId, body: ProviderChange
) -> ProviderDecisionOut:
    edit = ProviderEdit(**body.model_dump())
    return ProviderDecisionOut.model_validate(provider_edits.update(portal, caller, provider_id, edit))


@router.delete(
    "/{id}",
    status_code=204,
    summary="Delete a provider that an admin added and no saved key needs",
    responses=refusals(*PROTECTED, "not_found", "invalid_input", "provider_in_use"),
)
def delete(portal: OpenPortal, caller: Caller, provider_id: ProviderId) -> None:
    provider_edits.delete_custom(portal, caller, provider_id)
