"""Agent keys: made and shown once, listed, ended; and who a bearer value stands for."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from keyportal.domain.errors import (
    AgentKeyExpired,
    AgentKeyRefused,
    AgentKeyRevoked,
    Forbidden,
    InvalidInput,
    NameTaken,
    NotFound,
    VersionConflict,
)
from keyportal.domain.policies import Policies
from keyportal.domain.principals import Permission, Principal, Scope, anonymous_principal, operator_principal
from keyportal.persistence.tables import AgentKeyRow
from keyportal.services import access, agent_keys
from keyportal.services.agent_keys import AgentKeyFilter, NewAgentKey
from keyportal.services.portal import Portal
from keyportal.vault.tokens import digest, new_agent_token
from tests.services.support import events
from tests.services.test_resolution import set_user
from tests.support import START, FakeClock, all_text_of

USUAL, LONGEST = Policies().agent_key_lifetime, Policies().agent_key_longest


def create(portal: Portal, who: Principal, name: str = "ci", **more: object):
    return agent_keys.create(portal, who, NewAgentKey(name, **more))  # type: ignore[arg-type]


def only_row(portal: Portal) -> AgentKeyRow:
    with portal.database.reading() as session:
        return session.exec(select(AgentKeyRow)).one()


def test_a_new_agent_key_is_shown_once_and_only_its_digest_is_stored(
    portal: Portal, alice: Principal
) -> None:
    issued = create(portal, alice)
    token = issued.token.reveal()
    assert only_row(portal).digest == digest(token)
    assert token.encode() not in all_text_of(portal) and token[17:].encode() not in all_text_of(portal)
    assert token not in repr(issued) and issued.view.mask == f"kpa_...{token[-4:]}"


def test_an_agent_key_lives_ninety_days_and_may_resolve(
    portal: Portal, alice: Principal, clock: FakeClock
) -> None:
    view = create(portal, alice).view
    assert (view.expires_at, view.scopes, view.status) == (
        clock.now() + USUAL,
        ("resolve",),
        "active",
    )
    assert (view.created_by, view.last_used_at, view.can_revoke) == ("alice@example.com", None, True)


def test_a_lifetime_has_its_limits(portal: Portal, alice: Principal) -> None:
    second = timedelta(seconds=1)
    for lifetime in (timedelta(0), -second, LONGEST + second):
        with pytest.raises(InvalidInput):
            create(portal, alice, lifetime=lifetime)
    assert create(portal, alice, lifetime=LONGEST).view.status == "active"


@pytest.mark.parametrize("scopes", [[], ["everything"], ["resolve", "users:write"]])
def test_unknown_or_no_scopes_are_refused(portal: Portal, alice: Principal, scopes: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        create(portal, alice, scopes=scopes)
    assert refusal.value.field == "scopes"


def test_only_an_admin_gives_the_scope_for_anybody(portal: Portal, alice: Principal, root: Principal) -> None:
    with pytest.raises(Forbidden):
        create(portal, alice, scopes=[Scope.RESOLVE_ANY])
    assert create(portal, root, scopes=[Scope.RESOLVE_ANY]).view.scopes == ("resolve:any",)


def test_names_are_unique_per_owner_and_free_after_deletion(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    first = create(portal, alice, "CI").view
    create(portal, bob, "ci")
    with pytest.raises(NameTaken):
        create(portal, alice, "ci")
    agent_keys.delete(portal, alice, first.id)
    assert create(portal, alice, "ci").view.name == "ci"


def test_renaming_keeps_scopes_and_expiry(portal: Portal, alice: Principal) -> None:
    was = create(portal, alice).view
    now = agent_keys.rename(portal, alice, was.id, " deploy ", was.version)
    assert (now.name, now.version, now.scopes, now.expires_at) == ("deploy", 2, was.scopes, was.expires_at)
    with pytest.raises(VersionConflict):
        agent_keys.rename(portal, alice, was.id, "late", was.version)


def test_renaming_to_a_name_in_use_is_refused(portal: Portal, alice: Principal) -> None:
    create(portal, alice, "one")
    two = create(portal, alice, "two").view
    with pytest.raises(NameTaken):
        agent_keys.rename(portal, alice, two.id, "ONE")


@pytest.mark.parametrize(
    "act",
    [
        lambda p, who, id: agent_keys.rename(p, who, id, "stolen"),
        lambda p, who, id: agent_keys.revoke(p, who, id),
        lambda p, who, id: agent_keys.delete(p, who, id),
    ],
    ids=["rename", "revoke", "delete"],
)
def test_bob_and_even_an_admin_cannot_touch_alices_agent_key(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, act: Callable[..., object]
) -> None:
    was = create(portal, alice).view
    for who in (bob, root):
        with pytest.raises(NotFound):
            act(portal, who, was.id)
    assert agent_keys.search(portal, alice).items == [was]


def test_an_agent_cannot_make_or_list_agent_keys(portal: Portal, agent: Principal) -> None:
    with pytest.raises(Forbidden):
        create(portal, agent, "more")
    with pytest.raises(Forbidden):
        agent_keys.search(portal, agent)


def test_search_is_literal_and_own(portal: Portal, alice: Principal, bob: Principal) -> None:
    for name in ("a_b", "axb", "100%"):
        create(portal, alice, name)
    create(portal, bob, "a_b")
    found = {
        t: {i.name for i in agent_keys.search(portal, alice, AgentKeyFilter(t)).items}
        for t in ("A_", "%", "b", "")
    }
    assert found == {"A_": {"a_b"}, "%": {"100%"}, "b": {"a_b", "axb"}, "": {"a_b", "axb", "100%"}}


def test_the_operator_makes_a_key_for_a_named_active_person(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    issued = create(portal, operator_principal(), for_email=" ALICE@example.com")
    assert access.require_agent(portal, issued.token.reveal()).user_id == alice.user_id
    set_user(portal, bob.user_id, active=False)
    for email in ("nobody@example.com", "bob@example.com", None):
        with pytest.raises(NotFound):
            create(portal, operator_principal(), for_email=email)


def test_a_member_naming_somebody_else_makes_a_key_of_their_own(portal: Portal, bob: Principal) -> None:
    token = create(portal, bob, for_email="alice@example.com").token.reveal()
    assert access.require_agent(portal, token).user_id == bob.user_id


def test_a_bearer_becomes_its_owners_agent(portal: Portal, alice: Principal) -> None:
    token = create(portal, alice, scopes=[Scope.KEYS_READ]).token.reveal()
    agent = access.require_agent(portal, token, "10.0.0.1")
    assert (agent.user_id, agent.address, agent.label) == (
        alice.user_id,
        "10.0.0.1",
        "ci (alice@example.com)",
    )
    assert agent.permissions == {
        Permission.CREDENTIALS_READ,
        Permission.PROVIDERS_READ,
        Permission.USAGE_READ,
    }


def test_wrong_values_are_refused_alike(portal: Portal, agent_token: str) -> None:
    unknown = new_agent_token().token.reveal()
    refusals = set()
    for wrong in ("", "junk", agent_token[:-1], agent_token.lower(), unknown, f"{agent_token} ", "\ud800"):
        with pytest.raises(AgentKeyRefused) as refusal:
            access.require_agent(portal, wrong)
        refusals.add((type(refusal.value), refusal.value.message))
    assert len(refusals) == 1


def test_another_secret_under_a_known_id_is_refused(portal: Portal, agent_token: str) -> None:
    from keyportal.vault.tokens import _checksum

    body = agent_token[:17] + "A" * 32
    with pytest.raises(AgentKeyRefused) as refusal:
        access.require_agent(portal, body + _checksum(body))
    assert type(refusal.value) is AgentKeyRefused


def test_it_expires_to_the_second(portal: Portal, agent_token: str, clock: FakeClock) -> None:
    clock.advance(USUAL - timedelta(seconds=1))
    access.require_agent(portal, agent_token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(AgentKeyExpired):
        access.require_agent(portal, agent_token)


def test_a_revoked_key_is_refused_at_once_and_revoking_twice_is_no_error(
    portal: Portal, alice: Principal
) -> None:
    issued = create(portal, alice)
    once = agent_keys.revoke(portal, alice, issued.view.id)
    assert agent_keys.revoke(portal, alice, issued.view.id) == once
    assert (once.status, once.can_revoke) == ("revoked", False)
    with pytest.raises(AgentKeyRevoked):
        access.require_agent(portal, issued.token.reveal())


def test_a_deleted_key_is_unknown(portal: Portal, alice: Principal) -> None:
    issued = create(portal, alice)
    agent_keys.delete(portal, alice, issued.view.id)
    with pytest.raises(AgentKeyRefused) as refusal:
        access.require_agent(portal, issued.token.reveal())
    assert type(refusal.value) is AgentKeyRefused
    assert (only_row(portal).digest, only_row(portal).deleted_at is None) == ("", False)


def test_a_deactivated_owner_ends_the_key(portal: Portal, alice: Principal, agent_token: str) -> None:
    set_user(portal, alice.user_id, active=False)
    with pytest.raises(AgentKeyRevoked):
        access.require_agent(portal, agent_token)


def test_the_life_of_an_agent_key_is_audited(portal: Portal, alice: Principal) -> None:
    issued = create(portal, alice)
    agent_keys.rename(portal, alice, issued.view.id, "x")
    agent_keys.revoke(portal, alice, issued.view.id)
    agent_keys.delete(portal, alice, issued.view.id)
    trail = [e for e in events(portal) if e.object_id == issued.view.id]
    assert [e.action.partition(".")[2] for e in trail] == ["create", "update", "revoke", "delete"]
    assert not any(
        digest(issued.token.reveal()) in repr(e) or issued.token.reveal() in repr(e) for e in trail
    )


def test_a_stranger_may_do_nothing(portal: Portal) -> None:
    with pytest.raises(Forbidden):
        create(portal, anonymous_principal())


def test_last_used_is_kept_to_the_minute(
    portal: Portal, alice: Principal, agent_token: str, clock: FakeClock
) -> None:
    def last_used() -> datetime | None:
        return agent_keys.search(portal, alice).items[0].last_used_at

    assert last_used() is None
    for seconds, expected in ((0, 0), (59, 0), (1, 60)):
        clock.advance(timedelta(seconds=seconds))
        access.require_agent(portal, agent_token)
        assert last_used() == START + timedelta(seconds=expected)


def test_a_revoked_key_in_the_right_hands_is_refused_on_record_once_a_minute(
    portal: Portal, alice: Principal, agent_token: str, clock: FakeClock
) -> None:
    agent_keys.revoke(portal, alice, agent_keys.search(portal, alice).items[0].id)
    for seconds in (0, 10, 60):
        clock.advance(timedelta(seconds=seconds))
        with pytest.raises(AgentKeyRevoked):
            access.require_agent(portal, agent_token)
    refused = [e for e in events(portal) if e.action == "access.refused"]
    assert [e.details["reason"] for e in refused] == ["agent_key_revoked"] * 2
