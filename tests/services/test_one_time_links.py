"""Invitations and resets: a link is shown once, works once, ends by itself, and is stored nowhere."""

from datetime import timedelta

import pytest

from keyportal.domain.errors import (
    EmailTaken,
    Forbidden,
    InvalidInput,
    LinkEnded,
    NotFound,
    NotYourself,
    SignInFailed,
    TooManyAttempts,
    WrongPersonStatus,
)
from keyportal.domain.principals import Principal, operator_principal
from keyportal.domain.secret import Secret
from keyportal.services import one_time_links, sessions, sign_in, throttle, users
from keyportal.services.one_time_links import Invitation, IssuedLink
from keyportal.services.portal import Portal
from tests.services.support import events, run_sql, signed_in
from tests.support import PASSWORDS, FakeClock, all_text_of

PASSWORD = Secret("carol has a long password")
CAROL = "carol@example.com"


def token_of(link: IssuedLink) -> str:
    return link.url.reveal().partition("#")[2]


def invite(portal: Portal, root: Principal, **more: object) -> IssuedLink:
    return one_time_links.invite(portal, root, Invitation(CAROL, **more))  # pyright: ignore[reportArgumentType]


def test_an_invited_person_joins_once_and_signs_in_from_then_on(portal: Portal, root: Principal) -> None:
    link = invite(portal, root, role="admin", name="Carol")
    assert (link.user.status, link.kind, link.user.can_link) == ("invited", "invitation", True)
    with pytest.raises(SignInFailed):
        sign_in.sign_in(portal, CAROL, Secret(""))
    joined = one_time_links.join(portal, token_of(link), PASSWORD, "Carol C.", "::1", "Firefox/1 Linux")
    assert (joined.principal.name, joined.principal.role) == ("Carol C.", "admin")
    assert sign_in.sign_in(portal, CAROL, PASSWORD).principal.user_id == link.user.id
    with pytest.raises(LinkEnded):
        one_time_links.join(portal, token_of(link), PASSWORD)
    assert [e.action for e in events(portal)[-2:]] == ["user.join", "sign_in"]
    assert events(portal)[-2].details["browser"] == "Firefox on Linux"


def test_the_token_is_in_no_table_and_not_in_the_part_of_the_address_a_server_sees(
    portal: Portal, root: Principal
) -> None:
    link = invite(portal, root)
    token = token_of(link)
    assert len(token) >= 43 and token.encode() not in all_text_of(portal)
    assert link.url.reveal() == f"{portal.settings.public_url}/join#{token}"
    assert token not in repr(link)


def test_a_link_ends_by_time_and_by_a_newer_one(portal: Portal, root: Principal, clock: FakeClock) -> None:
    first = invite(portal, root)
    second = one_time_links.new_link(portal, root, first.user.id, timedelta(days=14))
    with pytest.raises(LinkEnded):
        one_time_links.join(portal, token_of(first), PASSWORD)
    clock.advance(timedelta(days=14))
    with pytest.raises(LinkEnded):
        one_time_links.join(portal, token_of(second), PASSWORD)
    third = one_time_links.new_link(portal, root, first.user.id)
    clock.advance(timedelta(hours=71))
    assert one_time_links.join(portal, token_of(third), PASSWORD).principal.email == CAROL


def test_a_refused_password_leaves_the_link_good(portal: Portal, root: Principal) -> None:
    token = token_of(invite(portal, root))
    for bad in ("short", "password123"):
        with pytest.raises(InvalidInput) as refusal:
            one_time_links.join(portal, token, Secret(bad))
        assert refusal.value.field == "password"
    assert one_time_links.join(portal, token, PASSWORD).principal.name == "carol"


def test_a_reset_replaces_the_password_and_ends_every_session(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    old = Secret("alice has a long password")
    before = signed_in(portal, "alice")
    link = one_time_links.new_link(portal, root, str(alice.user_id))
    assert link.kind == "reset" and "/reset#" in link.url.reveal()
    with pytest.raises(LinkEnded):
        one_time_links.join(portal, token_of(link), PASSWORD)
    after = one_time_links.reset(portal, token_of(link), PASSWORD)
    assert sessions.find_principal(portal, str(before.session_digest)) is None
    assert sessions.live_sessions(portal, [sessions.digest_of(after.token.reveal())])
    with pytest.raises(SignInFailed):
        sign_in.sign_in(portal, "alice@example.com", old)
    with pytest.raises(LinkEnded):
        one_time_links.reset(portal, token_of(link), PASSWORD)


def test_a_deactivated_person_gets_no_link_and_an_old_one_ends(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    link = one_time_links.new_link(portal, root, str(alice.user_id))
    users.deactivate(portal, root, str(alice.user_id))
    with pytest.raises(LinkEnded):
        one_time_links.reset(portal, token_of(link), PASSWORD)
    with pytest.raises(WrongPersonStatus):
        one_time_links.new_link(portal, root, str(alice.user_id))


def test_tries_are_counted_by_address(portal: Portal) -> None:
    for _ in range(throttle.PER_ADDRESS):
        with pytest.raises(LinkEnded):
            one_time_links.join(portal, "made up", PASSWORD, address="192.0.2.7")
    with pytest.raises(TooManyAttempts):
        one_time_links.reset(portal, "made up", PASSWORD, address="192.0.2.7")


def test_junk_sent_to_links_keeps_nobody_from_signing_in_nor_the_other_way_round(
    portal: Portal, root: Principal
) -> None:
    email, old, address = "alice@example.com", Secret(PASSWORDS["alice@example.com"]), "192.0.2.7"
    for _ in range(throttle.PER_ADDRESS):
        throttle.count_link_try(portal, address)
    assert sign_in.sign_in(portal, email, old, address).principal.email == email
    token = token_of(invite(portal, root))
    for n in range(throttle.PER_ADDRESS):
        throttle.count_attempt(portal, account=f"{n}@example.com", address="192.0.2.8")
    assert one_time_links.join(portal, token, PASSWORD, address="192.0.2.8").principal.email == CAROL


def test_a_right_link_gives_its_try_back_and_frees_the_account_but_no_sign_in_of_the_address(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    for _ in range(3):
        throttle.count_attempt(portal, account="alice@example.com", address="::1")
    link = one_time_links.new_link(portal, root, str(alice.user_id))
    one_time_links.reset(portal, token_of(link), PASSWORD, "::1")
    one_time_links.join(portal, token_of(invite(portal, root)), PASSWORD, address="::1")
    with portal.database.reading() as session:
        counts = dict(tuple(r) for r in run_sql(session, "SELECT key, count FROM attempts"))
    assert counts == {"address:::": 3, "links:::": 0}


def test_an_admin_makes_no_link_for_themself_but_the_operator_does(portal: Portal, root: Principal) -> None:
    with pytest.raises(NotYourself) as refusal:
        one_time_links.new_link(portal, root, str(root.user_id))
    assert refusal.value.message == "Change your own password in your account."
    assert not users.get(portal, root, str(root.user_id)).can_link
    assert one_time_links.new_link(portal, operator_principal(), str(root.user_id)).kind == "reset"


def test_only_admins_and_the_operator_make_links(portal: Portal, alice: Principal, bob: Principal) -> None:
    for attempt in (
        lambda: one_time_links.invite(portal, bob, Invitation(CAROL)),
        lambda: one_time_links.new_link(portal, bob, str(alice.user_id)),
        lambda: one_time_links.new_link(portal, bob, str(bob.user_id)),
        lambda: one_time_links.new_link_for_email(portal, bob, "root@example.com"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    link = one_time_links.new_link_for_email(portal, operator_principal(), " ROOT@example.com ")
    assert one_time_links.reset(portal, token_of(link), PASSWORD).principal.email == "root@example.com"
    with pytest.raises(NotFound):
        one_time_links.new_link_for_email(portal, operator_principal(), "nobody@example.com")


def test_unusable_invitations_say_what_is_wrong(portal: Portal, root: Principal) -> None:
    for invitation, field in (
        (Invitation("no email"), "email"),
        (Invitation(CAROL, role="owner"), "role"),
        (Invitation(CAROL, lifetime=timedelta(days=15)), "days"),
        (Invitation(CAROL, name="x" * 81), "name"),
    ):
        with pytest.raises(InvalidInput) as refusal:
            one_time_links.invite(portal, root, invitation)
        assert refusal.value.field == field
    with pytest.raises(EmailTaken):
        one_time_links.invite(portal, root, Invitation("Alice@Example.com"))
