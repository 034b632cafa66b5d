"""Stored provider keys over REST: a member's own, and the deployment's, from one implementation."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.schemas import (
    CheckOut,
    CheckUnsaved,
    CredentialChange,
    CredentialCreate,
    CredentialOut,
    ModelsOut,
    Page,
)
from keyportal.domain.credentials import Ownership
from keyportal.domain.secret import Secret
from keyportal.services import checks, credential_lists, credential_order, credentials
from keyportal.services.check_views import CheckView
from keyportal.services.checks import Question, UnsavedKey
from keyportal.services.credential_lists import SORT_COLUMNS, USUAL_SORT, CredentialFilter
from keyportal.services.credentials import UNCHANGED, CredentialEdit, NewCredential
from keyportal.services.paging import PAGE_SIZES

CredentialId = Annotated[str, Path(alias="id", description="An opaque id from a list.")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(description=f"One of {', '.join(map(str, PAGE_SIZES))}.")]
SearchText = Annotated[str, Query(max_length=200, description="A part of the name; % and _ are plain text.")]

SortColumn = Annotated[
    str, Query(max_length=64, description=f"{', '.join(SORT_COLUMNS)}; with - in front downwards.")
]
WithModel = Annotated[bool, Query(description="Also ask whether the key may use a model.")]
ModelName = Annotated[str, Query(max_length=128, description="The model to ask about, or one is chosen.")]


def credentials_router(prefix: str, ownership: Ownership, *, noun: str) -> APIRouter:
    """Return the routes for credentials of one kind of owner."""
    router = APIRouter(prefix=prefix, tags=[f"{noun}s"], dependencies=SECURITY)

    @router.get(
        "",
        summary=f"List {noun}s",
        responses=refusals(*PROTECTED, "invalid_input", "unknown_provider"),
    )
    def search(
        portal: OpenPortal,
        caller: Caller,
        q: SearchText = "",
        provider: Annotated[str, Query(max_length=64, description="An id, or general.")] = "",
        status: Annotated[str, Query(max_length=64)] = "",
        health: Annotated[str, Query(max_length=64)] = "",
        environment: Annotated[str, Query(max_length=64, description="A label such as prod.")] = "",
        sort: SortColumn = USUAL_SORT,
        page: PageNumber = 1,
        size: PageSize = PAGE_SIZES[0],
    ) -> Page[CredentialOut]:
        wanted = CredentialFilter(q, provider, status, health, environment)
        found = credential_lists.search(portal, caller, ownership, wanted, sort, page=page, size=size)
        return Page[CredentialOut].model_validate(found)

    @router.post(
        "",
        status_code=201,
        summary=f"Save a new {noun}",
        responses=refusals(
            *PROTECTED, *WITH_BODY, "unknown_provider", "provider_disabled", "name_taken", "provider_taken"
        ),
    )
    def create(portal: OpenPortal, caller: Caller, body: CredentialCreate) -> CredentialOut:
        view = credentials.create(portal, caller, ownership, _new(body))
        return CredentialOut.model_validate(view)

    @router.post(
        "/test",
        summary=f"Test a {noun} before it is saved; nothing is stored",
        responses=refusals(*PROTECTED, *WITH_BODY, "unknown_provider", "provider_disabled", "too_many_tests"),
    )
    async def test_unsaved(portal: OpenPortal, caller: Caller, body: CheckUnsaved) -> CheckOut:
        unsaved = UnsavedKey(body.provider, Secret(body.api_key.get_secret_value()), body.fields)
        question = Question(body.with_model, body.model)
        return _check_out(await checks.check_unsaved(portal, caller, ownership, unsaved, question))

    @router.get("/{id}", summary=f"Show one {noun}", responses=refusals(*PROTECTED, "not_found"))
    def get(portal: OpenPortal, caller: Caller, credential_id: CredentialId) -> CredentialOut:
        view = credentials.get(portal, caller, ownership, credential_id)
        return CredentialOut.model_validate(view)

    @router.put(
        "/{id}",
        summary=f"Change one {noun}; what is absent stays",
        responses=refusals(
            *PROTECTED, *WITH_BODY, "not_found", "name_taken", "version_conflict", "rotation_under_way"
        ),
    )
    def update(
        portal: OpenPortal, caller: Caller, credential_id: CredentialId, body: CredentialChange
    ) -> CredentialOut:
        view = credential_order.change(portal, caller, ownership, credential_id, _edit(body), body.position)
        return CredentialOut.model_validate(view)

    @router.delete(
        "/{id}",
        status_code=204,
        summary=f"Delete one {noun}; its value is wiped at once",
        responses=refusals(*PROTECTED, "not_found"),
    )
    def delete(portal: OpenPortal, caller: Caller, credential_id: CredentialId) -> None:
        credentials.delete(portal, caller, ownership, credential_id)

    @router.post(
        "/{id}/test",
        summary=f"Test one saved {noun} with its provider",
        responses=refusals(
            *PROTECTED,
            "not_found",
            "provider_disabled",
            "key_unreadable",
            "needs_reentry",
            "invalid_input",
            "too_many_tests",
        ),
    )
    async def test(
        portal: OpenPortal,
        caller: Caller,
        credential_id: CredentialId,
        with_model: WithModel = False,
        model: ModelName = "",
    ) -> CheckOut:
        if ownership is Ownership.SYSTEM:
            await run_in_threadpool(credentials.get, portal, caller, ownership, credential_id)
        question = Question(with_model, model)
        return _check_out(await checks.check_saved(portal, caller, credential_id, question))

    @router.get(
        "/{id}/test",
        summary=f"Show what the last test of one saved {noun} found",
        responses=refusals(*PROTECTED, "not_found"),
    )
    def last_test(portal: OpenPortal, caller: Caller, credential_id: CredentialId) -> CheckOut:
        if ownership is Ownership.SYSTEM:
            credentials.get(portal, caller, ownership, credential_id)
        return _check_out(checks.last_check(portal, caller, credential_id))

    return router


def _new(body: CredentialCreate) -> NewCredential:
    return NewCredential(
        provider=body.provider or "",
        name=body.name,
        api_key=Secret(body.api_key.get_secret_value()),
        fields=body.fields,
        note=body.note,
        environment=body.environment,
        expires_at=body.expires_at,
        remind_at=body.remind_at,
        active=body.active,
        failover=body.failover,
    )


def _edit(body: CredentialChange) -> CredentialEdit:
    typed = body.api_key.get_secret_value() if body.api_key is not None else ""
    return CredentialEdit(
        version=body.version,
        name=body.name,
        api_key=Secret(typed) if typed.strip() else None,
        fields=body.fields,
        note=body.note,
        environment=body.environment,
        active=body.active,
        failover=body.failover,
        expires_at=body.expires_at if "expires_at" in body.model_fields_set else UNCHANGED,
        remind_at=body.remind_at if "remind_at" in body.model_fields_set else UNCHANGED,
    )


def _check_out(view: CheckView) -> CheckOut:
    known: dict[str, Any] = {name: getattr(view, name) for name in CheckOut.model_fields if name != "models"}
    models = ModelsOut(count=view.models_count, has_more=view.has_more_models, items=list(view.models))
    return CheckOut(**known, models=models)
