"""What a resolve depends on cannot be changed without a number for it; what it does not, costs none."""

import pytest
from sqlalchemy import update
from sqlmodel import SQLModel

from keyportal.domain.principals import Principal
from keyportal.persistence.tables import (
    AgentKeyRow,
    CredentialLinkRow,
    CredentialRow,
    ProviderRow,
    UserRow,
)
from keyportal.services import agent_keys, links, policies, provider_edits
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.conftest import person
from tests.services.support import SYSTEM, USER, run_sql, save

# Columns that say nothing about which key is used, or by whom.
_OF_NO_MATTER: dict[type[SQLModel], set[str]] = {
    UserRow: {"id", "name", "name_key", "password_digest", "created_at", "last_sign_in_at", "version"},
    AgentKeyRow: {"id", "name_key", "mask", "created_by", "created_at", "last_used_at", "version"},
    CredentialRow: {
        "id", "owner_id", "name_key", "note", "environment", "remind_at", "replaces_id", "replaced_by_id",
        "health_message", "health_checked_at", "health_latency_ms", "health_details", "usage_count",
        "last_used_at", "updated_at", "version"},
    CredentialLinkRow: {"id"},
    ProviderRow: {"id", "created_at", "updated_at", "version"},
}  # fmt: skip


def numbers(portal: Portal) -> dict[str, int]:
    with portal.database.reading() as session:
        return dict(run_sql(session, "SELECT scope, number FROM changes").all())


@pytest.fixture
def owner(portal: Portal) -> str:
    """Alice, with one row of everything."""
    alice, root = person(portal, "alice"), person(portal, "root")
    key = save(portal, alice, provider="", failover=True)
    links.link(portal, alice, USER, key.id, "openai")
    agent_keys.create(portal, alice, NewAgentKey("ci"))
    provider_edits.set_enabled(portal, root, "groq", False)
    return alice.user_id or ""


@pytest.mark.usefixtures("owner")
def test_each_column_is_watched_or_of_no_matter(portal: Portal) -> None:
    unwatched: dict[type[SQLModel], set[str]] = {table: set() for table in _OF_NO_MATTER}
    for table, found in unwatched.items():
        for column in SQLModel.metadata.tables[str(table.__tablename__)].columns:
            before = numbers(portal)
            with portal.database.transaction() as session:
                session.connection().execute(update(table).values({column.name: column}))
            if numbers(portal) == before:
                found.add(column.name)
    assert unwatched == _OF_NO_MATTER


def test_a_change_is_numbered_for_whom_it_concerns(portal: Portal) -> None:
    alice, bob, root = (person(portal, name) for name in ("alice", "bob", "root"))
    scopes = {
        alice.user_id: lambda: save(portal, alice),
        "system": lambda: save(portal, root, ownership=SYSTEM),
        bob.user_id: lambda: agent_keys.revoke(
            portal, bob, agent_keys.create(portal, bob, NewAgentKey("ci")).view.id
        ),
        "*": lambda: policies.change_policies(portal, root, {"failover": True}),
    }
    for scope, act in scopes.items():
        before = numbers(portal)
        act()
        after = numbers(portal)
        assert {s for s in after if after[s] != before.get(s)} == {"", scope}
        assert after[str(scope)] == after[""] > before[""]


def test_a_provider_is_everybodys(portal: Portal, root: Principal) -> None:
    before = numbers(portal)
    provider_edits.set_enabled(portal, root, "groq", False)
    assert numbers(portal)["*"] > before[""]


def test_a_key_that_changes_hands_concerns_both(portal: Portal) -> None:
    alice = person(portal, "alice")
    key = save(portal, alice)
    before = numbers(portal)
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE credentials SET owner_key = 'system' WHERE id = :id", id=key.id)
    after = numbers(portal)
    assert {s for s in after if after[s] != before.get(s)} == {"", "system", alice.user_id}


def test_how_a_key_does_is_of_no_matter_without_its_owner_s_consent(portal: Portal) -> None:
    alice = person(portal, "alice")
    key = save(portal, alice)
    for consents in (False, True):
        with portal.database.transaction() as session:
            run_sql(session, "UPDATE credentials SET failover = :yes WHERE id = :id", yes=consents, id=key.id)
        before = numbers(portal)
        with portal.database.transaction() as session:
            run_sql(session, "UPDATE credentials SET health_outcome = 'invalid' WHERE id = :id", id=key.id)
        assert (numbers(portal) != before) == consents


def test_other_settings_are_of_no_matter(portal: Portal) -> None:
    before = numbers(portal)
    with portal.database.transaction() as session:
        run_sql(session, "INSERT INTO settings VALUES ('x', 'y', '2026-11-21 12:00:00')")
        run_sql(session, "DELETE FROM settings WHERE name = 'x'")
    assert numbers(portal) == before


def test_what_is_rolled_back_has_no_number(portal: Portal) -> None:
    alice = person(portal, "alice")
    key = save(portal, alice)
    before = numbers(portal)
    with pytest.raises(ZeroDivisionError), portal.database.transaction() as session:
        run_sql(session, "UPDATE credentials SET active = NOT active WHERE id = :id", id=key.id)
        raise ZeroDivisionError
    assert numbers(portal) == before


def test_many_rows_in_one_transaction_are_one_change_where_it_ends_with_it(portal: Portal) -> None:
    alice = person(portal, "alice")
    key = save(portal, alice)
    before = numbers(portal)
    with portal.database.transaction() as session:
        for _ in range(20):
            run_sql(session, "UPDATE credentials SET position = position + 1 WHERE id = :id", id=key.id)
    moved = numbers(portal)[""] - before[""]
    assert moved == (20 if portal.database.is_sqlite else 1)
