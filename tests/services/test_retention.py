"""What is forgotten, what stays, and that the audit trail always stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from keyportal.domain.principals import Principal
from keyportal.persistence.tables import (
    AgentKeyRow,
    AttemptRow,
    AuditEventRow,
    CredentialLinkRow,
    CredentialRow,
    OneTimeLinkRow,
    SessionRow,
    UsageDayRow,
    UsageReportRow,
)
from keyportal.services import audit_verification, policies, retention
from keyportal.services.portal import Portal
from keyportal.services.retention import Pruned
from tests.persistence.test_agent_keys import row as agent_key
from tests.persistence.test_credentials import row as credential
from tests.support import START

OLD, YOUNG = START - timedelta(days=91), START - timedelta(days=89)


def count(portal: Portal, table: type[Any]) -> int:
    with portal.database.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def store(portal: Portal, *rows: Any) -> None:
    with portal.database.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()


def session_row(user: Principal, digest: str, **values: Any) -> SessionRow:
    usual = {"address": "", "created_at": OLD, "last_seen_at": OLD, "expires_at": START + timedelta(days=1)}
    return SessionRow(digest=digest, user_id=user.user_id or "", **{**usual, **values})


def one_time_link(user: Principal, digest: str, **values: Any) -> OneTimeLinkRow:
    usual = {"kind": "reset", "created_by": "root", "created_at": OLD, "expires_at": START}
    return OneTimeLinkRow(digest=digest, user_id=user.user_id or "", **{**usual, **values})


def usage(days_ago: int) -> UsageDayRow:
    return UsageDayRow(
        day=(START - timedelta(days=days_ago)).date(), provider="openai", source="user",
        credential_id="c", agent_key_id="a", count=3,
    )  # fmt: skip


def test_usage_is_kept_as_long_as_the_policy_says(portal: Portal, root: Principal) -> None:
    store(portal, usage(399), usage(400), usage(401))
    assert retention.prune(portal).usage_days == 1
    policies.change_policies(portal, root, {"usage_kept_days": 31})
    assert retention.prune(portal).usage_days == 2
    assert count(portal, UsageDayRow) == 0


def test_reports_are_kept_as_long_as_the_policy_says(portal: Portal, root: Principal) -> None:
    at = {days: START - timedelta(days=days) for days in (8, 9, 30, 31)}
    store(portal, *(UsageReportRow(resolution_id=f"{days}", outcome="ok", at=at[days]) for days in at))
    assert retention.prune(portal).usage_reports == 1
    policies.change_policies(portal, root, {"reports_kept_days": 8})
    assert retention.prune(portal).usage_reports == 2
    assert count(portal, UsageReportRow) == 1


def test_tombstones_go_with_their_links_and_live_keys_stay(portal: Portal) -> None:
    gone, fresh = credential("gone", deleted_at=OLD), credential("fresh", deleted_at=YOUNG)
    link = {"owner_key": "system", "provider": "openai", "created_at": OLD}
    live = credential("live", created_at=OLD, replaces_id=gone.id)
    store(portal, gone, fresh, live)
    store(portal, *(CredentialLinkRow(credential_id=key.id, **link) for key in (gone, live)))
    assert retention.prune(portal).credentials == 1
    assert (count(portal, CredentialRow), count(portal, CredentialLinkRow)) == (2, 1)


def test_deleted_agent_keys_go_and_expired_and_revoked_ones_stay(portal: Portal, alice: Principal) -> None:
    store(
        portal,
        agent_key(alice, "gone", deleted_at=OLD),
        agent_key(alice, "fresh", deleted_at=YOUNG),
        agent_key(alice, "expired", expires_at=OLD),
        agent_key(alice, "revoked", revoked_at=OLD),
    )
    assert retention.prune(portal).agent_keys == 1
    assert count(portal, AgentKeyRow) == 3


def test_ended_and_expired_sessions_go_and_open_ones_stay(portal: Portal, alice: Principal) -> None:
    store(
        portal,
        session_row(alice, "ended", ended_at=OLD),
        session_row(alice, "expired", expires_at=OLD),
        session_row(alice, "just ended", ended_at=YOUNG),
        session_row(alice, "open"),
    )
    assert retention.prune(portal).sessions == 2
    assert count(portal, SessionRow) == 2


def test_used_and_expired_links_go_and_good_ones_stay(portal: Portal, alice: Principal) -> None:
    store(
        portal,
        one_time_link(alice, "used", used_at=OLD),
        one_time_link(alice, "expired", expires_at=OLD),
        one_time_link(alice, "just used", used_at=YOUNG),
        one_time_link(alice, "good", expires_at=START + timedelta(days=1)),
    )
    assert retention.prune(portal).one_time_links == 2
    assert count(portal, OneTimeLinkRow) == 2


def test_counted_attempts_go_with_their_window(portal: Portal) -> None:
    late = START + timedelta(seconds=1)
    store(
        portal,
        AttemptRow(key="over", count=1, window_ends_at=START),
        AttemptRow(key="open", count=1, window_ends_at=late),
    )
    assert retention.prune(portal).attempts == 1
    assert count(portal, AttemptRow) == 1


def test_the_audit_trail_stays_whole(portal: Portal, root: Principal) -> None:
    policies.change_policies(portal, root, {"deleted_kept_days": 1, "usage_kept_days": 31})
    before = count(portal, AuditEventRow)
    portal.clock.advance(timedelta(days=3650))  # type: ignore[attr-defined]
    retention.prune(portal)
    assert count(portal, AuditEventRow) == before
    assert audit_verification.verify_chain(portal).broken_at is None


def test_more_than_a_handful_goes_in_several_steps(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    store(portal, *(agent_key(alice, f"gone {n}", public_id=f"{n}", deleted_at=OLD) for n in range(5)))
    assert retention.prune(portal) == Pruned(agent_keys=5)
    assert retention.prune(portal) == Pruned()
