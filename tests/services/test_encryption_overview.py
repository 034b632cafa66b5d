"""What an admin is told first of the encryption keys, whatever state they are in."""

import json
import os
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from keyportal.domain.errors import Forbidden
from keyportal.domain.principals import Principal
from keyportal.persistence import processes, records
from keyportal.persistence.tables import EncryptionKeyRow, ProcessRow
from keyportal.services import encryption_overview
from keyportal.services.encryption_keys import EncryptionStatus
from keyportal.services.encryption_overview import EncryptionOverview, Situation
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import RotationMark, let_go, new_mark, write_mark
from keyportal.vault.sealed import SEALS_REFUSE, SEALS_WARN
from tests.conftest import MakePortal, person
from tests.services.encryption_support import ALONE, BEHIND, rotate
from tests.services.support import save
from tests.support import START, FakeClock


@pytest.fixture
def behind(make_portal: MakePortal) -> Portal:
    """A portal whose three keys were saved before the encryption key was changed."""
    before = make_portal()
    for number in range(3):
        save(before, person(before, "alice"), f"key {number}")
    return make_portal(**BEHIND)


def seen(portal: Portal) -> EncryptionOverview:
    return encryption_overview.overview_of(portal, person(portal, "root"))


def begin(portal: Portal) -> RotationMark:
    """Leave what a rotation leaves that is under way in this process."""
    mark = new_mark("root@example.com", portal.keyring.current.id, portal.clock.now())
    with portal.database.transaction() as session:
        write_mark(session, mark, portal.clock.now())
    return mark


def announce(portal: Portal, *key_ids: str, pid: int = 1) -> None:
    now = portal.clock.now()
    row = ProcessRow(
        kind="api", host="h", pid=pid, key_ids=list(key_ids), current_key_id=key_ids[0],
        started_at=now, seen_at=now,
    )  # fmt: skip
    with portal.database.transaction() as session:
        processes.announce(session, row)


def test_values_under_a_former_key_are_to_be_resealed(behind: Portal) -> None:
    found = seen(behind)
    assert found.situation is Situation.REMAINING
    assert (found.status.remaining, found.servers, found.is_worn) == (3, (), False)


def test_a_rotation_under_way_comes_before_everything(behind: Portal) -> None:
    begin(behind)
    announce(behind, "ffffffff")
    assert seen(behind).situation is Situation.RUNNING


def test_one_that_stopped_is_interrupted_and_one_for_another_key_is_not(behind: Portal) -> None:
    mark, now = begin(behind), behind.clock.now()
    with behind.database.transaction() as session:
        let_go(session, mark, now)
    assert seen(behind).situation is Situation.INTERRUPTED
    with behind.database.transaction() as session:
        let_go(session, replace(mark, key_id="ffffffff"), now)
    assert seen(behind).situation is Situation.REMAINING


def test_a_server_without_the_current_key_comes_first(behind: Portal) -> None:
    current = behind.keyring.current.id
    announce(behind, current, pid=os.getpid())
    assert seen(behind).situation is Situation.REMAINING
    announce(behind, "ffffffff", pid=7)
    found = seen(behind)
    assert found.situation is Situation.LAGGING
    assert {s.pid: (s.holds_current, s.is_this) for s in found.servers} == {
        os.getpid(): (True, False),
        7: (False, False),
    }


def test_the_server_that_answers_knows_itself(portal: Portal) -> None:
    now = portal.clock.now()
    key_id = portal.keyring.current.id
    row = ProcessRow(
        kind="portal", host=socket.gethostname(), pid=os.getpid(), key_ids=[key_id], current_key_id=key_id,
        started_at=now, seen_at=now,
    )  # fmt: skip
    with portal.database.transaction() as session:
        processes.announce(session, row)
    assert [(s.kind, s.is_this, s.holds_current) for s in seen(portal).servers] == [("portal", True, True)]


def test_a_server_that_was_not_told_of_a_key_lacks_it(make_portal: MakePortal) -> None:
    first = make_portal()
    make_portal(**BEHIND)
    assert seen(first).situation is Situation.MISSING


def test_a_former_key_that_nothing_needs_may_go_and_then_all_is_settled(
    make_portal: MakePortal, behind: Portal
) -> None:
    rotate(behind)
    assert seen(behind).situation is Situation.REMOVABLE
    assert seen(make_portal(**ALONE)).situation is Situation.SETTLED


def test_a_former_key_that_seals_nothing_any_more_is_still_to_be_taken_out_of_use(behind: Portal) -> None:
    rotate(behind)
    with behind.database.transaction() as session:
        for row in records.encryption_keys(session):
            row.retired_at = None
            session.add(row)
    assert seen(behind).situation is Situation.UNFINISHED


def test_a_key_that_sealed_nearly_all_it_may_is_told(portal: Portal) -> None:
    def seal_until(number: int) -> EncryptionOverview:
        with portal.database.transaction() as session:
            row = session.get_one(EncryptionKeyRow, portal.keyring.current.id)
            row.seals = number
            session.add(row)
        return seen(portal)

    assert not seal_until(SEALS_WARN - 1).is_worn
    found = seal_until(SEALS_WARN)
    assert (found.is_worn, found.seals_limit) == (True, SEALS_REFUSE)


def test_a_backup_is_due_where_there_is_none_or_the_last_is_a_month_old(
    portal: Portal, clock: FakeClock
) -> None:
    assert (seen(portal).backup.at, seen(portal).backup.is_due) == (None, True)
    made_at = clock.now()
    with portal.database.transaction() as session:
        content = json.dumps({"at": made_at.isoformat(), "file": "keyportal.db"})
        records.write_setting(session, "last_backup", content, made_at)
    clock.advance(timedelta(days=30))
    found = seen(portal).backup
    assert (found.at, found.file, found.is_due) == (made_at, "keyportal.db", False)
    clock.advance(timedelta(seconds=1))
    assert seen(portal).backup.is_due


def test_a_rotation_that_ends_while_everything_is_read_is_told_as_running(
    behind: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(behind)
    status_in = encryption_overview.status_in

    def end_before(portal: Portal, session: Session) -> EncryptionStatus:
        found = status_in(portal, session)
        assert found.rotation is not None
        return replace(found, rotation=replace(found.rotation, is_running=False, finished_at=START))

    monkeypatch.setattr(encryption_overview, "status_in", end_before)
    assert seen(behind).situation is Situation.RUNNING


def test_a_member_is_told_nothing(portal: Portal, alice: Principal) -> None:
    with pytest.raises(Forbidden):
        encryption_overview.overview_of(portal, alice)
