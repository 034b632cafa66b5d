"""Which key to use, over REST: the one route a secret leaves by."""

from typing import Annotated

from fastapi import APIRouter, Query

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.schemas import MODEL, ResolutionOut, ResolvedOut, ResolveIn
from keyportal.services import resolution
from keyportal.services.releases import Resolution, ResolvedCredential

router = APIRouter(tags=["Resolve"], dependencies=SECURITY)


_REFUSALS = ("unknown_provider", "provider_disabled", "no_key", "key_unreadable", "needs_reentry")


@router.post(
    "/api/resolve",
    summary="Release the key to use for a provider, and say where it came from",
    responses=refusals(*PROTECTED, *WITH_BODY, *_REFUSALS),
)
def resolve(portal: OpenPortal, caller: Caller, body: ResolveIn) -> ResolutionOut:
    return _out(resolution.resolve_key(portal, caller, body.provider, user=body.user, model=body.model))


@router.post(
    "/api/resolve/{provider}",
    summary="The same without a body, for the agent key's owner: the quickest way to ask",
    responses=refusals(*PROTECTED, "invalid_input", *_REFUSALS),
)
def resolve_by_address(
    portal: OpenPortal,
    caller: Caller,
    provider: str,
    model: Annotated[str | None, Query(pattern=MODEL)] = None,
) -> ResolutionOut:
    return _out(resolution.resolve_key(portal, caller, provider, model=model))


def _out(found: Resolution) -> ResolutionOut:
    return ResolutionOut(
        provider=found.provider,
        source=found.source,
        credential=_credential(found.credential),
        failed_over_from=_credential(found.failed_over_from),
        api_key=found.api_key.reveal(),
        fields=found.fields,
        base_url=found.base_url,
        resolution_id=found.resolution_id,
    )


def _credential(found: ResolvedCredential | None) -> ResolvedOut | None:
    return ResolvedOut.model_validate(found) if found else None
