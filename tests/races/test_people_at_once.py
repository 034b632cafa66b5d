"""Admins who act on each other at the same moment, and links and codes that two people use at once."""

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import pytest

from keyportal.domain.errors import AlreadySetUp, InvalidInput, LinkEnded
from keyportal.domain.principals import Principal, Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import one_time_links, removal, sessions, sign_in, users
from keyportal.services.one_time_links import Invitation
from keyportal.services.portal import Portal
from keyportal.services.sign_in import SignedIn
from keyportal.services.users import NewUser, UserEdit
from keyportal.vault.passwords import verify_password
from keyportal.vault.tokens import digest
from tests.conftest import person
from tests.races.support import ROUNDS, Act, Racers, name_of, names_of, require_one_chain
from tests.services.support import run_sql

ALICE, ROOT = "alice@example.com", "root@example.com"
Against = Callable[[Portal, Principal, str], Any]
AGAINST: dict[str, Against] = {
    "demote": lambda portal, who, other: users.update(portal, who, other, UserEdit(role="member")),
    "deactivate": lambda portal, who, other: users.deactivate(portal, who, other),
    "remove": lambda portal, who, other: removal.remove(portal, who, other, "wipe"),
}


def put_back(portal: Portal) -> None:
    """Make Alice and Root admins again, behind the services' back: there has to be a next round."""
    with portal.database.transaction() as session:
        for email in (ALICE, ROOT):
            run_sql(
                session,
                "UPDATE users SET role = 'admin', active = true, removed_at = NULL, email_key = :email"
                " WHERE email = :email",
                email=email,
            )


def admins(portal: Portal) -> int:
    query = "SELECT count(*) FROM users WHERE role = 'admin' AND active AND removed_at IS NULL"
    with portal.database.reading() as session:
        return run_sql(session, query).scalar_one()


PAIRS = list(combinations_with_replacement(AGAINST, 2))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_admins_who_act_on_each_other_leave_one(
    portal: Portal, other: Portal, racers: Racers, first: str, second: str
) -> None:
    put_back(portal)
    root, alice = person(portal, "root"), person(portal, "alice")
    # A hundred rounds in all.
    for _ in range(ROUNDS // len(PAIRS) + 1):
        outcomes = racers.go(
            lambda: AGAINST[first](portal, root, str(alice.user_id)),
            lambda: AGAINST[second](other, alice, str(root.user_id)),
        )
        # The slower one is nobody who may decide any more.
        assert sorted(names_of(outcomes)) == ["NotSignedIn", "done"]
        assert admins(portal) == 1
        racers.seen[name_of(outcomes[0])] += 1
        put_back(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


@pytest.mark.parametrize("act", AGAINST)
def test_two_acts_from_the_shell_leave_one_admin(
    portal: Portal, other: Portal, racers: Racers, act: str
) -> None:
    put_back(portal)
    ids = [str(person(portal, name).user_id) for name in ("root", "alice")]
    for _ in range(ROUNDS // len(AGAINST) + 1):
        outcomes = racers.go(
            lambda: AGAINST[act](portal, operator_principal(), ids[0]),
            lambda: AGAINST[act](other, operator_principal(), ids[1]),
        )
        assert sorted(names_of(outcomes)) == ["LastAdmin", "done"]
        assert admins(portal) == 1
        racers.seen[name_of(outcomes[0])] += 1
        put_back(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


def test_an_admin_who_steps_down_while_the_shell_takes_the_other_s_role_leaves_one(
    portal: Portal, other: Portal, racers: Racers
) -> None:
    put_back(portal)
    root, alice = person(portal, "root"), person(portal, "alice")
    for _ in range(ROUNDS):
        outcomes = racers.go(
            lambda: AGAINST["demote"](portal, root, str(root.user_id)),
            lambda: AGAINST["demote"](other, operator_principal(), str(alice.user_id)),
        )
        assert sorted(names_of(outcomes)) == ["LastAdmin", "done"]
        assert admins(portal) == 1
        racers.seen[name_of(outcomes[0])] += 1
        put_back(portal)
    assert len(racers.seen) == 2
    require_one_chain(portal)


def opens(portal: Portal, email: str, password: Secret) -> bool:
    query = "SELECT password_digest FROM users WHERE email = :email"
    with portal.database.reading() as session:
        stored = run_sql(session, query, email=email).scalar_one()
    return verify_password(password, stored)[0]


def _token(link: one_time_links.IssuedLink) -> str:
    return link.url.reveal().partition("#")[2]


def _is_live(portal: Portal, signed_in: SignedIn) -> bool:
    return sessions.find_principal(portal, digest(signed_in.token.reveal())) is not None


def _one_came_in(portal: Portal, outcomes: list[Any], refusal: type[Exception]) -> SignedIn:
    entered = [one for one in outcomes if isinstance(one, SignedIn)]
    assert len(entered) == 1 and _is_live(portal, entered[0])
    assert [type(one) for one in outcomes if one is not entered[0]] == [refusal]
    return entered[0]


@pytest.mark.usefixtures("quick_passwords")
def test_an_invitation_used_twice_at_once_makes_one_account(
    portal: Portal, other: Portal, root: Principal, racers: Racers
) -> None:
    words = [Secret("the first one's password"), Secret("the second one's password")]
    for number in range(ROUNDS):
        email, address = f"new{number}@example.com", f"10.0.{number}.1"
        token = _token(one_time_links.invite(portal, root, Invitation(email)))
        outcomes = racers.go(
            *(_joining(p, token, word, address) for p, word in zip((portal, other), words, strict=True))
        )
        came_in = _one_came_in(portal, outcomes, LinkEnded)
        winner = outcomes.index(came_in)
        racers.seen[str(winner)] += 1
        # The account has the password of who came in.
        assert opens(portal, email, words[winner])
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _joining(portal: Portal, token: str, word: Secret, address: str) -> Act:
    return lambda: one_time_links.join(portal, token, word, address=address)


@pytest.mark.usefixtures("quick_passwords")
def test_a_reset_used_twice_at_once_sets_one_password(
    portal: Portal, other: Portal, alice: Principal, root: Principal, racers: Racers
) -> None:
    words = [Secret("alice's first new password"), Secret("alice's second new password")]
    for number in range(ROUNDS):
        address = f"10.0.{number}.1"
        token = _token(one_time_links.new_link(portal, root, str(alice.user_id)))
        outcomes = racers.go(
            *(_resetting(p, token, word, address) for p, word in zip((portal, other), words, strict=True))
        )
        winner = outcomes.index(_one_came_in(portal, outcomes, LinkEnded))
        racers.seen[str(winner)] += 1
        assert opens(portal, ALICE, words[winner])
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _resetting(portal: Portal, token: str, word: Secret, address: str) -> Act:
    return lambda: one_time_links.reset(portal, token, word, address)


@pytest.mark.usefixtures("quick_passwords")
def test_a_set_up_code_used_twice_at_once_makes_one_admin(
    portal: Portal, other: Portal, racers: Racers
) -> None:
    for number in range(ROUNDS):
        with portal.database.transaction() as session:
            run_sql(session, "DELETE FROM sessions")
            run_sql(session, "DELETE FROM users")
        code = sign_in.new_setup_code_for(portal).reveal()
        outcomes = racers.go(
            *(
                _setting_up(p, code, f"first{side}@example.com", f"10.0.{number}.{side}")
                for side, p in enumerate((portal, other))
            )
        )
        entered = [one for one in outcomes if isinstance(one, SignedIn)]
        assert len(entered) == 1 and entered[0].principal.role is Role.ADMIN
        # Too late at the door, at the code, or under the lock.
        assert isinstance(outcomes[1 - outcomes.index(entered[0])], (AlreadySetUp, InvalidInput))
        assert admins(portal) == 1
        racers.seen[str(outcomes.index(entered[0]))] += 1
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _setting_up(portal: Portal, code: str, email: str, address: str) -> Act:
    new = NewUser(email, Secret("the first one's password"), Role.ADMIN)
    return lambda: sign_in.set_up(portal, code, new, address)
