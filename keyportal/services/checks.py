"""The Test button: open a saved key, ask its provider, store what was found as health."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import KeyUnreadable, NotFound, Unopenable
from keyportal.domain.principals import Permission, Principal
from keyportal.domain.secret import Secret
from keyportal.domain.text import is_row_id
from keyportal.persistence import credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.providers import checking
from keyportal.providers.base import Provider, origin_of
from keyportal.services import audit
from keyportal.services.credentials import owner_key_of
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential


@dataclass(frozen=True)
class CheckView:
    """One finished check of a saved key."""

    credential_id: str
    outcome: str
    message: str
    code: str | None
    http_status: int | None
    latency_ms: int
    models: tuple[str, ...]
    balance: str | None
    checked_at: datetime


async def check_saved(portal: Portal, principal: Principal, credential_id: str) -> CheckView:
    """Check one saved key: the principal's own, or a system key for those who manage these.

    Raises NotFound, Forbidden, and KeyUnreadable for a key that cannot be opened.
    """
    row, provider = await asyncio.to_thread(_load, portal, principal, credential_id)
    if origin_of(provider.address(row.fields)) != row.destination:
        result = _moved(provider, row)
    else:
        secret = await asyncio.to_thread(_open, portal, principal, row)
        result = await checking.check(provider, secret, row.fields, portal.client)
    return await asyncio.to_thread(_store, portal, principal, row, result)


def _load(portal: Portal, principal: Principal, credential_id: str) -> tuple[CredentialRow, Provider]:
    principal.require(Permission.CREDENTIALS_CHECK)
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
    return row, portal.providers.get(row.provider)


def _open(portal: Portal, principal: Principal, row: CredentialRow) -> Secret:
    """Return the secret, with an event on record that it is about to leave for its provider."""
    try:
        secret = open_credential(portal, row)
    except Unopenable:
        mark_unreadable(portal, principal, row, Action.CREDENTIAL_CHECK)
        raise KeyUnreadable from None
    with portal.database.transaction() as session:
        _record(portal, session, principal, row, Result.STARTED)
    return secret


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


def _moved(provider: Provider, row: CredentialRow) -> CheckResult:
    return CheckResult(
        Outcome.REGION_OR_ENDPOINT_MISMATCH,
        f"This key was saved for {row.destination}, and {provider.name} has another address now."
        " Enter the key's value again to use it there.",
    )


def _store(portal: Portal, principal: Principal, row: CredentialRow, result: CheckResult) -> CheckView:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        credentials.write_health(session, row.id, row.secret_version, **_health(row, result, now))
        _record(
            portal,
            session,
            principal,
            row,
            Result.OK,
            outcome=result.outcome,
            http_status=result.http_status,
            latency_ms=result.latency_ms,
        )
    return CheckView(
        row.id,
        result.outcome,
        result.message,
        result.code,
        result.http_status,
        result.latency_ms,
        result.models,
        result.balance,
        now,
    )


def _health(row: CredentialRow, result: CheckResult, now: datetime) -> dict[str, object]:
    """Return what to store. A rate limit says nothing of the key, so a former verdict stays."""
    if result.outcome is Outcome.RATE_LIMITED and row.health_outcome is not None:
        return {"health_checked_at": now, "health_latency_ms": result.latency_ms}
    return {
        "health_outcome": result.outcome,
        "health_message": result.message,
        "health_checked_at": now,
        "health_latency_ms": result.latency_ms,
    }
