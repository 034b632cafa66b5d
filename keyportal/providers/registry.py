"""Every provider KeyPortal knows, by id: the catalogue's, moved or added to by an operator or admin.

Holds no state that changes and never calls a provider.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, replace

from keyportal.domain.errors import InvalidInput, ProviderDisabled, UnknownProvider, UnusableSetting
from keyportal.providers import catalogue
from keyportal.providers.base import Provider, origin_of


def _read_catalogue() -> tuple[Provider, ...]:
    """Return what each file of the catalogue says: a new provider is a new file and nothing else."""
    names = sorted(module.name for module in pkgutil.iter_modules(catalogue.__path__))
    modules = (importlib.import_module(f"{catalogue.__name__}.{name}") for name in names)
    return tuple(provider for module in modules for provider in _providers_in(module))


def _providers_in(module: object) -> tuple[Provider, ...]:
    one: Provider | None = getattr(module, "PROVIDER", None)
    return (one,) if one is not None else tuple(getattr(module, "PROVIDERS", ()))


CATALOGUE = _read_catalogue()


@dataclass(frozen=True)
class Registry:
    """The providers of this deployment, and the origins its operator and admins allowed.

    `fixed` are the providers whose address the operator set; no admin moves them.
    """

    providers: tuple[Provider, ...]
    allowed_origins: frozenset[str] = frozenset()
    disabled: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, overrides: Mapping[str, str]) -> "Registry":
        """Build the registry from the catalogue and the operator's base URLs by provider id.

        Raises:
            UnusableSetting: an id is unknown or an address unusable; it holds no value.
        """
        by_id = {provider.id: provider for provider in CATALOGUE}
        origins: set[str] = set()
        for given_id, url in overrides.items():
            provider = by_id.get(given_id.lower())
            if provider is None:
                raise UnusableSetting(_setting(given_id), "no provider of the catalogue has this id")
            by_id[provider.id] = _moved(provider, url)
            origins.add(origin_of(url))
        fixed = frozenset(given_id.lower() for given_id in overrides)
        return cls(tuple(by_id.values()), frozenset(origins), fixed=fixed)

    def with_provider(self, provider: Provider) -> "Registry":
        """Return a registry with this provider added, or in the place of the one with its id."""
        others = tuple(known for known in self.providers if known.id != provider.id)
        return replace(self, providers=(*others, provider))

    def allowing(self, url: str) -> "Registry":
        """Return a registry that may also call the origin of an address."""
        return replace(self, allowed_origins=self.allowed_origins | {origin_of(url)})

    def without(self, provider_id: str) -> "Registry":
        """Return a registry in which a provider is turned off: known, but not to be used."""
        return replace(self, disabled=self.disabled | {provider_id})

    def is_enabled(self, provider_id: str) -> bool:
        return provider_id not in self.disabled

    def get_enabled(self, provider_id: str) -> Provider:
        """Return a provider that is on, by id, whatever its case.

        Raises:
            UnknownProvider: there is no such id.
            ProviderDisabled: an admin turned it off.
        """
        provider = self.get(provider_id)
        if not self.is_enabled(provider.id):
            raise ProviderDisabled(f"{provider.name} is turned off here. An admin can turn it on.")
        return provider

    def get(self, provider_id: str) -> Provider:
        """Return a provider by id, whatever its case.

        Raises:
            UnknownProvider: the catalogue has no such id.
        """
        provider = self.find(provider_id)
        if provider is None:
            raise UnknownProvider
        return provider

    def find(self, provider_id: str) -> Provider | None:
        """Return a provider by id, whatever its case, or None."""
        wanted = provider_id.lower()
        return next((provider for provider in self.providers if provider.id == wanted), None)

    def all(self) -> tuple[Provider, ...]:
        """Return all providers by name."""
        return tuple(sorted(self.providers, key=lambda provider: provider.name.lower()))

    def guess(self, value: str) -> Provider | None:
        """Return the provider a pasted value gives away: the longest opening, None on a tie."""
        found = self.candidates(value)
        return found[0] if len(found) == 1 else None

    def candidates(self, value: str) -> tuple[Provider, ...]:
        """Return the providers a pasted value could be for: those with the longest opening, by name."""
        value = value.strip()
        enabled = (provider for provider in self.providers if self.is_enabled(provider.id))
        scores = {provider.id: _distinctive_length(provider, value) for provider in enabled}
        best = max(scores.values(), default=0)
        return tuple(p for p in self.all() if best and scores.get(p.id) == best)


def _distinctive_length(provider: Provider, value: str) -> int:
    return max((known.recognised_length(value) for known in provider.formats), default=0)


def _moved(provider: Provider, url: str) -> Provider:
    try:
        return provider.with_base_url(url)
    except InvalidInput:
        reason = "is not a usable address; write it like https://host or http://host:8080/v1"
    raise UnusableSetting(_setting(provider.id), reason)


def _setting(provider_id: str) -> str:
    return f"KEYPORTAL_BASE_URL_{provider_id.upper()}"
