"""The environment of a program that is started with resolved keys: theirs, and nothing that rivals them.

Pure: reads no environment of its own. Values go into the mapping that is returned and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keyportal.client.answers import Kept, Resolution
from keyportal.client.errors import ClientError
from keyportal.client.variables import KNOWN, Variables

# The portal's own: no program that is started for a key has a use for them.
_OWN = ("API_KEY_ENCRYPTION_KEY", "KEYPORTAL_")
_OWN_NAMES = frozenset({"DATABASE_URL", "REDIS_URL"})
# An AWS key of the one kind is no key of the other: with an id beside it, it signs.
_SIGNING_KEY = "AWS_SECRET_ACCESS_KEY"
_SIGNING_ID = "access_key_id"
_MAY_BE_NAMED = re.compile(r"[A-Z][A-Z0-9_]*_API_KEY", re.ASCII)
_ALREADY_MEANT = frozenset(name for known in KNOWN.values() for name in known.names)


class CannotHandOver(ClientError):
    """No environment can hold these keys. The message names variables and providers, never a value."""

    code = "cannot_hand_over"


@dataclass(frozen=True)
class KeyForChild:
    """A resolved key. `names` are what the portal looks in: they are set where none are known here."""

    provider: str
    kept: Kept
    base_url: str = ""
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, resolution: Resolution, names: Iterable[str]) -> "KeyForChild":
        """Return what a portal handed out. Of the names it gives, only a key's own are taken."""
        kept = Kept(resolution.api_key, resolution.fields)
        own = () if resolution.provider in KNOWN else names_that_may_be_given(names)
        return cls(resolution.provider, kept, resolution.base_url, own)


def names_that_may_be_given(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the variables a portal names that are a key's and no other provider's.

    Whoever names LD_PRELOAD, BASH_ENV or PATH decides what the program does: a portal hands out keys only.
    """
    return tuple(
        name
        for name in names
        if _MAY_BE_NAMED.fullmatch(name) and not _is_own(name) and name not in _ALREADY_MEANT
    )


def child_environment(parent: Mapping[str, str], keys: Sequence[KeyForChild]) -> dict[str, str]:
    """Return the parent's environment with these keys in the place of whatever it had for their providers.

    Raises CannotHandOver: two keys want the same variable, a provider has none, or a value cannot stand
    in an environment.
    """
    given: dict[str, str] = {}
    for key in keys:
        for name, value in variables_for(key).items():
            if given.setdefault(name, value) != value:
                raise CannotHandOver(f"{name} would have to hold two values. Start one program for each.")
    stale = {name for key in keys for name in names_for(key)}
    kept = {k: v for k, v in parent.items() if k not in stale and not _is_own(k)}
    return {**kept, **given}


def variables_for(key: KeyForChild) -> dict[str, str]:
    """Return the variables a key and what belongs to it are handed over in. Raises CannotHandOver."""
    fields, known = key.kept.fields(), _known(key)
    found = dict.fromkeys(_key_names(key), key.kept.api_key())
    for of, names in known.fields.items():
        if fields.get(of):
            found.update(dict.fromkeys(names, fields[of]))
    if known.address and key.base_url and not _is_same(key.base_url, known.usual_address):
        found[known.address] = key.base_url
    if any("\x00" in value for value in found.values()):
        raise CannotHandOver(f"The key for {key.provider} has a NUL in it. No variable can hold it.")
    return found


def names_for(key: KeyForChild) -> set[str]:
    """Return every variable that says something about a provider's key: what is not set is taken away."""
    known = _known(key)
    given = key.names if key.provider in KNOWN else names_that_may_be_given(key.names)
    beside = (name for names in known.fields.values() for name in names)
    return {*given, *known.names, *known.files, *known.rivals, *beside, known.address} - {""}


def _key_names(key: KeyForChild) -> Sequence[str]:
    names = _known(key).names or names_that_may_be_given(key.names)
    if not names:
        raise CannotHandOver(
            f"No variable is known for the provider {key.provider}. An admin can give it one that ends in"
            " _API_KEY on the Providers page."
        )
    if _SIGNING_KEY in names:
        return [n for n in names if (n == _SIGNING_KEY) is bool(key.kept.fields().get(_SIGNING_ID))]
    return names


def _known(key: KeyForChild) -> Variables:
    return KNOWN.get(key.provider, Variables(()))


def _is_same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def _is_own(name: str) -> bool:
    return name.startswith(_OWN) or name in _OWN_NAMES
