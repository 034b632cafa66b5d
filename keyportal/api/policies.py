"""The policies over REST: what admins decide for everybody."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.errors import PROTECTED, WITH_BODY, refusals
from keyportal.api.policy_schemas import PoliciesChange, PoliciesOut
from keyportal.services import policies
from keyportal.services.policies import PoliciesView

router = APIRouter(prefix="/api/admin/policies", tags=["Policies"], dependencies=SECURITY)


@router.get("", summary="Show the policies", responses=refusals(*PROTECTED))
def get(portal: OpenPortal, caller: Caller) -> PoliciesOut:
    return _out(policies.get_policies(portal, caller))


@router.put(
    "",
    summary="Change policies; what is absent stays, and a change counts at once",
    responses=refusals(*PROTECTED, *WITH_BODY, "unknown_provider", "version_conflict"),
)
def change(portal: OpenPortal, caller: Caller, body: PoliciesChange) -> PoliciesOut:
    changes = body.model_dump(exclude_unset=True, exclude={"version"})
    return _out(policies.change_policies(portal, caller, changes, version=body.version))


def _out(view: PoliciesView) -> PoliciesOut:
    return PoliciesOut(**view.policies.as_json(), version=view.version)
