"""Links of a stored key over REST: the providers and model patterns it is used for."""

from typing import Annotated

from fastapi import APIRouter, Path

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.credentials import CredentialId
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.link_schemas import LinkCreate, LinkOut, Links
from keyportal.domain.credentials import Ownership
from keyportal.services import links

LinkId = Annotated[str, Path(description="An opaque id from the key's links.")]


def links_router(prefix: str, ownership: Ownership, *, noun: str) -> APIRouter:
    """Return the routes for the links of one kind of owner's keys."""
    router = APIRouter(prefix=prefix, tags=[f"{noun}s"], dependencies=SECURITY)

    @router.get(
        "/{id}/links",
        summary=f"List what one {noun} is linked to, oldest first",
        responses=refusals(*PROTECTED, "not_found"),
    )
    def links_of(portal: OpenPortal, caller: Caller, credential_id: CredentialId) -> Links:
        found = links.links_of(portal, caller, ownership, credential_id)
        return Links(items=[LinkOut.model_validate(view) for view in found])

    @router.post(
        "/{id}/links",
        status_code=201,
        summary=f"Link one {noun} to a provider or a model pattern",
        responses=refusals(
            *PROTECTED, *WITH_BODY, "not_found", "unknown_provider", "provider_disabled", "link_taken"
        ),
    )
    def link(portal: OpenPortal, caller: Caller, credential_id: CredentialId, body: LinkCreate) -> LinkOut:
        made = links.link(portal, caller, ownership, credential_id, body.provider, body.model_pattern)
        return LinkOut.model_validate(made)

    @router.delete(
        "/{id}/links/{link_id}",
        status_code=204,
        summary=f"Take a link of one {noun} away",
        responses=refusals(*PROTECTED, "not_found"),
    )
    def unlink(portal: OpenPortal, caller: Caller, credential_id: CredentialId, link_id: LinkId) -> None:
        links.unlink(portal, caller, ownership, credential_id, link_id)

    return router
