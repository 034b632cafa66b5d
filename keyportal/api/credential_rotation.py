"""Rotating a stored key over REST: the new value waits, takes over, or is given up."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import CredentialId
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.rotation_schemas import RotationFinish, RotationStart
from keyportal.api.schemas import CredentialOut
from keyportal.domain.credentials import Ownership
from keyportal.domain.secret import Secret
from keyportal.services import credential_rotation
from keyportal.services.credential_rotation import NewValue


def rotation_router(prefix: str, ownership: Ownership, *, noun: str) -> APIRouter:
    """Return the routes that rotate credentials of one kind of owner."""
    router = APIRouter(prefix=f"{prefix}/{{id}}/rotation", tags=[f"{noun}s"], dependencies=SECURITY)

    @router.post(
        "",
        status_code=201,
        summary=f"Store a new value for a {noun}; it waits and is not used yet",
        responses=refusals(*PROTECTED, *WITH_BODY, "not_found", "provider_disabled", "rotation_under_way"),
    )
    def begin(
        portal: OpenPortal, caller: Caller, credential_id: CredentialId, body: RotationStart
    ) -> CredentialOut:
        new = NewValue(Secret(body.api_key.get_secret_value()), body.fields)
        view = credential_rotation.begin(portal, caller, ownership, credential_id, new)
        return CredentialOut.model_validate(view)

    @router.post(
        "/finish",
        summary="Switch over to the new value; the old one ends after the grace period",
        responses=refusals(*PROTECTED, *WITH_BODY, "not_found"),
    )
    def finish(
        portal: OpenPortal, caller: Caller, credential_id: CredentialId, body: RotationFinish
    ) -> CredentialOut:
        view = credential_rotation.finish(portal, caller, ownership, credential_id, body.grace_days)
        return CredentialOut.model_validate(view)

    @router.delete(
        "",
        status_code=204,
        summary=f"Give the new value up; the {noun} stays as it is",
        responses=refusals(*PROTECTED, "not_found"),
    )
    def abandon(portal: OpenPortal, caller: Caller, credential_id: CredentialId) -> None:
        credential_rotation.abandon(portal, caller, ownership, credential_id)

    return router
