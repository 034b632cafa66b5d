"""A person's goodbye: what they own is decided explicitly, all at once, and the email is free again."""

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import (
    AgentKeyRefused,
    Forbidden,
    InvalidInput,
    LastAdmin,
    NotFound,
    NotYourself,
    SignInFailed,
)
from keyportal.domain.principals import Principal, Role, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import (
    access,
    credentials,
    links,
    peoples_keys,
    removal,
    resolution,
    sessions,
    sign_in,
    users,
)
from keyportal.services.portal import Portal
from keyportal.services.users import NewUser, UserEdit, UserFilter
from tests.services.support import SYSTEM, VALUE, events, row_of, save, signed_in
from tests.services.test_resolution import agent_of
from tests.support import PASSWORDS, all_text_of

ALICE = "alice@example.com"


def test_somebody_with_keys_is_not_removed_without_a_choice(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    key = save(portal, alice)
    for choice in ("", "keep"):
        with pytest.raises(InvalidInput) as refusal:
            removal.remove(portal, root, str(alice.user_id), choice)
        assert refusal.value.field == "keys"
    assert credentials.get(portal, alice, Ownership.USER, key.id).status == "active"


def test_wiping_leaves_tombstones_and_no_secret(
    portal: Portal, alice: Principal, root: Principal, agent_token: str
) -> None:
    key = save(portal, alice)
    before = signed_in(portal, "alice")
    assert removal.remove(portal, root, str(alice.user_id), "wipe") == removal.Removed(1, 0, 1)
    actions = [e.action for e in events(portal)]
    assert actions[-4:] == ["credential.delete", "agent_key.delete", "session.end", "user.remove"]
    assert events(portal)[-1].details["owned"] == {"wiped": 1, "handed_over": 0, "agent_keys": 1}
    assert (row_of(portal, key.id).sealed, row_of(portal, key.id).deleted_at is None) == (None, False)
    assert sessions.find_principal(portal, str(before.session_digest)) is None
    with pytest.raises(AgentKeyRefused):
        access.require_agent(portal, agent_token)
    with pytest.raises(SignInFailed):
        sign_in.sign_in(portal, ALICE, Secret(PASSWORDS[ALICE]))
    assert VALUE.encode() not in all_text_of(portal)


def test_handed_over_keys_become_system_keys_that_wait_for_their_value(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, root, "mine", ownership=SYSTEM)
    mine, other = save(portal, alice, "mine"), save(portal, alice, "other", value=VALUE[:-1] + "x")
    assert removal.remove(portal, root, str(alice.user_id), "hand_over").handed_over == 2
    found = {k.id: k for k in credentials.search(portal, root, SYSTEM).items}
    assert (found[mine.id].name, found[other.id].name) == ("mine (alice)", "other")
    row = row_of(portal, other.id)
    assert (row.sealed, row.active, row.owner_id, row.owner_key) == (None, False, None, "system")
    assert "alice" in row.note
    assert [e.action for e in events(portal)][-3:] == [
        "credential.hand_over", "credential.hand_over", "user.remove",
    ]  # fmt: skip


def test_an_admin_enters_the_value_of_a_handed_over_key_again(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    key = save(portal, alice)
    removal.remove(portal, root, str(alice.user_id), "hand_over")
    assert credentials.get(portal, root, SYSTEM, key.id).status == "re_enter"
    with pytest.raises(InvalidInput):
        credentials.update(portal, root, SYSTEM, key.id, credentials.CredentialEdit(active=True))
    assert row_of(portal, key.id).active is False
    edit = credentials.CredentialEdit(api_key=Secret(VALUE), active=True)
    assert credentials.update(portal, root, SYSTEM, key.id, edit).status == "active"


def test_what_a_person_linked_comes_before_no_system_key_after_the_hand_over(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    save(portal, root, "ours", ownership=SYSTEM)
    theirs = save(portal, alice, "theirs", value="general-value-0123456789", provider="")
    links.link(portal, alice, Ownership.USER, theirs.id, "openai", "*")
    removal.remove(portal, root, str(alice.user_id), "hand_over")
    assert links.links_of(portal, root, SYSTEM, theirs.id) == []
    edit = credentials.CredentialEdit(api_key=Secret("general-value-0123456789"), active=True)
    assert credentials.update(portal, root, SYSTEM, theirs.id, edit).status == "active"
    found = resolution.resolve_key(portal, agent_of(portal, bob, Scope.RESOLVE), "openai", model="gpt-4o")
    assert found.credential is not None and found.credential.name == "ours"
    links.link(portal, root, SYSTEM, theirs.id, "openai", "*")
    assert len(links.links_of(portal, root, SYSTEM, theirs.id)) == 1


def test_the_email_is_free_again_and_the_tombstone_keeps_the_name(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    removal.remove(portal, root, str(alice.user_id))
    again = users.add_user(portal, root, NewUser(ALICE, Secret("a whole new password"), Role.MEMBER))
    gone = users.search(portal, root, UserFilter(status="removed")).items
    assert [(u.id, u.name, u.status, u.can_remove) for u in gone] == [
        (alice.user_id, "alice", "removed", False)
    ]
    assert again.id != alice.user_id and len(users.search(portal, root).items) == 3
    with pytest.raises(NotFound):
        users.update(portal, root, str(alice.user_id), UserEdit(name="back"))


def test_nobody_removes_themself_or_the_last_admin_and_members_remove_nobody(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    with pytest.raises(NotYourself):
        removal.remove(portal, root, str(root.user_id))
    with pytest.raises(Forbidden):
        removal.remove(portal, bob, str(alice.user_id))
    with pytest.raises(LastAdmin):
        removal.remove(portal, operator_principal(), str(root.user_id))


def test_an_admin_sees_a_persons_keys_masked_and_deletes_them(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    key, system = save(portal, alice), save(portal, root, ownership=SYSTEM)
    seen = peoples_keys.credentials_of(portal, root, str(alice.user_id))
    assert [(k.id, k.mask) for k in seen] == [(key.id, key.mask)] and VALUE not in repr(seen)
    for stranger in (alice, bob):
        with pytest.raises(Forbidden):
            peoples_keys.credentials_of(portal, stranger, str(alice.user_id))
        with pytest.raises(Forbidden):
            peoples_keys.delete_credential_of(portal, stranger, str(alice.user_id), key.id)
    for owner, key_id in ((bob, key.id), (alice, system.id), (alice, "0")):
        with pytest.raises(NotFound):
            peoples_keys.delete_credential_of(portal, root, str(owner.user_id), key_id)
    peoples_keys.delete_credential_of(portal, root, str(alice.user_id), key.id)
    assert peoples_keys.credentials_of(portal, root, str(alice.user_id)) == []
    assert (events(portal)[-1].action, events(portal)[-1].details["for_user"]) == ("credential.delete", ALICE)
