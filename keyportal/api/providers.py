"""The catalogue over REST."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, refusals
from keyportal.api.schemas import ProviderOut, Providers
from keyportal.services import providers

router = APIRouter(tags=["Providers"], dependencies=SECURITY)


@router.get(
    "/api/providers", summary="List the providers a key can be saved for", responses=refusals(*PROTECTED)
)
def list_providers(portal: OpenPortal, caller: Caller) -> Providers:
    views = providers.list_providers(portal, caller)
    return Providers(items=[ProviderOut.model_validate(view) for view in views])
