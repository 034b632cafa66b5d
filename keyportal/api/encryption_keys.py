"""The encryption keys over REST, for admins: where they stand, and sealing everything anew."""

from fastapi import APIRouter

from keyportal.api.auth import SECURITY, Caller, OpenPortal
from keyportal.api.encryption_schemas import EncryptionOut, RotationOut
from keyportal.api.errors import PROTECTED, refusals
from keyportal.domain.errors import ProcessLacksKey, UnusableSetting
from keyportal.services import encryption_overview, encryption_rotation

router = APIRouter(prefix="/api/admin/encryption-key", tags=["Encryption key"], dependencies=SECURITY)


@router.get(
    "",
    summary="Where the encryption keys stand, what is left to do, and which servers hold the current one",
    responses=refusals(*PROTECTED),
)
def get(portal: OpenPortal, caller: Caller) -> EncryptionOut:
    found = encryption_overview.overview_of(portal, caller)
    also = {"backup_at": found.backup.at, "waits_for_restart": found.status.waits_for_restart}
    return EncryptionOut.model_validate({**vars(found.status), **vars(found), **also})


@router.post(
    "/rotation",
    summary="Seal every value with the current key; half a minute for 100,000. Again does nothing",
    responses=refusals(*PROTECTED, "resealing_under_way", "process_lacks_key"),
)
def rotate(portal: OpenPortal, caller: Caller) -> RotationOut:
    try:
        return RotationOut.model_validate(encryption_rotation.rotate(portal, caller))
    except UnusableSetting as missing:
        # To who calls it is this server that lacks a key; its settings are nothing they can see.
        raise ProcessLacksKey(missing.message) from None
