"""People as admins manage them: listed, changed, shut out, let in; never left without an admin."""

from collections.abc import Callable
from typing import Any

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.errors import (
    AgentKeyRevoked,
    Forbidden,
    InvalidInput,
    LastAdmin,
    NotFound,
    NotSignedIn,
    NotYourself,
    SignInFailed,
    VersionConflict,
)
from keyportal.domain.principals import Principal, Role
from keyportal.domain.secret import Secret
from keyportal.services import access, one_time_links, removal, sessions, users
from keyportal.services.one_time_links import Invitation
from keyportal.services.portal import Portal
from keyportal.services.users import NewUser, UserEdit, UserFilter
from tests.conftest import person
from tests.services.support import events, run_sql, save
from tests.services.support import signed_in as enter

UNKNOWN_ID = "3f0c2d4e-6a1b-4c8d-9e2f-0123456789ab"


def names(portal: Portal, root: Principal, sort: str = "-created", **wanted: str) -> list[str]:
    return [u.name for u in users.search(portal, root, UserFilter(**wanted), sort=sort).items]


def test_people_are_found_by_name_and_email_and_narrowed(portal: Portal, root: Principal) -> None:
    assert names(portal, root, text="LIC") == ["alice"]
    assert names(portal, root, text="root@exa") == ["root"]
    assert names(portal, root, text="%") == []
    assert names(portal, root, role="admin") == ["root"]
    assert names(portal, root, status="deactivated") == []
    assert names(portal, root, sort="-name") == ["root", "bob", "alice"]


def test_people_are_sorted_by_what_the_table_offers(portal: Portal, root: Principal) -> None:
    enter(portal, "bob")
    assert names(portal, root, sort="email") == ["alice", "bob", "root"]
    assert names(portal, root, sort="-last_sign_in")[0] == "bob"
    assert names(portal, root, sort="last_sign_in")[-1] == "bob"
    for wanted in ({"sort": "password_digest"}, {"role": "owner"}, {"status": "gone"}):
        with pytest.raises(InvalidInput):
            names(portal, root, **wanted)


def test_a_view_says_what_a_person_has_and_what_may_be_done(
    portal: Portal, alice: Principal, root: Principal, agent_token: str
) -> None:
    save(portal, alice)
    enter(portal, "alice")
    hers, own = users.get(portal, root, str(alice.user_id)), users.get(portal, root, str(root.user_id))
    assert (hers.sessions_open, hers.keys_owned, hers.agent_keys_owned) == (1, 1, 1)
    assert (hers.status, hers.can_deactivate, hers.can_remove, hers.can_reactivate) == (
        "active", True, True, False,
    )  # fmt: skip
    assert (own.is_you, own.is_last_admin, own.can_remove, own.can_deactivate) == (True, True, False, False)


def test_a_new_role_ends_the_sessions_of_the_old_one(portal: Portal, root: Principal) -> None:
    before = enter(portal, "alice")
    view = users.update(portal, root, str(before.user_id), UserEdit(role="admin", name="Alice A."))
    assert (view.role, view.name) == ("admin", "Alice A.")
    assert sessions.find_principal(portal, str(before.session_digest)) is None
    last = events(portal)[-1]
    assert (last.action, last.details) == (
        Action.USER_UPDATE, {"changed": ["name", "role"], "role": "admin"},
    )  # fmt: skip


def test_deactivating_shuts_out_at_once_and_reactivating_lets_in_again(
    portal: Portal, alice: Principal, root: Principal, agent_token: str
) -> None:
    key, before = save(portal, alice), enter(portal, "alice")
    assert users.deactivate(portal, root, str(alice.user_id)).status == "deactivated"
    assert sessions.find_principal(portal, str(before.session_digest)) is None
    with pytest.raises(AgentKeyRevoked):
        access.require_agent(portal, agent_token)
    with pytest.raises(SignInFailed):
        enter(portal, "alice")
    assert users.reactivate(portal, root, str(alice.user_id)).keys_owned == 1
    assert access.require_agent(portal, agent_token).user_id == alice.user_id and key.id
    assert enter(portal, "alice").user_id == alice.user_id
    with portal.database.reading() as session:
        found = run_sql(session, "SELECT action FROM audit_events WHERE action LIKE 'user.%activate'").all()
    assert [a for (a,) in found] == ["user.deactivate", "user.reactivate"]


def test_an_edit_of_an_old_version_is_told_and_one_that_changes_nothing_is_not_recorded(
    portal: Portal, bob: Principal, root: Principal
) -> None:
    view = users.update(portal, root, str(bob.user_id), UserEdit(name="Robert", version=1))
    with pytest.raises(VersionConflict):
        users.update(portal, root, str(bob.user_id), UserEdit(role="admin", version=1))
    count = len(events(portal))
    assert users.update(portal, root, str(bob.user_id), UserEdit(name="Robert")).version == view.version
    assert len(events(portal)) == count


def test_the_last_admin_stays_and_nobody_shuts_themself_out(portal: Portal, root: Principal) -> None:
    own = str(root.user_id)
    with pytest.raises(LastAdmin):
        users.update(portal, root, own, UserEdit(role="member"))
    with pytest.raises(NotYourself):
        users.deactivate(portal, root, own)
    users.update(portal, root, str(person(portal, "alice").user_id), UserEdit(role="admin"))
    with pytest.raises(NotYourself):
        users.deactivate(portal, root, own)
    assert users.update(portal, root, own, UserEdit(role="member")).role == "member"


# What an admin does to a person under the lock on people.
ADMINS_DO: dict[str, Callable[[Portal, Principal, str], object]] = {
    "add": lambda portal, who, user_id: users.add_user(
        portal, who, NewUser("eve@example.com", Secret("eve's long password"), Role.ADMIN)
    ),
    "invite": lambda portal, who, user_id: one_time_links.invite(
        portal, who, Invitation("eve@example.com", Role.ADMIN)
    ),
    "link": lambda portal, who, user_id: one_time_links.new_link(portal, who, user_id),
    "update": lambda portal, who, user_id: users.update(portal, who, user_id, UserEdit(role="admin")),
    "deactivate": lambda portal, who, user_id: users.deactivate(portal, who, user_id),
    "remove": lambda portal, who, user_id: removal.remove(portal, who, user_id, "wipe"),
    "end sessions": lambda portal, who, user_id: sessions.end_sessions_of(portal, who, user_id),
}


@pytest.mark.parametrize("values", [{"role": "member"}, {"active": False}, {"removed": True}], ids=str)
def test_who_is_no_admin_any_more_when_their_turn_comes_changes_nobody(
    portal: Portal, bob: Principal, root: Principal, values: dict[str, Any]
) -> None:
    users.update(portal, root, str(person(portal, "alice").user_id), UserEdit(role="admin"))
    before, stale = enter(portal, "bob"), person(portal, "alice")
    if "removed" in values:
        removal.remove(portal, root, str(stale.user_id))
    else:
        users.update(portal, root, str(stale.user_id), UserEdit(**values))
    count = len(events(portal))
    for act in ADMINS_DO.values():
        with pytest.raises(NotSignedIn):
            act(portal, stale, str(bob.user_id))
    assert len(events(portal)) == count and person(portal, "bob") == bob
    assert sessions.find_principal(portal, str(before.session_digest))
    assert users.search(portal, root, UserFilter(text="eve")).total == 0


MEMBERS_TRY: list[Callable[[Portal, Principal, str], object]] = [
    lambda portal, who, user_id: users.search(portal, who),
    lambda portal, who, user_id: users.people(portal, who),
    lambda portal, who, user_id: users.get(portal, who, user_id),
    lambda portal, who, user_id: users.update(portal, who, user_id, UserEdit(role="admin")),
    lambda portal, who, user_id: users.deactivate(portal, who, user_id),
    lambda portal, who, user_id: users.add_user(
        portal, who, NewUser("eve@example.com", Secret("eve's long password"), Role.ADMIN)
    ),
    lambda portal, who, user_id: sessions.sessions_of(portal, who, user_id),
    lambda portal, who, user_id: sessions.end_sessions_of(portal, who, user_id),
    lambda portal, who, user_id: sessions.end_session_of(portal, who, user_id, UNKNOWN_ID),
]


def test_a_member_manages_nobody_not_even_themself(portal: Portal, alice: Principal, bob: Principal) -> None:
    count = len(events(portal))
    for attempt in MEMBERS_TRY:
        for target in (alice, bob):
            with pytest.raises(Forbidden):
                attempt(portal, bob, str(target.user_id))
    assert len(events(portal)) == count


@pytest.mark.parametrize("odd", ["", "0", "x" * 5000, UNKNOWN_ID])
def test_an_unknown_person_is_not_found(portal: Portal, root: Principal, odd: str) -> None:
    for attempt in MEMBERS_TRY[2:5] + MEMBERS_TRY[6:]:
        with pytest.raises(NotFound):
            attempt(portal, root, odd)
