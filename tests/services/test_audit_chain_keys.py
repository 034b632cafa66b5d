"""The trail and the encryption key: verifiable behind a rotation, honest behind a lost key."""

from dataclasses import replace

import pytest

from keyportal.domain.audit import Action
from keyportal.domain.secret import Secret
from keyportal.persistence.columns import new_id
from keyportal.services import encryption_abandon
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from keyportal.services.start_up import open_portal
from keyportal.services.trail_report import verify_trail
from tests.conftest import MakePortal, person
from tests.services.encryption_support import ALONE, BEHIND, OPERATOR, rotate
from tests.services.support import events, save
from tests.services.test_audit import write as record
from tests.services.test_audit_chain import put_in, write
from tests.support import OTHER_KEY, FakeClock


@pytest.fixture
def former(make_portal: MakePortal) -> Portal:
    """A trail of the first encryption key."""
    portal = make_portal()
    save(portal, person(portal, "alice"))
    return portal


def numbers_of(portal: Portal, key_id: str) -> list[int]:
    return [event.id or 0 for event in events(portal) if event.key_id == key_id]


@pytest.fixture
def rotated(make_portal: MakePortal, former: Portal) -> Portal:
    """Rotated to another key, and the former one taken out of the settings."""
    rotate(make_portal(**BEHIND))
    return make_portal(**ALONE)


def test_without_the_former_key_its_events_are_proven_all_the_same(former: Portal, rotated: Portal) -> None:
    report = verify_chain(rotated)
    assert (report.events, report.unproven, report.broken_at) == (len(events(rotated)), 0, None)
    assert not rotated.keyring.holds(former.keyring.current.id)
    assert numbers_of(rotated, former.keyring.current.id)


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("under", ["former", "present"])
def test_without_the_former_key_a_change_is_located(
    former: Portal, rotated: Portal, place: int, under: str
) -> None:
    record(rotated, person(rotated, "alice"))
    key_id = {"former": former, "present": rotated}[under].keyring.current.id
    changed = numbers_of(rotated, key_id)[place]
    write(rotated, "UPDATE audit_events SET object_label = 'x' WHERE id = :id", id=changed)
    assert verify_chain(rotated).broken_at == changed


def test_the_seam_between_two_keys_cannot_be_opened(former: Portal, rotated: Portal) -> None:
    last = numbers_of(rotated, former.keyring.current.id)[-1]
    write(rotated, "DELETE FROM audit_events WHERE id = :id", id=last)
    assert verify_chain(rotated).broken_at == last + 1


@pytest.fixture
def lost(former: Portal) -> Portal:
    """The same database with another key alone: the first one is lost, and nobody said so yet."""
    settings = replace(former.settings, encryption_key=Secret(OTHER_KEY))
    return open_portal(settings, FakeClock(), may_miss_keys=True)


def test_a_missing_key_is_told_by_its_id_where_it_begins(former: Portal, lost: Portal) -> None:
    found = verify_trail(lost, OPERATOR)
    assert found.broken is not None
    assert found.broken.number == numbers_of(lost, former.keyring.current.id)[0]
    assert found.broken.missing_key_id == former.keyring.current.id
    lost.close()


@pytest.fixture
def abandoned(former: Portal, lost: Portal) -> Portal:
    """The key is given up, and the portal has gone on with another one."""
    encryption_abandon.abandon(lost, OPERATOR, former.keyring.current.id)
    record(lost, OPERATOR)
    return lost


def test_events_of_a_key_that_was_given_up_are_counted_apart(former: Portal, abandoned: Portal) -> None:
    found = verify_trail(abandoned, OPERATOR)
    assert found.broken is None
    assert found.unproven == len(numbers_of(abandoned, former.keyring.current.id))
    # The look's own event came afterwards.
    assert found.events == len(events(abandoned)) - 1
    abandoned.close()


def test_the_others_are_proven_as_ever(former: Portal, abandoned: Portal) -> None:
    for changed in numbers_of(abandoned, abandoned.keyring.current.id):
        before = events(abandoned)
        write(abandoned, "UPDATE audit_events SET address = 'x' WHERE id = :id", id=changed)
        assert verify_chain(abandoned).broken_at == changed
        old = next(event for event in before if event.id == changed)
        write(abandoned, "UPDATE audit_events SET address = :a WHERE id = :id", a=old.address, id=changed)
    assert verify_chain(abandoned).broken_at is None
    abandoned.close()


def test_the_last_event_of_a_lost_key_is_bound_to_what_follows(former: Portal, abandoned: Portal) -> None:
    last = numbers_of(abandoned, former.keyring.current.id)[-1]
    write(abandoned, "UPDATE audit_events SET chain = :link WHERE id = :id", link="a" * 64, id=last)
    assert verify_chain(abandoned).broken_at == last + 1
    write(abandoned, "DELETE FROM audit_events WHERE id = :id", id=last)
    assert verify_chain(abandoned).broken_at == last + 1
    abandoned.close()


def test_a_lost_key_covers_nothing_behind_its_giving_up(former: Portal, abandoned: Portal) -> None:
    last, key_id = events(abandoned)[-1], former.keyring.current.id
    new = (last.id or 0) + 100
    put_in(abandoned, new, last.id or 0, key_id=key_id, chain="a" * 64, uid=new_id())
    found = verify_trail(abandoned, OPERATOR)
    assert found.broken is not None and found.broken.number == new
    assert found.broken.missing_key_id == ""
    assert last.action == Action.SIGN_IN
    abandoned.close()
