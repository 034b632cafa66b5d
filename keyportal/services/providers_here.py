"""Providers and checks for the command line: works before there is a database, and without one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from keyportal.domain.checks import CheckResult, require_model_name
from keyportal.domain.credentials import require_value
from keyportal.domain.errors import InvalidInput, NoKey, StorageUnavailable
from keyportal.domain.secret import Secret
from keyportal.persistence import providers
from keyportal.persistence.engine import Database
from keyportal.providers import checking
from keyportal.providers.base import Provider
from keyportal.providers.http import GuardedClient
from keyportal.providers.registry import Registry
from keyportal.resolver import Situation
from keyportal.services import environment, first_run
from keyportal.services.registry import TakenNames, decided
from keyportal.services.start_up import registry_from
from keyportal.settings import Settings, settings_from


@dataclass(frozen=True)
class ProviderFacts:
    """What can be told about a provider. `state` is on, off, or no address."""

    id: str
    name: str
    kind: str
    state: str
    base_url: str
    environment_names: tuple[str, ...]
    console_url: str
    how_to: str
    key_looks: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    has_model_check: bool


@dataclass(frozen=True)
class KeyHere:
    """A key to check, and what belongs to it. `source` says where it was found."""

    secret: Secret
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    source: str = ""


def all_facts(settings: Settings) -> list[ProviderFacts]:
    """Return every provider, by name. Raises UnusableSetting."""
    registry = registry_here(settings)
    return [_facts(settings, registry, provider) for provider in registry.all()]


def catalogue_facts() -> list[ProviderFacts]:
    """Return the catalogue as it comes, without anybody's settings, by name."""
    registry = Registry.of({})
    return [_facts(settings_from({}), registry, provider) for provider in registry.all()]


def facts_of(settings: Settings, provider_id: str) -> ProviderFacts:
    """Raises UnknownProvider, UnusableSetting."""
    registry = registry_here(settings)
    return _facts(settings, registry, registry.get(provider_id))


def key_given(settings: Settings, provider_id: str, secret: Secret, fields: Mapping[str, str]) -> KeyHere:
    """Return a key from standard input, with its secret fields from the environment.

    Raises UnknownProvider, and InvalidInput for a secret field among the arguments.
    """
    provider = registry_here(settings).get(provider_id)
    _require_shown(provider, fields)
    _, beside = provider.parted(environment.fields_of(settings, provider))
    return KeyHere(secret, {**beside, **fields})


def key_of_environment(settings: Settings, provider_id: str, fields: Mapping[str, str]) -> KeyHere:
    """Return the key the environment holds; fields given here outrank those found there.

    Raises UnknownProvider, InvalidInput, NoKey naming every variable asked.
    """
    provider = registry_here(settings).get(provider_id)
    _require_shown(provider, fields)
    names = environment.names_of(settings, provider)
    for name in names:
        if environment.situation_of(settings, provider, name) is Situation.USABLE:
            secret = environment.value_of(settings, provider, name)
            return KeyHere(secret, {**environment.fields_of(settings, provider), **fields}, name)
    asked = ", ".join(names) or "none"
    raise NoKey(f"No variable holds a key for {provider.name}. Asked: {asked}. Set one, or use --stdin.")


def _require_shown(provider: Provider, fields: Mapping[str, str]) -> None:
    for field_ in provider.fields:
        if field_.secret and field_.name in fields:
            names = " or ".join(field_.environment_names)
            raise InvalidInput(
                f"{field_.label} is a secret, and arguments can be seen by others. Set {names}.",
                field=field_.name,
            )


async def check_here(
    settings: Settings, provider_id: str, key: KeyHere, *, with_model: bool = False, model: str = ""
) -> CheckResult:
    """Check a key without a portal. Nothing is stored, counted or audited.

    Raises UnknownProvider, ProviderDisabled, InvalidInput.
    """
    registry = registry_here(settings)
    provider = registry.get_enabled(provider_id)
    # A key of the environment goes where the operator means it to go.
    provider = provider.for_environment() if key.source else provider
    secret = require_value(key.secret.reveal()).secret
    return await checking.check(
        provider,
        secret,
        provider.clean_fields(key.fields),
        GuardedClient(registry.allowed_origins),
        with_model=with_model or bool(model),
        model=require_model_name(model) if model else "",
    )


def registry_here(settings: Settings) -> Registry:
    """Return the providers as they are here, with what admins decided where a database can be read."""
    base = registry_from(settings)
    if not first_run.has_database(settings):
        return base
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            return decided(base, providers.provider_rows(session), TakenNames.of(settings, base))
    except (StorageUnavailable, SQLAlchemyError):
        # No such table yet, or no server: what the files say still holds.
        return base
    finally:
        database.dispose()


def _facts(settings: Settings, registry: Registry, provider: Provider) -> ProviderFacts:
    state = "on" if registry.is_enabled(provider.id) else "off"
    return ProviderFacts(
        id=provider.id,
        name=provider.name,
        kind=provider.kind,
        state=state if provider.base_url else "no address",
        base_url=provider.base_url,
        environment_names=environment.names_of(settings, provider),
        console_url=provider.console_url,
        how_to=provider.how_to,
        key_looks=tuple(known.label for known in provider.formats if not known.wrong_kind),
        fields=tuple((f.name, f.help + ("" if f.required else " Optional.")) for f in provider.fields),
        has_model_check=provider.check.model_check is not None,
    )
