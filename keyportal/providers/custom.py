"""Providers an admin adds: an address that speaks as OpenAI does. Data only, like the catalogue."""

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

from keyportal.domain.errors import InvalidInput
from keyportal.providers.base import HeaderAuth, Provider, ProviderKind
from keyportal.providers.families import BEARER, openai_like
from keyportal.providers.urls import parse_url

URL_LIMIT = 500
MOST_ENVIRONMENT_NAMES = 8
# An admin of the pages is not the operator: other variables of the server are out of reach.
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,91}_API_KEY", re.ASCII)


class AuthStyle(StrEnum):
    """Where such an address wants its key."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"


_AUTH = {
    AuthStyle.BEARER: BEARER,
    AuthStyle.X_API_KEY: HeaderAuth("x-api-key"),
    AuthStyle.API_KEY: HeaderAuth("api-key"),
}


def custom_provider(
    *, provider_id: str, name: str, base_url: str, auth_style: AuthStyle, environment_names: tuple[str, ...]
) -> Provider:
    """Return a provider at an admin's address. Some such servers take any key: the check compares.

    Raises:
        InvalidInput: the address is unusable.
    """
    return Provider(
        id=provider_id,
        name=name,
        kind=ProviderKind.OTHER,
        base_url="",
        environment_names=environment_names,
        console_url="",
        how_to="An admin added this provider. Ask them where to get a key.",
        check=openai_like(auth=_AUTH[auth_style], compare_made_up=True),
        is_custom=True,
    ).with_base_url(base_url, by_operator=False)


def require_base_url(url: str) -> str:
    """Return an address that a provider can be moved to, without a slash at its end.

    Raises:
        InvalidInput: the address is unusable; the message never holds it.
    """
    if len(url) > URL_LIMIT:
        raise InvalidInput(f"An address has at most {URL_LIMIT} characters.", field="base_url")
    if "?" in url:
        raise InvalidInput(
            "This address cannot be used. Leave out everything from the ? on.", field="base_url"
        )
    parse_url(url)
    return url.rstrip("/")


def require_environment_names(
    typed: Sequence[str], taken: Collection[str], prefixes: Sequence[str] = ()
) -> list[str]:
    """Return the names of the variables an added provider's key may stand in.

    Raises:
        InvalidInput: one is no such name, or is `taken` by a provider of the catalogue, as it is or
            behind one of the operator's prefixes.
    """
    names = list(dict.fromkeys(name.strip() for name in typed if name.strip()))
    if len(names) > MOST_ENVIRONMENT_NAMES:
        raise InvalidInput(
            f"Give at most {MOST_ENVIRONMENT_NAMES} environment variables.", field="environment_names"
        )
    if not all(_ENVIRONMENT_NAME.fullmatch(name) for name in names):
        raise InvalidInput(
            "An environment variable has a name of capitals, digits and underscores that ends in"
            " _API_KEY, such as LOCAL_LLM_API_KEY. Others of the server cannot be read from here.",
            field="environment_names",
        )
    if any(before + name in taken for name in names for before in ("", *prefixes)):
        raise InvalidInput(
            "One of these variables belongs to another provider, and its key would be sent to this"
            " address. Use a variable of its own.",
            field="environment_names",
        )
    return names
