"""The Test button: a saved key or one not saved yet, asked about at its provider, within limits."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.checks import CheckResult, Outcome, require_model_name
from keyportal.domain.credentials import Ownership, require_value
from keyportal.domain.errors import InvalidInput, KeyUnreadable, NotFound, Unopenable
from keyportal.domain.masks import mask_secret
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.providers import checking
from keyportal.providers.base import Provider, destination_of
from keyportal.services import audit, throttle
from keyportal.services.check_slots import slot
from keyportal.services.check_views import CheckView, check_view, details_of, last_check_view
from keyportal.services.credentials import owner_key_of
from keyportal.services.portal import Portal
from keyportal.services.sealing import Opened, open_credential

_KEY_AS_MODEL = "This is a key and not a model. Take it out of this field."


@dataclass(frozen=True)
class Question:
    """What to ask besides whether the key is accepted. Without a `model` one is chosen."""

    with_model: bool = False
    model: str = ""


@dataclass(frozen=True)
class UnsavedKey:
    """A key in a form. `split_assignment`: its owner agreed to keep only the value of a line."""

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
    question = _clean(portal, question)
    row = await asyncio.to_thread(load_row, portal, principal, credential_id)
    await asyncio.to_thread(throttle.count_tests, portal, person_of(principal))
    return await check_row(portal, principal, row, question, fields=fields)


async def check_row(
    portal: Portal,
    principal: Principal,
    row: CredentialRow,
    question: Question,
    *,
    fields: Mapping[str, str] | None = None,
    wait: bool = False,
) -> CheckView:
    """Check a key that was loaded for this principal and counted."""
    provider = await asyncio.to_thread(portal.providers.get_enabled, row.provider)
    async with slot(portal, person_of(principal), wait=wait):
        shown = _shown_fields(provider, fields) if fields is not None else row.fields
        if destination_of(provider.address(shown)) != row.destination:
            result = _moved(provider, row)
        else:
            opened = await asyncio.to_thread(_open, portal, principal, row, question)
            sent = {**shown, **{name: opened.fields[name] for name in row.secret_fields}}
            result = await _ask(portal, provider, opened.secret, sent, question)
    is_stored = fields is None or dict(shown) == dict(row.fields)
    return await asyncio.to_thread(_store, portal, principal, row, result, question, is_stored)


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
    question = _clean(portal, question)
    provider = await asyncio.to_thread(portal.providers.get_enabled, unsaved.provider)
    secret = require_value(unsaved.api_key.reveal(), split_assignment=unsaved.split_assignment).secret
    _require_other_model(question, secret)
    fields = provider.clean_fields(unsaved.fields)
    mask = mask_secret(secret.reveal(), portal.settings.mask_style)
    told = {"provider": provider.id, "ownership": ownership, "mask": mask, "model": question.model or None}
    await asyncio.to_thread(throttle.count_tests, portal, person_of(principal))
    async with slot(portal, person_of(principal)):
        await asyncio.to_thread(_record_unsaved, portal, principal, Result.STARTED, told)
        result = await _ask(portal, provider, secret, fields, question)
    found = {**told, "outcome": result.outcome, "http_status": result.http_status}
    await asyncio.to_thread(_record_unsaved, portal, principal, Result.OK, found)
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
    owners = [owner_key_of(principal, Ownership.USER)]
    if principal.can(Permission.SYSTEM_CREDENTIALS_WRITE):
        owners.append(owner_key_of(principal, Ownership.SYSTEM))
    with portal.database.reading() as session:
        row = None
        if is_row_id(credential_id):
            row = credentials.find_credential(session, owners, credential_id)
        if row is None:
            raise NotFound
        session.expunge(row)
    return row


def person_of(principal: Principal) -> str:
    """Return whose tests are counted: a person's and those of all their agents together."""
    return principal.user_id or principal.label


def mark_unreadable(portal: Portal, principal: Principal, row: CredentialRow, action: Action) -> None:
    """Remember that this version of a key did not open, so that lists can say so without decrypting."""
    with portal.database.transaction() as session:
        # A key that is merely not configured may come back; only damage under a known key is for good.
        if portal.keyring.holds(row.key_id):
            credentials.write_health(session, row.id, row.secret_version, unreadable=True)
        audit.record(
            portal,
            session,
            principal,
            action,
            Result.FAILED,
            object_id=row.id,
            object_label=row.name,
            provider=row.provider,
            reason=KeyUnreadable.code,
        )


def _shown_fields(provider: Provider, fields: Mapping[str, str]) -> Mapping[str, str]:
    """Return a form's fields for a saved value; its secret ones are saved with it and stay as they are."""
    shown, secret = provider.parted(provider.clean_fields(fields))
    if secret:
        raise InvalidInput(
            "This is saved together with the key. Enter the key's value again too.", field="api_key"
        )
    return shown


def _clean(portal: Portal, question: Question | None) -> Question:
    if question is None or not question.model.strip():
        return Question(with_model=question is not None and question.with_model)
    model = require_model_name(question.model)
    if portal.providers.guess(model) is not None:
        raise InvalidInput(_KEY_AS_MODEL, field="model")
    return Question(with_model=True, model=model)


def _require_other_model(question: Question, secret: Secret) -> None:
    """Refuse the key itself as a model: the trail keeps and lists show what was asked for."""
    if question.model and question.model == secret.reveal():
        raise InvalidInput(_KEY_AS_MODEL, field="model")


async def _ask(
    portal: Portal, provider: Provider, secret: Secret, fields: Mapping[str, str], question: Question
) -> CheckResult:
    client = portal.client.allowing(portal.providers.allowed_origins)
    return await checking.check(
        provider, secret, fields, client, with_model=question.with_model, model=question.model
    )


def _open(portal: Portal, principal: Principal, row: CredentialRow, question: Question) -> Opened:
    """Return the secret, with an event on record that it is about to leave for its provider."""
    try:
        opened = open_credential(portal, row)
    except Unopenable:
        mark_unreadable(portal, principal, row, Action.CREDENTIAL_CHECK)
        raise KeyUnreadable from None
    _require_other_model(question, opened.secret)
    with portal.database.transaction() as session:
        _record(portal, session, principal, row, Result.STARTED, model=question.model or None)
    return opened


def _record(
    portal: Portal,
    session: Session,
    principal: Principal,
    row: CredentialRow,
    result: Result,
    **details: object,
) -> None:
    audit.record(
        portal,
        session,
        principal,
        Action.CREDENTIAL_CHECK,
        result,
        object_id=row.id,
        object_label=row.name,
        provider=row.provider,
        ownership=row.ownership,
        **details,
    )


def _record_unsaved(portal: Portal, principal: Principal, result: Result, details: Mapping[str, Any]) -> None:
    with portal.database.transaction() as session:
        label = "not saved yet"
        audit.record(
            portal, session, principal, Action.CREDENTIAL_CHECK, result, object_label=label, **details
        )


def _moved(provider: Provider, row: CredentialRow) -> CheckResult:
    saved_for = f"for {row.destination}" if row.destination else "before there was an address"
    return CheckResult(
        Outcome.REGION_OR_ENDPOINT_MISMATCH,
        f"This key was saved {saved_for}, and {provider.name} has another address now."
        " Enter the key's value again to use it there.",
    )


def _store(
    portal: Portal,
    principal: Principal,
    row: CredentialRow,
    result: CheckResult,
    question: Question,
    is_stored: bool,
) -> CheckView:
    now = portal.clock.now()
    # A rate limit says nothing of the key, so a former verdict stays, with its own time.
    keeps_former = result.outcome is Outcome.RATE_LIMITED and row.health_outcome is not None
    health = {
        "health_outcome": result.outcome,
        "health_message": result.message,
        "health_checked_at": now,
        "health_latency_ms": result.latency_ms,
        "health_details": details_of(result),
    }
    with portal.database.transaction() as session:
        if is_stored and not keeps_former:
            credentials.write_health(session, row.id, row.secret_version, **health)
        _record(
            portal,
            session,
            principal,
            row,
            Result.OK,
            outcome=result.outcome,
            http_status=result.http_status,
            latency_ms=result.latency_ms,
            model=result.model,
        )
    return check_view(row.id, result, now)
