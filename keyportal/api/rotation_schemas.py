"""The JSON of the routes that rotate a key."""

from pydantic import Field, SecretStr

from keyportal.api.schema_base import In
from keyportal.services.credential_rotation import GRACE_DAYS, USUAL_GRACE_DAYS


class RotationStart(In):
    """The value that is to replace the present one. It waits until the rotation is finished."""

    api_key: SecretStr
    fields: dict[str, str] | None = Field(
        None, max_length=20, description="As the provider needs them; absent keeps those of the key."
    )


class RotationFinish(In):
    grace_days: int = Field(
        USUAL_GRACE_DAYS,
        description=f"How long the old value stays usable: {', '.join(map(str, GRACE_DAYS))} days.",
    )
