"""Changing the encryption key while everybody works: what is sealed anew, what never is, what may go."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import (
    Forbidden,
    ProcessLacksKey,
    ResealingUnderWay,
    StorageUnavailable,
    UnusableSetting,
)
from keyportal.domain.principals import Principal
from keyportal.persistence import processes, records, sealed_values
from keyportal.persistence.tables import ProcessRow
from keyportal.services import audit_verification, encryption_keys, encryption_rotation
from keyportal.services.portal import Portal
from keyportal.services.resolution import resolve_key
from keyportal.services.rotation_marks import last_rotation
from keyportal.services.sealed_columns import open_everything
from keyportal.vault.sealed import key_id_of
from tests.conftest import MakePortal, person
from tests.services.encryption_support import AHEAD, ALONE, BEHIND, OPERATOR, rotate, states, status
from tests.services.support import VALUE, events, row_of, run_sql, save, spoil
from tests.support import ENCRYPTION_KEY, OTHER_KEY, FakeClock


@pytest.fixture
def saved(make_portal: MakePortal) -> list[str]:
    """Five keys of Alice and one of the system, under the first encryption key."""
    portal = make_portal()
    alice, root = person(portal, "alice"), person(portal, "root")
    ids = [save(portal, alice, f"key {n}", f"{VALUE}{n}").id for n in range(5)]
    return [*ids, save(portal, root, "for all", ownership=Ownership.SYSTEM).id]


@pytest.fixture
def behind(make_portal: MakePortal, saved: list[str]) -> Portal:
    """The same database, opened with another key in front of the first."""
    return make_portal(**BEHIND)


def value_of(portal: Portal, provider: str = "openai", who: str = "alice") -> str:
    return resolve_key(portal, OPERATOR, provider, user=f"{who}@example.com").api_key.reveal()


def blob_of(portal: Portal, credential_id: str) -> bytes:
    sealed = row_of(portal, credential_id).sealed
    assert sealed is not None
    return sealed


def all_but_sealed(portal: Portal, credential_id: str) -> dict[str, Any]:
    row = row_of(portal, credential_id).model_dump()
    return {name: value for name, value in row.items() if name not in ("sealed", "key_id")}


def test_every_value_is_sealed_anew_and_opens(behind: Portal, saved: list[str]) -> None:
    report = rotate(behind)
    current = behind.keyring.current.id
    assert (report.resealed, report.damaged, report.remaining) == (6, 0, 0)
    assert {key_id_of(blob_of(behind, one)) for one in saved} == {current}
    assert {row_of(behind, one).key_id for one in saved} == {current}
    assert value_of(behind) == f"{VALUE}0"


def test_nothing_but_the_ciphertext_is_touched(behind: Portal, saved: list[str]) -> None:
    before = [all_but_sealed(behind, one) for one in saved]
    rotate(behind)
    assert [all_but_sealed(behind, one) for one in saved] == before


def test_afterwards_the_former_key_may_be_taken_out(make_portal: MakePortal, behind: Portal) -> None:
    former = next(iter(behind.keyring.ids - {behind.keyring.current.id}))
    assert states(behind)[former] == "previous"
    report = rotate(behind)
    assert (report.retired_ids, states(behind)[former]) == ((former,), "removable")
    alone = make_portal(**ALONE)
    assert states(alone)[former] == "retired"
    assert value_of(alone) == f"{VALUE}0"


def test_before_it_is_done_a_start_without_the_former_key_is_refused(
    make_portal: MakePortal, behind: Portal
) -> None:
    with pytest.raises(UnusableSetting) as refusal:
        make_portal(**ALONE)
    assert refusal.value.setting == "API_KEY_ENCRYPTION_KEY_PREVIOUS"
    assert "6 saved values still need" in refusal.value.message


def test_the_trail_stays_verifiable_without_the_former_key(make_portal: MakePortal, behind: Portal) -> None:
    count = len(events(behind))
    rotate(behind)
    report = audit_verification.verify_chain(make_portal(**ALONE))
    assert (report.broken_at, report.unproven) == (None, 0)
    assert report.events > count


def test_a_change_to_an_event_of_a_retired_key_is_still_found(
    make_portal: MakePortal, behind: Portal
) -> None:
    rotate(behind)
    alone = make_portal(**ALONE)
    first = events(alone)[0]
    with alone.database.transaction() as session:
        row = session.get(type(first), first.id)
        assert row is not None
        row.object_label = "somebody else"
    assert audit_verification.verify_chain(alone).broken_at == first.id


def test_a_third_key_carries_on_what_verifies_the_first_ones_events(
    make_portal: MakePortal, behind: Portal
) -> None:
    rotate(behind)
    third = "7f" + OTHER_KEY[2:]
    portal = make_portal(API_KEY_ENCRYPTION_KEY=third, API_KEY_ENCRYPTION_KEY_PREVIOUS=OTHER_KEY)
    rotate(portal)
    alone = make_portal(API_KEY_ENCRYPTION_KEY=third)
    assert audit_verification.verify_chain(alone).broken_at is None
    assert sorted(states(alone).values()) == ["current", "retired", "retired"]


def test_doing_it_again_does_nothing(behind: Portal) -> None:
    rotate(behind)
    before = len(events(behind))
    report = rotate(behind)
    assert (report.resealed, report.retired_ids, len(events(behind))) == (0, (), before)


def test_without_another_key_there_is_nothing_to_do(make_portal: MakePortal, saved: list[str]) -> None:
    portal = make_portal()
    before = [blob_of(portal, one) for one in saved]
    assert rotate(portal).resealed == 0
    assert [blob_of(portal, one) for one in saved] == before


def test_it_is_on_the_trail_with_key_ids_and_counts(behind: Portal) -> None:
    rotate(behind)
    current, found = behind.keyring.current.id, events(behind)[-3:]
    assert [(e.action, e.result, e.details.get("count")) for e in found] == [
        (Action.ENCRYPTION_KEY_ROTATE, "started", 6),
        (Action.ENCRYPTION_KEY_ROTATE, "ok", 6),
        (Action.ENCRYPTION_KEY_RETIRE, "ok", None),
    ]
    assert found[0].object_id == current and found[2].details == {"to": current}


def test_a_value_replaced_meanwhile_is_not_overwritten(
    behind: Portal, saved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = b"\x01" + bytes.fromhex(behind.keyring.current.id) + b"what somebody saved meanwhile"
    swap = sealed_values.swap

    def late(session: Session, column: Any, swaps: Any) -> int:
        column_swaps = [replace(s, old=b"another") if s.row_id == saved[0] else s for s in swaps]
        return swap(session, column, column_swaps)

    monkeypatch.setattr(sealed_values, "swap", late)
    spoil(behind, saved[0], sealed=replaced)
    rotate(behind)
    assert blob_of(behind, saved[0]) == replaced


def test_a_value_overtaken_by_the_former_key_is_left_for_the_next_time(
    make_portal: MakePortal, behind: Portal, saved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server with the old settings saves with the former key while others re-seal."""
    old_settings = make_portal(**AHEAD)
    finish = encryption_rotation._finish

    def saved_before_the_end(*arguments: Any) -> Any:
        save(old_settings, person(old_settings, "alice"), "late", f"{VALUE}9")
        return finish(*arguments)

    monkeypatch.setattr(encryption_rotation, "_finish", saved_before_the_end)
    report = rotate(behind)
    assert (report.remaining, report.retired_ids) == (1, ())
    monkeypatch.undo()
    report = rotate(behind)
    assert (report.resealed, report.remaining, len(report.retired_ids)) == (1, 0, 1)


def test_a_retired_key_that_seals_again_is_needed_again(make_portal: MakePortal, behind: Portal) -> None:
    rotate(behind)
    old_settings = make_portal(**AHEAD)
    save(old_settings, person(old_settings, "alice"), "late", f"{VALUE}9")
    with pytest.raises(UnusableSetting):
        make_portal(**ALONE)


def test_it_goes_on_from_where_it_was_ended(
    behind: Portal, saved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption_rotation, "BATCH", 2)

    def ended(done: int, _total: int) -> None:
        if done >= 4:
            raise StorageUnavailable

    with pytest.raises(StorageUnavailable):
        rotate(behind, ended)
    done = [one for one in saved if key_id_of(blob_of(behind, one)) == behind.keyring.current.id]
    blobs = [blob_of(behind, one) for one in done]
    assert (len(done), status(behind).remaining) == (4, 2)
    assert rotate(behind).resealed == 2
    assert [blob_of(behind, one) for one in done] == blobs


def test_two_at_once_are_refused_and_one_that_died_is_not_waited_for(
    behind: Portal, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(_done: int, _total: int) -> None:
        with pytest.raises(ResealingUnderWay):
            encryption_rotation.rotate(behind, OPERATOR)

    rotate(behind, another)
    with behind.database.reading() as session:
        mark = last_rotation(session, clock.now())
    assert mark is not None and mark.finished_at is not None and not mark.is_running


def test_progress_says_how_many_of_how_many(behind: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption_rotation, "BATCH", 2)
    told: list[tuple[int, int]] = []
    rotate(behind, lambda done, total: told.append((done, total)))
    assert told[:3] == [(2, 6), (4, 6), (6, 6)]


def test_a_damaged_value_is_marked_and_keeps_no_key_in_use(
    make_portal: MakePortal, behind: Portal, saved: list[str]
) -> None:
    damaged = bytearray(blob_of(behind, saved[1]))
    damaged[-1] ^= 1
    spoil(behind, saved[1], sealed=bytes(damaged))
    report = rotate(behind)
    assert (report.damaged, len(report.retired_ids)) == (1, 1)
    assert row_of(behind, saved[1]).unreadable
    alone = make_portal(**ALONE)
    assert status(alone).unreadable == 1
    assert value_of(alone) == f"{VALUE}0"


def running(portal: Portal, clock: FakeClock, key_ids: list[str]) -> None:
    now = clock.now()
    row = ProcessRow(
        kind="api", host="far", pid=7, key_ids=key_ids, current_key_id=key_ids[0], started_at=now, seen_at=now
    )
    with portal.database.transaction() as session:
        processes.announce(session, row)


def test_a_server_that_lacks_the_new_key_stops_it_before_anything_is_sealed(
    behind: Portal, clock: FakeClock, saved: list[str]
) -> None:
    former = sorted(behind.keyring.ids - {behind.keyring.current.id})
    running(behind, clock, former)
    with pytest.raises(ProcessLacksKey, match="api 7 on far"):
        rotate(behind)
    assert status(behind).lagging == ("api 7 on far",)
    assert status(behind).remaining == 6


def test_a_server_that_fell_silent_is_not_waited_for(behind: Portal, clock: FakeClock) -> None:
    running(behind, clock, sorted(behind.keyring.ids - {behind.keyring.current.id}))
    clock.advance(timedelta(minutes=2))
    assert rotate(behind).resealed == 6


def test_a_key_that_a_running_server_seals_with_is_not_taken_out_of_use(
    behind: Portal, clock: FakeClock
) -> None:
    (former,) = behind.keyring.ids - {behind.keyring.current.id}
    running(behind, clock, [former, behind.keyring.current.id])
    report = rotate(behind)
    assert (report.resealed, report.retired_ids, states(behind)[former]) == (6, (), "previous")
    assert (status(behind).behind, status(behind).waits_for_restart) == ((("api 7 on far", former),), True)
    before = len(events(behind))
    assert (rotate(behind).resealed, len(events(behind))) == (0, before)
    clock.advance(timedelta(minutes=2))
    assert rotate(behind).retired_ids == (former,)


def test_a_process_without_the_new_key_answers_unreadable_and_marks_nothing(
    make_portal: MakePortal, saved: list[str]
) -> None:
    before = make_portal()
    rotate(make_portal(**BEHIND))
    with pytest.raises(Exception, match="cannot be decrypted"):
        value_of(before)
    assert not row_of(before, saved[0]).unreadable


def test_members_agents_and_strangers_are_refused(behind: Portal) -> None:
    with pytest.raises(Forbidden):
        encryption_rotation.rotate(behind, person(behind, "alice"))
    assert status(behind).remaining == 6


def test_an_admin_may(behind: Portal) -> None:
    root: Principal = person(behind, "root")
    assert encryption_rotation.rotate(behind, root).resealed == 6
    assert events(behind)[-1].principal_label == "root@example.com"


def test_every_value_is_opened_to_prove_it(behind: Portal, saved: list[str]) -> None:
    spoil(behind, saved[0])
    with behind.database.reading() as session:
        found = open_everything(session, behind.keyring)
    # What was put there begins with the id of a key nobody has.
    assert [(o.readable, o.damaged, sum(o.missing.values())) for o in found] == [(5, 0, 1), (1, 0, 0)]


def test_what_is_found_damaged_is_marked_for_the_lists(behind: Portal, saved: list[str]) -> None:
    damaged = bytearray(blob_of(behind, saved[2]))
    damaged[-1] ^= 1
    spoil(behind, saved[2], sealed=bytes(damaged))
    openings = encryption_keys.verify(behind, OPERATOR)
    assert [opening.damaged for opening in openings] == [1, 0]
    assert [row_of(behind, one).unreadable for one in saved] == [one == saved[2] for one in saved]
    assert (events(behind)[-1].action, events(behind)[-1].result) == ("encryption_key.verify", "failed")


def test_what_opens_after_all_is_no_longer_marked(behind: Portal, saved: list[str]) -> None:
    spoil(behind, saved[0], unreadable=True)
    encryption_keys.verify(behind, OPERATOR)
    assert not row_of(behind, saved[0]).unreadable
    assert value_of(behind) == f"{VALUE}0"


def test_values_of_a_key_that_came_later_are_left_alone(
    make_portal: MakePortal, behind: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another change of the key began while this one went on: its values are not damaged, only not ours."""
    monkeypatch.setattr(encryption_rotation, "BATCH", 2)
    later: list[str] = []

    def put_in_front(_done: int, _total: int) -> None:
        if not later:
            third = make_portal(
                API_KEY_ENCRYPTION_KEY="7f" + OTHER_KEY[2:],
                API_KEY_ENCRYPTION_KEY_PREVIOUS=f"{OTHER_KEY},{ENCRYPTION_KEY}",
            )
            later.extend(save(third, person(third, "bob"), f"b {n}", f"{VALUE}7{n}").id for n in range(20))

    rotate(behind, put_in_front)
    assert later and not any(row_of(behind, one).unreadable for one in later)


def test_a_key_whose_row_was_taken_away_is_still_said_to_be_needed(behind: Portal) -> None:
    (former,) = behind.keyring.ids - {behind.keyring.current.id}
    with behind.database.transaction() as session:
        run_sql(session, f"DELETE FROM encryption_keys WHERE key_id = '{former}'")
    assert (states(behind)[former], status(behind).remaining) == ("previous", 6)
    assert (rotate(behind).resealed, states(behind)[former]) == (6, "removable")


@pytest.mark.parametrize(
    "stored",
    ["", "{", "[]", "7", '{"pid": 1}', "x" * 100_000],
    ids=["empty", "cut off", "list", "number", "other", "long"],
)
def test_a_mark_that_somebody_else_wrote_stops_nothing(behind: Portal, stored: str) -> None:
    with behind.database.transaction() as session:
        records.write_setting(session, "encryption_rotation", stored, behind.clock.now())
    assert status(behind).rotation is None
    assert rotate(behind).resealed == 6
