"""Which key to use, over REST: the one route a secret leaves by."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.schemas import ResolutionOut, ResolvedOut, ResolveIn
from keyportal.services import resolution
from keyportal.services.releases import ResolvedCredential

router = APIRouter(tags=["Resolve"], dependencies=SECURITY)


@router.post(
    "/api/resolve",
    summary="Release the key to use for a provider, and say where it came from",
    responses=refusals(
        *PROTECTED,
        *WITH_BODY,
        "unknown_provider",
        "provider_disabled",
        "no_key",
        "key_unreadable",
        "needs_reentry",
    ),
)
def resolve(portal: OpenPortal, caller: Caller, body: ResolveIn) -> ResolutionOut:
    found = resolution.resolve_key(portal, caller, body.provider, user=body.user, model=body.model)
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
