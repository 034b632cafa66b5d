"""What a check of a key leaves behind: events on the trail, and the verdict beside a saved key."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from keyportal.domain.audit import Action, Result
from keyportal.domain.checks import VERDICTS, CheckResult, Outcome
from keyportal.domain.errors import KeyUnreadable
from keyportal.domain.principals import Principal
from keyportal.domain.usage import HealthSource
from keyportal.persistence import credentials
from keyportal.persistence.tables import CredentialRow
from keyportal.services import audit
from keyportal.services.check_views import CheckView, check_view, details_of
from keyportal.services.portal import Portal


def record_started(
    portal: Portal, principal: Principal, row: CredentialRow, model: str, *, asked: str
) -> None:
    """Say that a saved key is about to leave for a provider."""
    with portal.database.transaction() as session:
        _record(portal, session, principal, row, Result.STARTED, asked, model=model or None)


def record_unsaved(portal: Portal, principal: Principal, result: Result, details: Mapping[str, Any]) -> None:
    with portal.database.transaction() as session:
        label = "not saved yet"
        audit.record(
            portal, session, principal, Action.CREDENTIAL_CHECK, result, object_label=label, **details
        )


def store(
    portal: Portal,
    principal: Principal,
    row: CredentialRow,
    result: CheckResult,
    *,
    is_stored: bool,
    asked: str = "",
) -> CheckView:
    """Put the result on record, and beside the key unless it was found with what is not saved.

    `asked` is the provider that was, if one was.
    """
    now = portal.clock.now()
    # A rate limit says nothing of the key, so a former verdict stays, with its own time.
    keeps_former = result.outcome is Outcome.RATE_LIMITED and row.health_outcome in VERDICTS
    health = {
        "health_outcome": result.outcome,
        "health_message": result.message,
        "health_checked_at": now,
        "health_latency_ms": result.latency_ms,
        "health_details": details_of(result),
        "health_source": HealthSource.TEST,
    }
    if result.outcome in VERDICTS:
        # The test's own word counts from now on; one that learnt nothing of the key ends no cool-down.
        health["failing_until"] = None
    with portal.database.transaction() as session:
        if is_stored and not keeps_former:
            credentials.write_health(session, row.id, row.secret_version, **health)
        _record(
            portal,
            session,
            principal,
            row,
            Result.OK,
            asked,
            outcome=result.outcome,
            http_status=result.http_status,
            latency_ms=result.latency_ms,
            model=result.model,
        )
    return check_view(row.id, result, now)


def mark_unreadable(portal: Portal, principal: Principal, row: CredentialRow) -> None:
    """Remember that this version of a key did not open, so that lists can say so without decrypting."""
    with portal.database.transaction() as session:
        # A key that is merely not configured may come back; only damage under a known key is for good.
        if portal.keyring.holds(row.key_id):
            credentials.write_health(session, row.id, row.secret_version, unreadable=True)
        audit.record(
            portal,
            session,
            principal,
            Action.CREDENTIAL_CHECK,
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
    asked: str,
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
        provider=asked or row.provider,
        ownership=row.ownership,
        **details,
    )
