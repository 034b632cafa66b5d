"""Becoming somebody, staying signed in, and the limits on guessing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest

from keyportal.domain.errors import (
    AlreadySetUp,
    EmailTaken,
    Forbidden,
    InvalidInput,
    KeyPortalError,
    SignInFailed,
    TooManyAttempts,
)
from keyportal.domain.principals import Principal, Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import sessions, sign_in, throttle, users
from keyportal.services.portal import Portal
from keyportal.services.sessions import ABSOLUTE, IDLE
from keyportal.services.start_up import open_portal
from keyportal.services.users import NewUser
from keyportal.vault import passwords
from keyportal.vault.tokens import digest
from tests.conftest import MakePortal
from tests.services.support import events, run_sql
from tests.services.test_resolution import set_user
from tests.support import PASSWORDS, FakeClock, all_text_of, make_settings

ALICE = "alice@example.com"
WRONG = Secret("not the password")
FIRST = NewUser("first@example.com", Secret("first has a long password"), Role.ADMIN)
SECOND = timedelta(seconds=1)


@pytest.fixture
def new_portal(make_portal: MakePortal) -> Portal:
    """A portal on either database that nobody has set up."""
    portal = make_portal()
    with portal.database.transaction() as session:
        run_sql(session, "DELETE FROM users")
    return portal


def enter(portal: Portal, email: str = ALICE, password: Secret | None = None, address: str = "10.0.0.1"):
    return sign_in.sign_in(portal, email, password or Secret(PASSWORDS[ALICE]), address)


def digest_of(portal: Portal, user_id: str | None) -> str:
    with portal.database.reading() as session:
        return run_sql(session, "SELECT password_digest FROM users WHERE id = :id", id=user_id).scalar_one()


def test_the_code_makes_the_first_admin_and_signs_them_in(new_portal: Portal) -> None:
    code = sign_in.new_setup_code_for(new_portal)
    assert sign_in.needs_set_up(new_portal)
    done = sign_in.set_up(new_portal, code.reveal().lower(), FIRST)
    assert (done.principal.role, sign_in.needs_set_up(new_portal)) == (Role.ADMIN, False)
    found = sessions.find_principal(new_portal, digest(done.token.reveal()))
    assert found is not None and found.email == "first@example.com"


def test_the_code_works_once(new_portal: Portal) -> None:
    code = sign_in.new_setup_code_for(new_portal).reveal()
    sign_in.set_up(new_portal, code, FIRST)
    with pytest.raises(AlreadySetUp):
        sign_in.set_up(new_portal, code, FIRST)
    with pytest.raises(AlreadySetUp):
        sign_in.new_setup_code_for(new_portal)


def test_only_the_newest_code_counts_and_only_its_digest_is_stored(new_portal: Portal) -> None:
    old, new = (sign_in.new_setup_code_for(new_portal).reveal() for _ in range(2))
    with pytest.raises(InvalidInput) as refusal:
        sign_in.set_up(new_portal, old, FIRST)
    assert refusal.value.field == "code"
    assert new.encode() not in all_text_of(new_portal)


def test_guessing_the_code_is_throttled_by_address_and_keeps_nobody_else_out(new_portal: Portal) -> None:
    code = sign_in.new_setup_code_for(new_portal).reveal()
    for _ in range(throttle.PER_ADDRESS):
        with pytest.raises(InvalidInput):
            sign_in.set_up(new_portal, "AAAA-AAAA-AAAA-AAAA", FIRST, "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        sign_in.set_up(new_portal, code, FIRST, "10.0.0.1")
    assert sign_in.set_up(new_portal, code, FIRST, "10.1.1.1").principal.role is Role.ADMIN


def test_a_wrong_code_is_on_record_and_the_code_is_not(new_portal: Portal) -> None:
    sign_in.new_setup_code_for(new_portal)
    with pytest.raises(InvalidInput):
        sign_in.set_up(new_portal, "AAAA-BBBB-CCCC-DDDD", FIRST, "10.0.0.1")
    found = [(e.action, e.result) for e in events(new_portal)][-2:]
    assert found == [("set_up.code", "ok"), ("set_up", "refused")]
    assert b"BBBB" not in all_text_of(new_portal)


def test_a_member_does_not_close_the_set_up(new_portal: Portal) -> None:
    users.add_user(
        new_portal, operator_principal(), NewUser("m@example.com", Secret("a long password"), Role.MEMBER)
    )
    assert sign_in.needs_set_up(new_portal)
    code = sign_in.new_setup_code_for(new_portal).reveal()
    assert sign_in.set_up(new_portal, code, FIRST).principal.role is Role.ADMIN


def test_a_blocked_address_locks_no_account(portal: Portal) -> None:
    for n in range(throttle.PER_ADDRESS):
        throttle.count_attempt(portal, account=f"{n}@example.com", address="10.0.0.1")
    for _ in range(throttle.PER_ACCOUNT * 2):
        with pytest.raises(TooManyAttempts):
            enter(portal, address="10.0.0.1")
    assert enter(portal, address="10.0.0.2").principal.email == ALICE


def test_an_ipv6_network_counts_as_one_address(portal: Portal) -> None:
    for n in range(throttle.PER_ADDRESS):
        throttle.count_attempt(portal, account=f"{n}@example.com", address=f"2001:db8:0:1::{n:x}")
    with pytest.raises(TooManyAttempts):
        enter(portal, address="2001:db8:0:1:ffff::1")
    assert enter(portal, address="2001:db8:0:2::1").principal.email == ALICE


def test_the_try_that_locks_an_account_is_on_record(portal: Portal) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            enter(portal, password=Secret("not the password"))
    reasons = [e.details["reason"] for e in events(portal) if e.result == "refused"]
    assert reasons == ["sign_in_failed"] * (throttle.PER_ACCOUNT - 1) + ["too_many_attempts"]


def test_a_weak_password_does_not_use_up_the_code(new_portal: Portal) -> None:
    code = sign_in.new_setup_code_for(new_portal).reveal()
    with pytest.raises(InvalidInput):
        sign_in.set_up(new_portal, code, NewUser("a@b.co", Secret("short"), Role.ADMIN))
    assert sign_in.set_up(new_portal, code, FIRST).principal.role is Role.ADMIN


def test_twenty_set_ups_at_once_make_one_admin(new_portal: Portal) -> None:
    code = sign_in.new_setup_code_for(new_portal).reveal()

    def try_it(n: int) -> bool:
        try:
            sign_in.set_up(new_portal, code, NewUser(f"u{n}@example.com", FIRST.password, Role.ADMIN))
        except (AlreadySetUp, InvalidInput, TooManyAttempts):
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(try_it, range(20))) == 1
    with new_portal.database.reading() as session:
        assert run_sql(session, "SELECT count(*) FROM users").scalar() == 1


def test_processes_making_the_first_code_at_once_do_not_fail(new_portal: Portal) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: sign_in.new_setup_code_for(new_portal).reveal(), range(8)))
    assert len(set(codes)) == 8


def test_the_right_password_signs_in_and_only_digests_are_stored(portal: Portal, clock: FakeClock) -> None:
    done = enter(portal, " ALICE@Example.com ")
    found = sessions.find_principal(portal, digest(done.token.reveal()))
    assert found is not None and (found.email, found.address) == (ALICE, "10.0.0.1")
    stored = all_text_of(portal)
    assert done.token.reveal().encode() not in stored and PASSWORDS[ALICE].encode() not in stored
    assert done.token.reveal() not in repr(done)


def test_every_sign_in_has_a_new_token(portal: Portal) -> None:
    assert len({enter(portal).token.reveal() for _ in range(3)}) == 3


def test_unknown_wrong_and_deactivated_cannot_be_told_apart(portal: Portal, bob: Principal) -> None:
    set_user(portal, bob.user_id, active=False)
    refusals = set()
    for email, password in [
        ("nobody@example.com", WRONG),
        (ALICE, WRONG),
        ("bob@example.com", Secret(PASSWORDS["bob@example.com"])),
        ("", WRONG),
        ("\x00\ud800", Secret("\x00\ud800")),
    ]:
        with pytest.raises(SignInFailed) as refusal:
            enter(portal, email, password)
        refusals.add((refusal.value.code, refusal.value.message, refusal.value.field))
    assert len(refusals) == 1


def test_an_unknown_person_costs_a_password_check_too(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []

    def watch(password: Secret, stored: str | None) -> tuple[bool, str | None]:
        checked.append(stored)
        return passwords.verify_password(password, stored)

    monkeypatch.setattr(sign_in, "verify_password", watch)
    with pytest.raises(SignInFailed):
        enter(portal, "nobody@example.com", WRONG)
    assert checked == [None]


def test_a_failed_sign_in_is_audited_without_what_was_typed(portal: Portal, alice: Principal) -> None:
    for email in ("typo-Secret-123", ALICE):
        with pytest.raises(SignInFailed):
            enter(portal, email, WRONG)
    unknown, known = events(portal)[-2:]
    assert (unknown.object_id, unknown.object_label, known.object_id) == ("", "", alice.user_id)
    assert "typo-Secret" not in repr(unknown) and unknown.address == known.address == "10.0.0.1"


def test_all_spellings_of_an_account_are_throttled_as_one(portal: Portal) -> None:
    spellings = [ALICE, "ALICE@EXAMPLE.COM", f"  {ALICE}", "\uff41lice@example.com", "al\x00ice@example.com"]
    for n in range(throttle.PER_ACCOUNT):
        with pytest.raises(SignInFailed):
            enter(portal, spellings[n % 5], WRONG, f"10.0.0.{n}")
    with pytest.raises(TooManyAttempts) as refusal:
        enter(portal, address="10.9.9.9")
    assert refusal.value.retry_after == throttle.WINDOW.total_seconds()


def test_the_throttle_opens_again_after_its_window(portal: Portal, clock: FakeClock) -> None:
    for _ in range(throttle.PER_ACCOUNT):
        throttle.count_attempt(portal, account=ALICE, address="")
    clock.advance(throttle.WINDOW - SECOND)
    with pytest.raises(TooManyAttempts) as refusal:
        enter(portal)
    assert refusal.value.retry_after == 1
    clock.advance(SECOND)
    assert enter(portal).principal.email == ALICE


def test_one_address_is_throttled_over_many_accounts(portal: Portal) -> None:
    for n in range(throttle.PER_ADDRESS):
        throttle.count_attempt(portal, account=f"{n}@example.com", address="10.0.0.1")
    with pytest.raises(TooManyAttempts):
        enter(portal)
    assert enter(portal, address="10.0.0.2").principal.email == ALICE


def test_a_success_frees_the_account_and_of_the_address_only_its_own_try(portal: Portal) -> None:
    for _ in range(throttle.PER_ACCOUNT - 1):
        throttle.count_attempt(portal, account=ALICE, address="10.0.0.1")
    enter(portal)
    with portal.database.reading() as session:
        counts = dict(tuple(r) for r in run_sql(session, "SELECT key, count FROM attempts"))
    assert counts == {"address:10.0.0.1": throttle.PER_ACCOUNT - 1}


def test_no_guess_is_lost_when_many_come_at_once(portal: Portal) -> None:
    def guess(_: int) -> bool:
        try:
            throttle.count_attempt(portal, account=ALICE, address="")
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(40))) == throttle.PER_ACCOUNT


def test_a_legacy_digest_is_upgraded_at_sign_in(portal: Portal, alice: Principal) -> None:
    legacy = bcrypt.hashpw(PASSWORDS[ALICE].encode(), bcrypt.gensalt(4)).decode()
    set_user(portal, alice.user_id, password_digest=legacy)
    enter(portal)
    assert digest_of(portal, alice.user_id).startswith("$argon2id$")
    assert enter(portal).principal.email == ALICE


def test_a_password_changed_during_the_check_is_neither_used_nor_overwritten(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_meanwhile(_password: Secret, _stored: str | None) -> tuple[bool, str | None]:
        set_user(portal, alice.user_id, password_digest="changed by an admin")
        return True, "the upgrade of the old password"

    monkeypatch.setattr(sign_in, "verify_password", change_meanwhile)
    with pytest.raises(SignInFailed):
        enter(portal)
    assert digest_of(portal, alice.user_id) == "changed by an admin"


def test_a_person_without_a_password_cannot_sign_in(portal: Portal, alice: Principal) -> None:
    set_user(portal, alice.user_id, password_digest="")
    for text in ("", "nobody's password"):
        with pytest.raises(SignInFailed):
            enter(portal, password=Secret(text))


def test_a_session_idles_out(portal: Portal, clock: FakeClock) -> None:
    session_digest = digest(enter(portal).token.reveal())
    clock.advance(IDLE - SECOND)
    assert sessions.live_sessions(portal, [session_digest]) == {session_digest}
    clock.advance(SECOND)
    assert sessions.find_principal(portal, session_digest) is None
    assert sessions.live_sessions(portal, [session_digest]) == set()


def test_use_keeps_a_session_alive_up_to_its_absolute_end(portal: Portal, clock: FakeClock) -> None:
    session_digest = digest(enter(portal).token.reveal())
    steps = ABSOLUTE // (IDLE / 2)
    for _ in range(steps - 1):
        clock.advance(IDLE / 2)
        assert sessions.find_principal(portal, session_digest) is not None
    clock.advance(IDLE / 2)
    assert sessions.find_principal(portal, session_digest) is None


def test_being_looked_at_by_the_watchdog_is_not_use(portal: Portal, clock: FakeClock) -> None:
    session_digest = digest(enter(portal).token.reveal())
    clock.advance(IDLE - SECOND)
    sessions.live_sessions(portal, [session_digest])
    clock.advance(SECOND)
    assert sessions.find_principal(portal, session_digest) is None


def test_signing_out_ends_this_session_alone_and_twice_is_no_error(portal: Portal) -> None:
    one, other = (digest(enter(portal).token.reveal()) for _ in range(2))
    principal = sessions.find_principal(portal, one)
    assert principal is not None
    sessions.sign_out(portal, principal)
    sessions.sign_out(portal, principal)
    assert sessions.live_sessions(portal, [one, other]) == {other}
    assert [e.action for e in events(portal)].count("sign_out") == 1


def test_a_deactivated_persons_sessions_are_over(portal: Portal, alice: Principal) -> None:
    session_digest = digest(enter(portal).token.reveal())
    set_user(portal, alice.user_id, active=False)
    assert sessions.find_principal(portal, session_digest) is None


def test_a_session_follows_the_role_of_now(portal: Portal, alice: Principal) -> None:
    session_digest = digest(enter(portal).token.reveal())
    set_user(portal, alice.user_id, role="admin")
    principal = sessions.find_principal(portal, session_digest)
    assert principal is not None and principal.role is Role.ADMIN


@pytest.mark.parametrize("token", ["", "junk", "\ud800", "' OR 1=1 --"])
def test_a_made_up_token_is_nobody(portal: Portal, token: str) -> None:
    assert sessions.find_principal(portal, digest(token)) is None


def test_an_admin_adds_a_person_who_can_sign_in(portal: Portal, root: Principal) -> None:
    view = users.add_user(portal, root, NewUser("New@Example.com", FIRST.password, Role.MEMBER))
    assert (view.email, view.name, view.role) == ("New@Example.com", "New", "member")
    assert enter(portal, "new@example.com", FIRST.password).principal.user_id == view.id
    assert "first has" not in repr([e.model_dump() for e in events(portal)])


def test_a_member_adds_nobody(portal: Portal, alice: Principal) -> None:
    with pytest.raises(Forbidden):
        users.add_user(portal, alice, FIRST)


@pytest.mark.parametrize("email", [ALICE, "ALICE@example.com", "\uff41lice@example.com"])
def test_an_email_is_taken_in_every_spelling(portal: Portal, root: Principal, email: str) -> None:
    with pytest.raises(EmailTaken):
        users.add_user(portal, root, NewUser(email, FIRST.password, Role.MEMBER))


def test_one_of_many_adding_the_same_person_succeeds(portal: Portal) -> None:
    def add(_: int) -> str:
        try:
            return users.add_user(portal, operator_principal(), FIRST).id
        except KeyPortalError as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(add, range(4)))
    assert results.count("email_taken") == 3


def test_a_long_email_makes_a_name_that_fits(portal: Portal, root: Principal) -> None:
    view = users.add_user(portal, root, NewUser("a" * 200 + "@b.co", FIRST.password, Role.MEMBER))
    assert view.name == "a" * 80


def test_an_empty_portal_waits_for_its_first_admin(tmp_path: Path) -> None:
    portal = open_portal(make_settings(tmp_path))
    assert sign_in.needs_set_up(portal)
    portal.close()
