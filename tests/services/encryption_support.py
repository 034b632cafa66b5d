"""A portal whose encryption key is changed: before, meanwhile and after."""

from collections.abc import Callable

from keyportal.domain.principals import operator_principal
from keyportal.services import encryption_keys, encryption_rotation
from keyportal.services.encryption_keys import EncryptionStatus
from keyportal.services.encryption_rotation import RotationReport
from keyportal.services.portal import Portal
from tests.support import ENCRYPTION_KEY, OTHER_KEY

OPERATOR = operator_principal()
BEHIND = {"API_KEY_ENCRYPTION_KEY": OTHER_KEY, "API_KEY_ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}
# What a server has that was told of the new key and still seals with the first.
AHEAD = {"API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY, "API_KEY_ENCRYPTION_KEY_PREVIOUS": OTHER_KEY}
ALONE = {"API_KEY_ENCRYPTION_KEY": OTHER_KEY}


def rotate(portal: Portal, on_progress: Callable[[int, int], None] | None = None) -> RotationReport:
    return encryption_rotation.rotate(portal, OPERATOR, on_progress)


def status(portal: Portal) -> EncryptionStatus:
    return encryption_keys.status(portal, OPERATOR)


def states(portal: Portal) -> dict[str, str]:
    return {key.id: str(key.state) for key in status(portal).keys}
