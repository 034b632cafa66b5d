"""How an added provider may be called: its name, the id made from it, its variables. All are its own."""

import re
import unicodedata
from collections.abc import Sequence

from keyportal.domain.errors import InvalidInput, NameTaken
from keyportal.domain.text import name_key, require_name
from keyportal.persistence.tables import ProviderRow
from keyportal.providers import custom
from keyportal.providers.registry import Registry
from keyportal.services.portal import Portal

_ID_LIMIT = 40
# In filters this stands for keys without a provider.
_RESERVED = ("general",)


def require_environment_names(
    portal: Portal, others: Sequence[ProviderRow], typed: Sequence[str]
) -> list[str]:
    """Return variables this provider may be given. Those of all others stay theirs."""
    taken = portal.live_registry.taken.also(name for row in others for name in row.environment_names or ())
    return custom.require_environment_names(typed, taken.names, taken.prefixes)


def require_free_name(registry: Registry, typed: str, but: str = "") -> str:
    name = require_name(typed)
    if any(unicodedata.category(c)[0] in "LN" and not c.isascii() for c in _decomposed(name)):
        raise InvalidInput(
            "Use letters from a to z and digits in the name: others look like another provider's.",
            field="name",
        )
    if any(_plain(p.name) == _plain(name) for p in registry.providers if p.id != but):
        raise NameTaken("There is a provider with this name already. Choose another name.", field="name")
    return name


def require_free_id(registry: Registry, rows: Sequence[ProviderRow], name: str) -> str:
    """Return the id made from a name: what programs ask for, so it never changes afterwards."""
    provider_id = _plain(name)[:_ID_LIMIT].strip("_")
    if not provider_id:
        raise InvalidInput(
            "Use at least one letter from a to z or a digit: programs ask for it by an id made from these.",
            field="name",
        )
    if provider_id in _RESERVED:
        raise NameTaken("Keys without a provider are called that. Choose another name.", field="name")
    if registry.find(provider_id) is not None or any(row.id == provider_id for row in rows):
        raise NameTaken(
            f"This name leads to the id {provider_id}, which another provider has. Choose another name.",
            field="name",
        )
    return provider_id


def _decomposed(name: str) -> str:
    return unicodedata.normalize("NFKD", name_key(name))


def _plain(name: str) -> str:
    """Return what is left of a name without accents, marks and what nobody can see."""
    plain = _decomposed(name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
