"""The one table from error codes to HTTP statuses, and the one shape every refusal has.

Never repeats what the caller sent: not a value, and not the name of an unknown field.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from keyportal.api.schemas import KNOWN_FIELDS, ErrorAnswer
from keyportal.api.visits import body_fields_of, methods_at, visit_of
from keyportal.domain.errors import (
    STORAGE_FAULTS,
    InvalidInput,
    KeyPortalError,
    NotFound,
    StorageUnavailable,
    TooManyAttempts,
)

RETRY_STORAGE_S = 5


class InvalidBody(KeyPortalError):
    code = "invalid_json"
    message = "The body is not valid JSON. Send one JSON object in UTF-8."


class InvalidForm(KeyPortalError):
    code = "invalid_form"
    message = "The body is not a valid form. Send each field once, URL-encoded in UTF-8."


class BodyTooLarge(KeyPortalError):
    code = "body_too_large"
    message = "The body is too large."


class BodyTooSlow(KeyPortalError):
    code = "body_too_slow"
    message = "The body did not arrive in time. Send it in one piece."


class UnsupportedMediaType(KeyPortalError):
    code = "unsupported_media_type"
    message = "This route takes another content type."


class MethodNotAllowed(KeyPortalError):
    """`allowed` are the methods this address answers to."""

    code = "method_not_allowed"
    message = "This address does not take this method."

    def __init__(self, allowed: str = "") -> None:
        super().__init__()
        self.allowed = allowed


STATUS_OF = {
    "error": 500,
    "internal": 500,
    "unusable_setting": 500,
    "unopenable": 500,
    "backup_refused": 500,
    "backup_failed": 500,
    "restore_refused": 500,
    "invalid_json": 400,
    "invalid_form": 400,
    "not_signed_in": 401,
    "sign_in_failed": 401,
    "agent_key_refused": 401,
    "agent_key_expired": 401,
    "agent_key_revoked": 401,
    "forbidden": 403,
    "origin_refused": 403,
    "not_found": 404,
    "unknown_provider": 404,
    "provider_disabled": 404,
    "no_key": 404,
    "link_ended": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "name_taken": 409,
    "email_taken": 409,
    "already_set_up": 409,
    "last_admin": 409,
    "not_yourself": 409,
    "wrong_person_status": 409,
    "provider_in_use": 409,
    "key_unreadable": 409,
    "needs_reentry": 409,
    "provider_taken": 409,
    "link_taken": 409,
    "rotation_under_way": 409,
    "resealing_under_way": 409,
    "process_lacks_key": 409,
    "encryption_key_held": 409,
    "already_reported": 409,
    "reported_too_late": 409,
    "version_conflict": 412,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "invalid_input": 422,
    "line_refused": 422,
    "too_many_attempts": 429,
    "too_many_tests": 429,
    "unreachable": 502,
    "storage_unavailable": 503,
    "storage_read_only": 503,
    "storage_damaged": 503,
    "storage_full": 507,
}

# The database's own troubles: any route that asks it may answer with one.
STORAGE = tuple(fault.code for fault in STORAGE_FAULTS)

# What a route with credentials can always answer, and what one with a JSON body can besides.
PROTECTED = (
    "not_signed_in",
    "agent_key_refused",
    "agent_key_expired",
    "agent_key_revoked",
    "forbidden",
    "origin_refused",
    *STORAGE,
)
WITH_BODY = ("invalid_json", "body_too_slow", "body_too_large", "unsupported_media_type", "invalid_input")
WITH_FORM = ("invalid_form", "body_too_slow", "body_too_large", "unsupported_media_type", "invalid_input")

_CHALLENGES = {
    "not_signed_in": "Bearer",
    "agent_key_refused": 'Bearer error="invalid_token"',
    "agent_key_expired": 'Bearer error="invalid_token"',
    "agent_key_revoked": 'Bearer error="invalid_token"',
}

# What pydantic found, in words. Whatever is not here is only called unusable.
_EXPECTED = {
    "missing": "is missing",
    "string_type": "has to be text",
    "string_too_short": "is too short: at least {min_length} characters",
    "string_too_long": "is too long: at most {max_length} characters",
    "bool_type": "has to be true or false",
    "int_type": "has to be a whole number",
    "int_parsing": "has to be a whole number",
    "int_parsing_size": "has to be a smaller whole number",
    "greater_than_equal": "has to be at least {ge}",
    "less_than_equal": "has to be at most {le}",
    "dict_type": "has to be an object of texts",
    "list_type": "has to be a list of texts",
    "too_long": "has too many items: at most {max_length}",
    "value_error": "{error}",
}


def answer_for(error: Exception, provider_fields: frozenset[str] = frozenset()) -> JSONResponse:
    """Return the answer an error gets. Whatever is not ours, or not for callers, becomes `internal`."""
    code = error.code if isinstance(error, KeyPortalError) else "internal"
    status = STATUS_OF.get(code, 500)
    if status == 500 or not isinstance(error, KeyPortalError):
        return _shaped(500, {"code": "internal", "message": KeyPortalError.message})
    body = {"code": code, "message": error.message}
    if error.field in KNOWN_FIELDS | provider_fields:
        body["field"] = str(error.field)
    return _shaped(status, body, _headers(error))


def refusals(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that can refuse with these codes."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in (*codes, "internal"):
        by_status[STATUS_OF[code]].append(f"`{code}`")
    return {
        status: {"model": ErrorAnswer, "description": " or ".join(found)}
        for status, found in sorted(by_status.items())
    }


async def translate_http(request: Request, error: Exception) -> JSONResponse:
    """Raise the framework's own refusals again as ours; `Answers` answers them."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal: KeyPortalError
    match status:
        case 404:
            refusal = unknown_address()
        case 405:
            refusal = MethodNotAllowed(methods_at(request.scope))
        case 413:
            refusal = BodyTooLarge()
        case 400 | 422:
            refusal = InvalidInput()
        case _:
            refusal = KeyPortalError()
    raise refusal from None


async def translate_validation(request: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    known = body_fields_of(visit_of(request.scope).route)
    raise _invalid_input(problems[0] if problems else {}, known) from None


def unknown_address() -> NotFound:
    return NotFound("There is nothing at this address. GET /api/openapi.json lists what there is.")


def _invalid_input(problem: Mapping[str, Any], known: list[str]) -> InvalidInput:
    """Put one finding of pydantic into words made of our own names only."""
    place = [part for part in problem.get("loc", ()) if isinstance(part, str)]
    if problem.get("type") == "extra_forbidden":
        return InvalidInput(f"There is a field here that this route does not take. It takes {_list(known)}.")
    if len(place) < 2 or place[1] not in KNOWN_FIELDS | {"id"}:
        return InvalidInput(f"Send one object with the fields {_list(known)}." if known else None)
    field = place[1]
    if len(problem["loc"]) > 2 and field in ("fields", "scopes", "environment_names"):
        return InvalidInput(f"{field} holds something that is not text.", field=field)
    if len(problem["loc"]) > 2 and field == "rows":
        return InvalidInput("rows is a list of objects with line, action, provider and name.", field=field)
    wording = _EXPECTED.get(problem["type"], "cannot be used")
    return InvalidInput(f"{field} {wording.format_map(problem.get('ctx') or {})}.", field=field)


def _list(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def _headers(error: KeyPortalError) -> dict[str, str]:
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, MethodNotAllowed):
        return {"Allow": error.allowed}
    if isinstance(error, StorageUnavailable):
        return {"Retry-After": str(RETRY_STORAGE_S)}
    challenge = _CHALLENGES.get(error.code)
    return {"WWW-Authenticate": challenge} if challenge else {}


def _shaped(status: int, error: dict[str, str], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": error}, status, headers)
