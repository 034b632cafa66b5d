"""One's own account: name, password, and the browsers one is signed in with."""

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, NotFound, SignInFailed, TooManyAttempts
from keyportal.domain.principals import Principal, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import account, audit_search, sessions, sign_in, throttle
from keyportal.services.portal import Portal
from tests.services.support import events, save
from tests.support import PASSWORDS

ALICE = "alice@example.com"
NEW = Secret("an entirely new password")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def enter(portal: Portal, email: str = ALICE, user_agent: str = FIREFOX) -> Principal:
    token = sign_in.sign_in(portal, email, Secret(PASSWORDS[email]), "192.0.2.1", user_agent).token
    found = sessions.find_principal(portal, sessions.digest_of(token.reveal()), "192.0.2.1")
    assert found is not None
    return found


def test_a_name_is_changed_and_recorded(portal: Portal, alice: Principal) -> None:
    assert account.rename(portal, alice, " Älice ").name == "Älice"
    assert account.get_account(portal, alice).name == "Älice"
    assert events(portal)[-1].action == "profile.update"
    with pytest.raises(InvalidInput):
        account.rename(portal, alice, " ")
    with pytest.raises(Forbidden):
        account.rename(portal, operator_principal(), "x")


def test_a_new_password_ends_every_session_and_begins_one(portal: Portal) -> None:
    here, there = enter(portal), enter(portal)
    changed = account.change_password(portal, here, Secret(PASSWORDS[ALICE]), NEW)
    assert sessions.find_principal(portal, str(here.session_digest)) is None
    assert sessions.find_principal(portal, str(there.session_digest)) is None
    assert sessions.find_principal(portal, sessions.digest_of(changed.token.reveal()))
    with pytest.raises(SignInFailed):
        sign_in.sign_in(portal, ALICE, Secret(PASSWORDS[ALICE]))
    assert events(portal)[-2].action == "password.change"


def test_a_wrong_or_unusable_password_changes_nothing(portal: Portal) -> None:
    here = enter(portal)
    with pytest.raises(InvalidInput) as wrong:
        account.change_password(portal, here, Secret("not this"), NEW)
    with pytest.raises(InvalidInput) as short:
        account.change_password(portal, here, Secret(PASSWORDS[ALICE]), Secret("short"))
    assert (wrong.value.field, short.value.field) == ("current_password", "password")
    assert sessions.find_principal(portal, str(here.session_digest))


def test_guessing_the_present_password_is_throttled(portal: Portal, alice: Principal) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        with pytest.raises(InvalidInput):
            account.change_password(portal, alice, Secret("a guess"), NEW)
    with pytest.raises(TooManyAttempts):
        account.change_password(portal, alice, Secret(PASSWORDS[ALICE]), NEW)


def test_sessions_are_listed_and_ended_one_by_one_or_all(portal: Portal) -> None:
    here, there = enter(portal), enter(portal, user_agent="curl/8")
    listed = sessions.own_sessions(portal, here)
    assert {(s.browser, s.is_this) for s in listed} == {("Firefox on Linux", True), ("curl", False)}
    assert str(here.session_digest) not in repr(listed)
    sessions.end_own_session(portal, here, next(s.id for s in listed if not s.is_this))
    assert sessions.find_principal(portal, str(there.session_digest)) is None
    enter(portal)
    assert (sessions.sign_out_elsewhere(portal, here), len(sessions.own_sessions(portal, here))) == (1, 1)
    assert (sessions.sign_out_elsewhere(portal, here), events(portal)[-1].action) == (0, "session.end")


def test_bob_ends_no_session_of_alice(portal: Portal, bob: Principal, root: Principal) -> None:
    hers = enter(portal)
    session_id = sessions.own_sessions(portal, hers)[0].id
    with pytest.raises(NotFound):
        sessions.end_own_session(portal, bob, session_id)
    with pytest.raises(NotFound):
        sessions.end_session_of(portal, root, str(bob.user_id), session_id)
    assert sessions.find_principal(portal, str(hers.session_digest))
    assert [s.id for s in sessions.sessions_of(portal, root, str(hers.user_id))] == [session_id]
    sessions.end_session_of(portal, root, str(hers.user_id), session_id)
    assert sessions.find_principal(portal, str(hers.session_digest)) is None


def test_activity_is_what_one_did_and_what_was_done_to_one(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    save(portal, alice)
    with pytest.raises(SignInFailed):
        sign_in.sign_in(portal, ALICE, Secret("wrong"))
    hers = audit_search.own_activity(portal, alice)
    assert [e.action for e in hers.items][:2] == ["sign_in", "credential.create"]
    assert hers.items[0].result == "refused"
    assert "credential.create" not in {e.action for e in audit_search.own_activity(portal, bob).items}
    with pytest.raises(Forbidden):
        audit_search.activity_of(portal, bob, str(alice.user_id))
