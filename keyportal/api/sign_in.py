"""The native forms: signing in, setting up, signing out. The token travels in a cookie and nowhere else."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from keyportal.api.auth import (
    SECURITY,
    Caller,
    OpenPortal,
    address_of,
    find_signed_in,
    require_own_origin,
    user_agent_of,
)
from keyportal.api.errors import PROTECTED, STORAGE, WITH_FORM, refusals
from keyportal.api.people_schemas import PasswordForm
from keyportal.api.schemas import SetUpForm, SignInForm
from keyportal.api.visits import visit_of
from keyportal.domain.addresses import HOME, own_page
from keyportal.domain.principals import Role
from keyportal.domain.secret import Secret
from keyportal.services import account, sessions, sign_in
from keyportal.services.portal import Portal
from keyportal.services.sign_in import SignedIn
from keyportal.services.users import NewUser
from keyportal.settings import Settings

router = APIRouter(prefix="/api/auth", tags=["Sign-in"], default_response_class=RedirectResponse)

SEE_OTHER: dict[str, Any] = {"status_code": 303, "response_class": RedirectResponse}


@router.post(
    "/sign-in",
    summary="Sign in with a form; the answer sets the session cookie",
    responses=refusals(*WITH_FORM, "sign_in_failed", "origin_refused", "too_many_attempts", *STORAGE),
    **SEE_OTHER,
)
def submit_sign_in(
    portal: OpenPortal, request: Request, form: Annotated[SignInForm, Form()]
) -> RedirectResponse:
    require_own_origin(request, portal.settings, absent_is_fine=True)
    visit = visit_of(request.scope)
    # Kept for a refusal, too: the next try goes to the same page.
    visit.next_page = own_page(form.next, request.app.state.pages) if form.next else ""
    password = Secret(form.password.get_secret_value())
    signed_in = sign_in.sign_in(portal, form.email, password, address_of(request), user_agent_of(request))
    return enter(portal, request, signed_in, visit.next_page or HOME)


@router.post(
    "/set-up",
    summary="Make the first admin with the code from the console",
    responses=refusals(*WITH_FORM, "already_set_up", "origin_refused", "too_many_attempts", *STORAGE),
    **SEE_OTHER,
)
def submit_set_up(
    portal: OpenPortal, request: Request, form: Annotated[SetUpForm, Form()]
) -> RedirectResponse:
    require_own_origin(request, portal.settings, absent_is_fine=True)
    new = NewUser(form.email, Secret(form.password.get_secret_value()), Role.ADMIN, form.name)
    signed_in = sign_in.set_up(
        portal, form.code.get_secret_value(), new, address_of(request), user_agent_of(request)
    )
    return enter(portal, request, signed_in)


@router.post(
    "/password",
    summary="Change your password; every other session of yours ends",
    responses=refusals(*PROTECTED, *WITH_FORM, "too_many_attempts"),
    dependencies=SECURITY,
    **SEE_OTHER,
)
def submit_password(
    portal: OpenPortal, caller: Caller, request: Request, form: Annotated[PasswordForm, Form()]
) -> RedirectResponse:
    current, new = (Secret(s.get_secret_value()) for s in (form.current_password, form.password))
    signed_in = account.change_password(portal, caller, current, new, user_agent_of(request))
    return enter(portal, request, signed_in, "/account?changed=password")


@router.post(
    "/sign-out",
    summary="End the session of the cookie; doing it twice is no error",
    responses=refusals("origin_refused", *STORAGE),
    **SEE_OTHER,
)
def submit_sign_out(portal: OpenPortal, request: Request) -> RedirectResponse:
    require_own_origin(request, portal.settings)
    _end_session(portal, request)
    answer = RedirectResponse("/sign-in", 303)
    _set_cookie(answer, portal.settings, "", max_age=0)
    return answer


def enter(portal: Portal, request: Request, signed_in: SignedIn, page: str = HOME) -> RedirectResponse:
    """Answer with a new token; the session of a cookie that came along ends."""
    _end_session(portal, request)
    answer = RedirectResponse(page, 303)
    max_age = int(sessions.ABSOLUTE.total_seconds())
    _set_cookie(answer, portal.settings, signed_in.token.reveal(), max_age=max_age)
    return answer


def _end_session(portal: Portal, request: Request) -> None:
    former = find_signed_in(portal, request)
    if former is not None:
        sessions.sign_out(portal, former)


def _set_cookie(answer: RedirectResponse, settings: Settings, token: str, *, max_age: int) -> None:
    answer.set_cookie(
        sessions.cookie_name(settings),
        token,
        max_age=max_age,
        path="/",
        secure=settings.is_public_https,
        httponly=True,
        samesite="lax",
    )
