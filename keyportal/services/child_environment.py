"""The environment of a program that is started with resolved keys: theirs, and nothing that rivals them.

Pure: reads no database and no settings. Values go into the mapping that is returned and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from keyportal.domain.errors import InvalidInput
from keyportal.domain.secret import Secret
from keyportal.providers.base import Provider
from keyportal.providers.registry import CATALOGUE, Registry
from keyportal.providers.sdk_variables import sdk_variables_of

# The portal's own: no program that is started for a key has a use for them.
_OWN = ("API_KEY_ENCRYPTION_KEY", "KEYPORTAL_")
_OWN_NAMES = frozenset({"DATABASE_URL", "REDIS_URL"})
# An AWS key of the one kind is no key of the other: with an id beside it, it signs.
_SIGNING_KEY = "AWS_SECRET_ACCESS_KEY"
_SIGNING_ID = "access_key_id"
_MAY_BE_NAMED = re.compile(r"[A-Z][A-Z0-9_]*_API_KEY", re.ASCII)
_OF_CATALOGUE = frozenset(name for provider in CATALOGUE for name in provider.environment_names)


@dataclass(frozen=True)
class KeyForChild:
    """A resolved key. `names` are what the portal looks in: they are set where the catalogue has none."""

    provider: str
    api_key: Secret
    fields: Mapping[str, str] = field(repr=False)
    base_url: str = ""
    names: tuple[str, ...] = ()


def names_that_may_be_given(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the variables a portal names that are a key's and no other provider's.

    Whoever names LD_PRELOAD, BASH_ENV or PATH decides what the program does: a portal hands out keys only.
    """
    return tuple(
        name
        for name in names
        if _MAY_BE_NAMED.fullmatch(name) and not _is_own(name) and name not in _OF_CATALOGUE
    )


def child_environment(parent: Mapping[str, str], keys: Sequence[KeyForChild]) -> dict[str, str]:
    """Return the parent's environment with these keys in the place of whatever it had for their providers.

    Raises InvalidInput, naming variables only: two keys want the same one, a provider has none, or a
    value cannot stand in an environment.
    """
    given: dict[str, str] = {}
    for key in keys:
        for name, value in variables_for(key).items():
            if given.setdefault(name, value) != value:
                raise InvalidInput(f"{name} would have to hold two values. Start one program for each.")
    stale = {name for key in keys for name in names_for(key)}
    kept = {k: v for k, v in parent.items() if k not in stale and not _is_own(k)}
    return {**kept, **given}


def variables_for(key: KeyForChild) -> dict[str, str]:
    """Return the variables a key and what belongs to it are handed over in. Raises InvalidInput."""
    found = dict.fromkeys(_key_names(key), key.api_key.reveal())
    for name, field_name in _field_names(key):
        if key.fields.get(field_name):
            found[name] = key.fields[field_name]
    sdk, provider = sdk_variables_of(key.provider), _known(key)
    if sdk.address and key.base_url and provider and not _is_same(key.base_url, provider.base_url):
        found[sdk.address] = key.base_url
    if any("\x00" in value for value in found.values()):
        raise InvalidInput(f"The key for {key.provider} has a NUL in it. No variable can hold it.")
    return found


def names_for(key: KeyForChild) -> set[str]:
    """Return every variable that says something about a provider's key: what is not set is taken away."""
    sdk, provider = sdk_variables_of(key.provider), _known(key)
    names = {*sdk.rivals, *(name for name, _ in _field_names(key))}
    if provider is None:
        names.update(names_that_may_be_given(key.names))
    else:
        names.update(key.names, provider.environment_names, provider.file_environment_names)
    return (names | {sdk.address}) - {""}


def _key_names(key: KeyForChild) -> Iterable[str]:
    provider = _known(key)
    names = provider.environment_names if provider else names_that_may_be_given(key.names)
    if not names:
        raise InvalidInput(
            f"No variable is known for the provider {key.provider}. An admin can give it one that ends in"
            " _API_KEY on the Providers page."
        )
    if _SIGNING_KEY in names:
        return [n for n in names if (n == _SIGNING_KEY) is bool(key.fields.get(_SIGNING_ID))]
    return names


def _field_names(key: KeyForChild) -> list[tuple[str, str]]:
    """Return pairs of a variable and the field it holds."""
    provider = _known(key)
    fields = provider.fields if provider is not None else ()
    pairs = [(name, wanted.name) for wanted in fields for name in wanted.environment_names]
    return [*pairs, *((name, of) for of, name in sdk_variables_of(key.provider).fields.items())]


def _known(key: KeyForChild) -> Provider | None:
    return Registry.of({}).find(key.provider)


def _is_same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def _is_own(name: str) -> bool:
    return name.startswith(_OWN) or name in _OWN_NAMES
