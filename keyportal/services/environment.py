"""Keys in the server's environment: which variables are asked, what they hold, what stands beside them."""

from keyportal.domain.credentials import is_placeholder
from keyportal.domain.secret import Secret
from keyportal.providers.base import Provider
from keyportal.resolver import Situation
from keyportal.settings import Settings


def names_of(settings: Settings, provider: Provider) -> tuple[str, ...]:
    """Return the variables tried for a provider: configured, usual, then prefixed; first non-empty wins."""
    configured = settings.environment_names.get(provider.id, ())
    usual = provider.environment_names + provider.file_environment_names
    prefixed = tuple(p + n for p in settings.environment_prefixes for n in provider.environment_names)
    return tuple(dict.fromkeys((*configured, *usual, *prefixed)))


def value_of(settings: Settings, provider: Provider, name: str) -> Secret:
    """Return what a variable, or the file it names, holds; an empty secret for nothing."""
    is_file = name in provider.file_environment_names
    found = settings.document(name) if is_file else settings.variable(name)
    return Secret(found.reveal().strip()) if found else Secret("")


def situation_of(settings: Settings, provider: Provider, name: str) -> Situation:
    value = value_of(settings, provider, name)
    if not value:
        return Situation.ABSENT
    return Situation.PLACEHOLDER if is_placeholder(value.reveal()) else Situation.USABLE


def fields_of(settings: Settings, provider: Provider) -> dict[str, str]:
    """Return the fields that stand beside the key in the environment, first usable one each."""
    found: dict[str, str] = {}
    for wanted in provider.fields:
        for name in wanted.environment_names:
            text = (settings.variable(name) or Secret("")).reveal().strip()
            if text and wanted.accepts(text):
                found.setdefault(wanted.name, text)
    return found
