"""A lost encryption key: what is forgotten, what stays, and the answer until a value is there again."""

from dataclasses import replace

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import EncryptionKeyHeld, Forbidden, InvalidInput, NeedsReentry, UnusableSetting
from keyportal.domain.secret import Secret
from keyportal.persistence import processes
from keyportal.persistence.tables import ProcessRow
from keyportal.services import audit_verification, credentials, encryption_abandon
from keyportal.services.credential_edits import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.resolution import resolve_key
from keyportal.services.start_up import open_portal
from keyportal.settings import Settings
from tests.conftest import MakePortal, person
from tests.services.encryption_support import ALONE, BEHIND, OPERATOR, rotate, states, status
from tests.services.support import VALUE, events, row_of, run_sql, save
from tests.support import OTHER_KEY, FakeClock

AWS_TOKEN = "IQoJb3JpZ2luX2VjEExampleToken0123456789"
AWS = {"region": "eu-central-1", "access_key_id": "ASIAIOSFODNN7EXAMPLE", "session_token": AWS_TOKEN}


@pytest.fixture
def saved(make_portal: MakePortal) -> list[str]:
    """A key of Alice, one with secret fields, and one of the system, under the key that will be lost."""
    portal = make_portal()
    alice, root = person(portal, "alice"), person(portal, "root")
    return [
        save(portal, alice, "mine").id,
        save(portal, alice, "cloud", "a" * 40, provider="aws_transcribe", fields=AWS).id,
        save(portal, root, "for all", "sk-proj-system0123456789abcdef", ownership=Ownership.SYSTEM).id,
    ]


@pytest.fixture
def lost_id(make_portal: MakePortal, saved: list[str]) -> str:
    return make_portal().keyring.current.id


@pytest.fixture
def tending(make_portal: MakePortal, lost_id: str) -> Portal:
    """The database opened by an operator who has a new key, and no longer the old one."""
    settings = make_portal().settings
    return open_without(settings)


def open_without(settings: Settings) -> Portal:
    other = replace(settings, encryption_key=Secret(OTHER_KEY))
    return open_portal(other, FakeClock(), may_miss_keys=True)


def test_every_value_of_the_key_waits_and_everything_else_stays(
    make_portal: MakePortal, tending: Portal, lost_id: str, saved: list[str]
) -> None:
    before = [row_of(tending, one).model_dump() for one in saved]
    assert encryption_abandon.count_lost(tending, OPERATOR, lost_id) == 3
    assert encryption_abandon.abandon(tending, OPERATOR, lost_id) == 3
    changed = {"sealed", "secret_version"}
    after = [row_of(tending, one).model_dump() for one in saved]
    assert [row["sealed"] for row in after] == [None] * 3
    assert [{k: v for k, v in row.items() if k not in changed} for row in after] == [
        {k: v for k, v in row.items() if k not in changed} for row in before
    ]


def test_resolves_say_so_and_never_go_on_to_the_next_source(
    make_portal: MakePortal, tending: Portal, lost_id: str
) -> None:
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    portal = make_portal(**ALONE, OPENAI_API_KEY="sk-proj-environment0123456789")
    save(portal, person(portal, "root"), "second", "sk-proj-second0123456789abcd", ownership=Ownership.SYSTEM)
    for who in ("alice", "bob"):
        with pytest.raises(NeedsReentry):
            resolve_key(portal, OPERATOR, "openai", user=f"{who}@example.com")


def test_an_entered_value_works_again(
    make_portal: MakePortal, tending: Portal, lost_id: str, saved: list[str]
) -> None:
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    portal = make_portal(**ALONE)
    alice = person(portal, "alice")
    credentials.update(portal, alice, Ownership.USER, saved[0], CredentialEdit(api_key=Secret(VALUE)))
    edit = CredentialEdit(api_key=Secret("b" * 40), fields=AWS)
    credentials.update(portal, alice, Ownership.USER, saved[1], edit)
    assert resolve_key(portal, OPERATOR, "openai", user="alice@example.com").api_key.reveal() == VALUE
    found = resolve_key(portal, OPERATOR, "aws_transcribe", user="alice@example.com")
    assert (found.api_key.reveal(), found.fields["session_token"]) == ("b" * 40, AWS_TOKEN)
    assert status(portal).waiting == 1


def test_lists_show_that_they_wait(
    make_portal: MakePortal, tending: Portal, lost_id: str, saved: list[str]
) -> None:
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    portal = make_portal(**ALONE)
    view = credentials.get(portal, person(portal, "alice"), Ownership.USER, saved[0])
    assert (view.status, view.name, view.mask) == ("re_enter", "mine", "****...cdef")


def test_the_start_is_refused_before_and_works_after(
    make_portal: MakePortal, tending: Portal, lost_id: str
) -> None:
    with pytest.raises(UnusableSetting, match=lost_id):
        make_portal(**ALONE)
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    portal = make_portal(**ALONE)
    assert states(portal) == {lost_id: "abandoned", portal.keyring.current.id: "current"}


def test_looking_after_a_lost_key_plants_nothing_for_a_key_that_may_be_a_mistake(
    tending: Portal, lost_id: str
) -> None:
    assert list(states(tending)) == [lost_id]


def test_events_of_the_lost_key_are_said_to_be_unproven_and_the_others_hold(
    make_portal: MakePortal, tending: Portal, lost_id: str
) -> None:
    count = len(events(tending))
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    portal = make_portal(**ALONE)
    save(portal, person(portal, "alice"), "later", f"{VALUE}9")
    report = audit_verification.verify_chain(portal)
    assert (report.broken_at, report.unproven) == (None, count)
    assert report.events > count


def test_where_the_former_key_was_kept_nothing_is_unproven(make_portal: MakePortal, saved: list[str]) -> None:
    """The new key was in front of it before it was lost: what verifies its events is under the new one."""
    former = make_portal().keyring.current.id
    settings = make_portal(**BEHIND).settings
    portal = open_portal(replace(settings, previous_encryption_keys=()), FakeClock(), may_miss_keys=True)
    assert encryption_abandon.abandon(portal, OPERATOR, former) == 3
    assert audit_verification.verify_chain(make_portal(**ALONE)).unproven == 0


def test_with_the_lost_key_goes_what_verified_the_one_before_it(
    make_portal: MakePortal, saved: list[str]
) -> None:
    portal = make_portal(**BEHIND)
    rotate(portal)
    second, third = portal.keyring.current.id, "7f" + OTHER_KEY[2:]
    tending = open_portal(
        replace(portal.settings, encryption_key=Secret(third), previous_encryption_keys=()),
        FakeClock(),
        may_miss_keys=True,
    )
    encryption_abandon.abandon(tending, OPERATOR, second)
    report = audit_verification.verify_chain(make_portal(API_KEY_ENCRYPTION_KEY=third))
    assert report.broken_at is None and report.unproven == report.events - 2


def test_an_event_of_an_unknown_key_that_nobody_gave_up_breaks_the_trail(
    make_portal: MakePortal, saved: list[str]
) -> None:
    portal = make_portal()
    first = events(portal)[0]
    with portal.database.transaction() as session:
        run_sql(session, f"UPDATE audit_events SET key_id = 'deadbeef' WHERE id = {first.id}")
    assert audit_verification.verify_chain(portal).broken_at == first.id


def test_twice_is_as_good_as_once(tending: Portal, lost_id: str) -> None:
    encryption_abandon.abandon(tending, OPERATOR, lost_id)
    before = len(events(tending))
    assert encryption_abandon.abandon(tending, OPERATOR, lost_id) == 0
    assert len(events(tending)) == before
    last = events(tending)[-1]
    assert (last.action, last.object_id) == (Action.ENCRYPTION_KEY_ABANDON, lost_id)
    assert (last.details["count"], len(last.details["unproven"])) == (3, 64)


def test_a_key_that_is_here_is_not_given_up(make_portal: MakePortal, saved: list[str]) -> None:
    portal = make_portal()
    with pytest.raises(EncryptionKeyHeld, match="configured here"):
        encryption_abandon.abandon(portal, OPERATOR, portal.keyring.current.id)
    assert row_of(portal, saved[0]).sealed is not None


def test_a_key_that_a_running_server_holds_is_not_given_up(
    tending: Portal, lost_id: str, saved: list[str]
) -> None:
    now = tending.clock.now()
    server = ProcessRow(
        kind="portal",
        host="here",
        pid=7,
        key_ids=[lost_id],
        current_key_id=lost_id,
        started_at=now,
        seen_at=now,
    )
    with tending.database.transaction() as session:
        processes.announce(session, server)
    with pytest.raises(EncryptionKeyHeld, match="portal 7 on here"):
        encryption_abandon.abandon(tending, OPERATOR, lost_id)
    assert row_of(tending, saved[0]).sealed is not None


def test_an_id_nobody_knows_is_refused(tending: Portal) -> None:
    with pytest.raises(InvalidInput, match="never written with"):
        encryption_abandon.abandon(tending, OPERATOR, "deadbeef")


def test_only_the_operator_may(make_portal: MakePortal, saved: list[str]) -> None:
    portal = make_portal()
    for who in ("alice", "root"):
        with pytest.raises(Forbidden):
            encryption_abandon.abandon(portal, person(portal, who), portal.keyring.current.id)
