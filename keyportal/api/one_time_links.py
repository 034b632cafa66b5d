"""The native forms behind one-time links. The token comes in a body: an address would stand in logs."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from keyportal.api.auth import OpenPortal, address_of, require_own_origin, user_agent_of
from keyportal.api.errors import STORAGE, WITH_FORM, refusals
from keyportal.api.people_schemas import JoinForm, LinkForm
from keyportal.api.sign_in import SEE_OTHER, enter
from keyportal.domain.secret import Secret
from keyportal.services import one_time_links

router = APIRouter(prefix="/api/auth", tags=["Sign-in"], default_response_class=RedirectResponse)

_REFUSALS = refusals(*WITH_FORM, "link_ended", "origin_refused", "too_many_attempts", *STORAGE)


@router.post("/join", summary="Make your account with an invitation", responses=_REFUSALS, **SEE_OTHER)
def submit_join(portal: OpenPortal, request: Request, form: Annotated[JoinForm, Form()]) -> RedirectResponse:
    require_own_origin(request, portal.settings, absent_is_fine=True)
    token, password = form.token.get_secret_value(), Secret(form.password.get_secret_value())
    signed_in = one_time_links.join(
        portal, token, password, form.name, address_of(request), user_agent_of(request)
    )
    return enter(portal, request, signed_in)


@router.post("/reset", summary="Choose another password with a link", responses=_REFUSALS, **SEE_OTHER)
def submit_reset(portal: OpenPortal, request: Request, form: Annotated[LinkForm, Form()]) -> RedirectResponse:
    require_own_origin(request, portal.settings, absent_is_fine=True)
    token, password = form.token.get_secret_value(), Secret(form.password.get_secret_value())
    signed_in = one_time_links.reset(portal, token, password, address_of(request), user_agent_of(request))
    return enter(portal, request, signed_in)
