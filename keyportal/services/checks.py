"""The Test button: a saved key or one not saved yet, asked about at its provider, within limits."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from keyportal.domain.audit import Result
from keyportal.domain.checks import CheckResult, Outcome, require_model_name
from keyportal.domain.credentials import Ownership, require_value
from keyportal.domain.errors import InvalidInput, KeyUnreadable, NotFound, TooManyTests, Unopenable
from keyportal.domain.masks import mask_secret
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.providers import checking
from keyportal.providers.base import Provider, destination_of
from keyportal.providers.registry import Registry
from keyportal.services import check_records, throttle
from keyportal.services.check_slots import slot
from keyportal.services.check_targets import Target, find_target, moved
from keyportal.services.check_views import CheckView, check_view, last_check_view
from keyportal.services.credentials import owner_key_of
from keyportal.services.portal import Portal
from keyportal.services.sealing import Opened, open_credential

_UNLINKED = "This key is bound to no provider. Link it to one first, then test it there."
_UNSAVED_GENERAL = "A General key is tested where it is linked. Save it, link it to a provider, then test it."
_KEY_AS_MODEL = "This is a key and not a model. Take it out of this field."
# So many characters of a key in a row are nothing but that key.
_PIECE = 16


@dataclass(frozen=True)
class Question:
    """What to ask besides whether the key is accepted. Without a `model` one is chosen."""

    with_model: bool = False
    model: str = ""


@dataclass(frozen=True)
class UnsavedKey:
    """A key in a form; a General key has no provider.

    `split_assignment`: its owner agreed to keep only the value of a line.
    """

    provider: str
    api_key: Secret
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    split_assignment: bool = False


async def check_saved(
    portal: Portal,
    principal: Principal,
    credential_id: str,
    question: Question | None = None,
    *,
    fields: Mapping[str, str] | None = None,
) -> CheckView:
    """Check one saved key: the principal's own, or a system key for those who manage these.

    `fields` are those of a form that is not saved yet: nothing found with them is stored.
    Raises NotFound, Forbidden, ProviderDisabled, TooManyTests, InvalidInput, and KeyUnreadable for a
    key that cannot be opened.
    """
    registry = await _registry_now(portal)
    question = _clean(registry, question)
    row = await asyncio.to_thread(load_row, portal, principal, credential_id)
    target = await asyncio.to_thread(find_target, portal, registry, row)
    async with _counted_place(portal, principal):
        return await _check_row(portal, principal, registry, row, target, question, fields)


async def check_in_turn(portal: Portal, principal: Principal, credential_id: str) -> CheckView:
    """Wait for a place, then check a saved key of a batch, which was counted as a whole.

    The key is read only then: it may be another value by now, or deleted, or somebody else's.
    """
    async with slot(portal, person_of(principal), wait=True):
        registry = await _registry_now(portal)
        row = await asyncio.to_thread(load_row, portal, principal, credential_id)
        target = await asyncio.to_thread(find_target, portal, registry, row)
        return await _check_row(portal, principal, registry, row, target, Question())


async def check_unsaved(
    portal: Portal,
    principal: Principal,
    ownership: Ownership,
    unsaved: UnsavedKey,
    question: Question | None = None,
) -> CheckView:
    """Check a key before it is saved. Nothing of it is stored; the trail keeps its mask.

    Raises Forbidden, UnknownProvider, ProviderDisabled, InvalidInput, TooManyTests.
    """
    principal.require(Permission.CREDENTIALS_CHECK)
    if ownership is Ownership.SYSTEM:
        principal.require(Permission.SYSTEM_CREDENTIALS_WRITE)
    registry = await _registry_now(portal)
    question = _clean(registry, question)
    secret = require_value(unsaved.api_key.reveal(), split_assignment=unsaved.split_assignment).secret
    if not unsaved.provider:
        return check_view("", CheckResult(Outcome.UNCHECKED, _UNSAVED_GENERAL), portal.clock.now())
    provider = registry.get_enabled(unsaved.provider)
    fields = provider.clean_fields(unsaved.fields)
    _require_other_model(question, [secret.reveal(), *provider.parted(fields)[1].values()])
    mask = mask_secret(secret.reveal(), portal.settings.mask_style)
    told = {"provider": provider.id, "ownership": ownership, "mask": mask, "model": question.model or None}
    async with _counted_place(portal, principal):
        await asyncio.to_thread(check_records.record_unsaved, portal, principal, Result.STARTED, told)
        result = await _ask(portal, registry, provider, secret, fields, question)
    found = {**told, "outcome": result.outcome, "http_status": result.http_status}
    await asyncio.to_thread(check_records.record_unsaved, portal, principal, Result.OK, found)
    return check_view("", result, portal.clock.now())


def last_check(portal: Portal, principal: Principal, credential_id: str) -> CheckView:
    """Return what the last check of a saved key found. Raises NotFound where there was none."""
    view = last_check_view(load_row(portal, principal, credential_id, Permission.CREDENTIALS_READ))
    if view is None:
        raise NotFound("This key was not tested yet. Test it first.")
    return view


def load_row(
    portal: Portal,
    principal: Principal,
    credential_id: str,
    permission: Permission = Permission.CREDENTIALS_CHECK,
) -> CredentialRow:
    """Return a key this principal may check. Raises NotFound, Forbidden."""
    principal.require(permission)
    owners = owner_keys_of(principal)
    with portal.database.reading() as session:
        row = None
        if is_row_id(credential_id):
            row = credentials.find_credential(session, owners, credential_id)
        if row is None:
            raise NotFound
        session.expunge(row)
    return row


def owner_keys_of(principal: Principal) -> list[str]:
    """Return whose keys this principal may check. Raises NotFound for one who has none."""
    owners = [owner_key_of(principal, Ownership.USER)]
    if principal.can(Permission.SYSTEM_CREDENTIALS_WRITE):
        owners.append(owner_key_of(principal, Ownership.SYSTEM))
    return owners


def person_of(principal: Principal) -> str:
    """Return whose tests are counted: a person's and those of all their agents together."""
    return principal.user_id or principal.label


async def _registry_now(portal: Portal) -> Registry:
    """Return the providers for one whole check: its provider and the allowed origins belong together.

    In a thread, because it may ask the database.
    """
    return await asyncio.to_thread(portal.live_registry.current)


@asynccontextmanager
async def _counted_place(portal: Portal, principal: Principal) -> AsyncIterator[None]:
    """Count a test, then hold a place for it: who gets none has not used up any of their minute.

    Not the other way round: calls above the limit would take places from those below it.
    """
    person = person_of(principal)
    await asyncio.to_thread(throttle.count_tests, portal, person)
    async with AsyncExitStack() as held:
        try:
            await held.enter_async_context(slot(portal, person))
        except TooManyTests:
            await asyncio.to_thread(throttle.return_test, portal, person)
            raise
        yield


async def _check_row(
    portal: Portal,
    principal: Principal,
    registry: Registry,
    row: CredentialRow,
    target: Target | None,
    question: Question,
    fields: Mapping[str, str] | None = None,
) -> CheckView:
    """Check a key that was just loaded for this principal, who holds a place."""
    if target is None:
        unasked = CheckResult(Outcome.UNCHECKED, _UNLINKED)
        return await asyncio.to_thread(check_records.store, portal, principal, row, unasked, is_stored=True)
    provider = target.provider
    is_form = fields is not None and bool(row.provider)
    shown = _shown_fields(provider, fields or {}) if is_form else row.fields
    if destination_of(provider.address(shown)) != target.destination:
        result = moved(target)
    else:
        opened = await asyncio.to_thread(_open, portal, principal, row, target, question)
        sent = {**shown, **{name: opened.fields[name] for name in row.secret_fields}}
        result = await _ask(portal, registry, provider, opened.secret, sent, question)
    is_stored = not is_form or dict(shown) == dict(row.fields)
    return await asyncio.to_thread(
        check_records.store, portal, principal, row, result, is_stored=is_stored, asked=provider.id
    )


def _shown_fields(provider: Provider, fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return a form's fields for a saved value; its secret ones are saved with it and stay as they are."""
    shown, secret = provider.parted(provider.clean_fields(fields))
    if secret:
        raise InvalidInput(
            "This is saved together with the key. Enter the key's value again too.", field="api_key"
        )
    return shown


def _clean(registry: Registry, question: Question | None) -> Question:
    if question is None or not question.model.strip():
        return Question(with_model=question is not None and question.with_model)
    model = require_model_name(question.model)
    if registry.guess(model) is not None:
        raise InvalidInput(_KEY_AS_MODEL, field="model")
    return Question(with_model=True, model=model)


def _require_other_model(question: Question, secrets: Iterable[str]) -> None:
    """Refuse the key or a piece of it as a model: the trail keeps and lists show what was asked for."""
    if any(_holds_piece(question.model, secret) for secret in secrets):
        raise InvalidInput(_KEY_AS_MODEL, field="model")


def _holds_piece(text: str, secret: str) -> bool:
    starts = range(max(1, len(secret) - _PIECE + 1))
    return bool(text) and any(secret[start : start + _PIECE] in text for start in starts)


async def _ask(
    portal: Portal,
    registry: Registry,
    provider: Provider,
    secret: Secret,
    fields: Mapping[str, str],
    question: Question,
) -> CheckResult:
    client = portal.client.allowing(registry.allowed_origins)
    return await checking.check(
        provider, secret, fields, client, with_model=question.with_model, model=question.model
    )


def _open(
    portal: Portal, principal: Principal, row: CredentialRow, target: Target, question: Question
) -> Opened:
    """Return the secret, with an event on record that it is about to leave for its provider."""
    try:
        opened = open_credential(portal, row)
    except Unopenable:
        check_records.mark_unreadable(portal, principal, row)
        raise KeyUnreadable from None
    secret_fields = (opened.fields[name] for name in row.secret_fields)
    _require_other_model(question, [opened.secret.reveal(), *secret_fields])
    check_records.record_started(portal, principal, row, question.model, asked=target.provider.id)
    return opened
