"""Every provider KeyPortal knows, by id. Holds no state that changes and never calls a provider."""

from collections.abc import Mapping
from dataclasses import dataclass

from keyportal.domain.errors import InvalidInput, UnknownProvider, UnusableSetting
from keyportal.providers.base import Provider, origin_of
from keyportal.providers.catalogue import anthropic, deepgram, deepseek, gemini, openai, openrouter

CATALOGUE = (
    anthropic.PROVIDER,
    deepgram.PROVIDER,
    deepseek.PROVIDER,
    gemini.PROVIDER,
    openai.PROVIDER,
    openrouter.PROVIDER,
)


@dataclass(frozen=True)
class Registry:
    """The providers of this deployment, and the origins its operator allowed."""

    providers: tuple[Provider, ...]
    allowed_origins: frozenset[str] = frozenset()

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
        return cls(tuple(by_id.values()), frozenset(origins))

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
        value = value.strip()
        scores = {provider.id: _distinctive_length(provider, value) for provider in self.providers}
        best = max(scores.values(), default=0)
        winners = [provider_id for provider_id, score in scores.items() if score == best]
        return self.get(winners[0]) if best and len(winners) == 1 else None


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
