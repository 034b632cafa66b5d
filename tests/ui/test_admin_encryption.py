"""The page of the encryption key: what it says in every situation, re-sealing, verifying, refusals."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

from keyportal.domain.errors import StorageFull, StorageUnavailable
from keyportal.domain.principals import Principal, Role
from keyportal.persistence.tables import EncryptionKeyRow
from keyportal.services import encryption_keys, encryption_overview, encryption_rotation, users
from keyportal.services.encryption_keys import EncryptionStatus, KeyState, KeyView
from keyportal.services.encryption_overview import Situation
from keyportal.services.encryption_rotation import RotationReport
from keyportal.services.portal import Portal
from keyportal.services.rotation_marks import let_go
from keyportal.services.sealed_columns import Opening
from keyportal.services.users import UserEdit
from keyportal.ui.admin_encryption import state as admin_encryption
from keyportal.ui.admin_encryption.page import encryption_page
from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.admin_encryption.words import outcome_of, told_of, verdict_of
from keyportal.ui.shared import guards
from keyportal.ui.shared.portal import use_portal
from keyportal.ui.theme import ENCRYPTION_KEY, ENCRYPTION_SITUATION
from keyportal.vault.sealed import SEALS_WARN
from tests.conftest import MakePortal, person
from tests.services.encryption_support import ALONE, BEHIND
from tests.services.support import SYSTEM, VALUE, row_of, save, spoil
from tests.services.test_encryption_overview import announce, begin
from tests.support import ENCRYPTION_KEY as KEY
from tests.support import OTHER_KEY
from tests.ui.support import do, state_for

STATUS = EncryptionStatus("aaaaaaaa", (), 3, 1, 0, 0, (), (), None)


@pytest.fixture
def portal(make_portal: MakePortal) -> Portal:
    """A portal whose three keys were saved before the encryption key was changed."""
    before = make_portal()
    alice, root = person(before, "alice"), person(before, "root")
    for number in range(2):
        save(before, alice, f"key {number}", f"{VALUE}{number}")
    save(before, root, "for all", ownership=SYSTEM)
    return make_portal(**BEHIND)


@pytest.fixture
async def state(portal: Portal, root: Principal) -> EncryptionState:
    return await opened(portal, root)


async def opened(portal: Portal, principal: Principal) -> EncryptionState:
    state = state_for(EncryptionState, portal, principal)
    await do(state, "load")
    return state


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def test_every_state_and_situation_has_a_look_and_words() -> None:
    assert set(ENCRYPTION_KEY) == {str(state) for state in KeyState}
    assert set(ENCRYPTION_SITUATION) == {str(situation) for situation in Situation}
    for situation in Situation:
        told = told_of(situation, STATUS)
        assert told.sentence.endswith(".") and bool(told.act) == bool(told.act_word)


async def test_the_page_says_how_many_values_need_a_former_key(state: EncryptionState) -> None:
    glance = state.shown.glance
    assert (glance.situation, glance.act, glance.act_word) == ("remaining", "reseal", "Re-seal 3 values")
    # The fourth is what the trail's events under the former key are verified with.
    assert glance.sentence == "3 of 4 values still need a former key."
    assert (glance.done, glance.spoken) == (25, "")
    assert sorted((key.state, key.needed) for key in state.shown.in_use) == [
        ("current", "1"),
        ("previous", "3"),
    ]


async def test_pressing_the_button_reseals_all_of_them_and_says_what_is_next(
    state: EncryptionState, portal: Portal
) -> None:
    former = next(iter(portal.keyring.ids - {portal.keyring.current.id}))
    await do(state, "reseal")
    assert (state.is_resealing, state.problem) == (False, "")
    assert state.outcome == f"3 values re-sealed. Key id {former} is out of use now."
    glance = state.shown.glance
    assert (glance.situation, glance.done, glance.act) == ("removable", 100, "")
    assert glance.sentence == f"Key id {former} is needed by nothing any more."
    assert "API_KEY_ENCRYPTION_KEY_PREVIOUS" in glance.detail


async def test_afterwards_the_former_key_is_folded_away_and_all_is_in_order(
    state: EncryptionState, make_portal: MakePortal
) -> None:
    await do(state, "reseal")
    alone = make_portal(**ALONE)
    later = await opened(alone, person(alone, "root"))
    assert (
        later.shown.glance.sentence == f"Every saved value is sealed with key id {alone.keyring.current.id}."
    )
    assert [key.state for key in later.shown.in_use] == ["current"]
    assert [(key.state, bool(key.ended_at)) for key in later.shown.former] == [("retired", True)]
    assert later.shown.former_words == "1 key is out of use"


async def test_another_tab_sees_it_run_and_may_press_nothing(
    state: EncryptionState, portal: Portal, root: Principal
) -> None:
    begin(portal)
    other = await opened(portal, root)
    glance = other.shown.glance
    assert (glance.situation, glance.act, glance.done, glance.spoken) == (
        "running", "", 25, "20 percent re-sealed",
    )  # fmt: skip
    assert (glance.by, bool(glance.since)) == ("root@example.com", True)
    await do(state, "reseal")
    assert state.problem.startswith("Saved values are being re-sealed at this moment.")
    assert (state.outcome, state.shown.glance.situation) == ("", "running")


async def test_it_is_told_how_far_it_is_while_it_runs(
    state: EncryptionState, portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption_rotation, "BATCH", 1)
    is_waiting, may_go_on = threading.Event(), threading.Event()

    def wait_after_the_first(done: int, _total: int) -> None:
        if done == 1:
            is_waiting.set()
            assert may_go_on.wait(20)

    monkeypatch.setattr(admin_encryption, "_stop_with_the_server", wait_after_the_first)
    working = asyncio.create_task(do(state, "reseal"))
    await asyncio.to_thread(is_waiting.wait, 20)
    # Another tab of another admin's, and the same page again.
    other = await opened(portal, root)
    assert (other.shown.glance.situation, other.shown.glance.done) == ("running", 50)
    may_go_on.set()
    await working
    other._looked_at = 0.0
    await do(other, "keep_looking")
    assert (other.shown.glance.situation, other.shown.glance.done) == ("removable", 100)


async def test_looks_that_had_to_wait_for_a_slow_one_are_let_go(
    state: EncryptionState, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(portal)
    await do(state, "keep_looking")
    assert state.shown.glance.situation == "remaining"
    monkeypatch.setattr(admin_encryption, "_LOOKED_LATELY_S", -1.0)
    await do(state, "keep_looking")
    assert state.shown.glance.situation == "running"


async def test_it_goes_on_without_the_tab_that_began_it(
    state: EncryptionState, portal: Portal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption_rotation, "BATCH", 1)
    is_waiting, may_go_on = threading.Event(), threading.Event()

    def wait_once(done: int, _total: int) -> None:
        is_waiting.set()
        assert done > 1 or may_go_on.wait(20)

    monkeypatch.setattr(admin_encryption, "_stop_with_the_server", wait_once)
    event = asyncio.create_task(do(state, "reseal"))
    await asyncio.to_thread(is_waiting.wait, 20)
    event.cancel()
    with pytest.raises(asyncio.CancelledError):
        await event
    may_go_on.set()
    other = await opened(portal, root)
    while other.shown.glance.situation == "running":
        await do(other, "look")
    assert other.shown.glance.situation == "removable"


async def test_a_server_that_ends_takes_it_along_and_continue_ends_it(
    state: EncryptionState, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption_rotation, "BATCH", 1)
    between_batches = admin_encryption._stop_with_the_server

    def close_after_the_first(done: int, total: int) -> None:
        use_portal(None)
        between_batches(done, total)

    monkeypatch.setattr(admin_encryption, "_stop_with_the_server", close_after_the_first)
    with pytest.raises(RuntimeError):
        await do(state, "reseal")
    monkeypatch.undo()
    use_portal(portal)
    await do(state, "load")
    assert (state.shown.glance.situation, state.shown.glance.act_word) == ("interrupted", "Continue")
    assert state.shown.glance.sentence.startswith("Re-sealing was interrupted: 2 of 4 values")
    await do(state, "reseal")
    assert state.shown.glance.situation == "removable"


async def test_a_rotation_that_fell_silent_can_be_continued(state: EncryptionState, portal: Portal) -> None:
    mark, now = begin(portal), portal.clock.now()
    with portal.database.transaction() as session:
        let_go(session, mark, now - timedelta(minutes=1))
    await do(state, "look")
    assert (state.shown.glance.situation, state.shown.glance.by) == ("interrupted", "root@example.com")
    await do(state, "reseal")
    assert state.outcome.startswith("3 values re-sealed.")


async def test_a_server_that_lacks_the_key_is_named_and_holds_everything_up(
    state: EncryptionState, portal: Portal
) -> None:
    announce(portal, "ffffffff", pid=7)
    await do(state, "reseal")
    assert "api 7 on h" in state.problem and state.problem.endswith("then rotate.")
    glance = state.shown.glance
    assert (glance.situation, glance.act) == ("lagging", "look")
    assert "api 7 on h" in glance.detail
    assert [(row.name, row.serves, row.holds_current) for row in state.shown.servers] == [
        ("h, process 7", "API alone", False)
    ]


async def test_a_server_that_was_not_told_of_the_new_key_says_so_of_itself(make_portal: MakePortal) -> None:
    first = make_portal()
    portal = make_portal(**BEHIND)
    state = await opened(first, person(first, "root"))
    assert state.shown.glance.situation == "missing"
    assert portal.keyring.current.id in state.shown.glance.sentence
    await do(state, "reseal")
    assert state.problem.startswith("API_KEY_ENCRYPTION_KEY_PREVIOUS: ")


async def test_what_waits_what_is_damaged_and_a_worn_key_are_told_with_the_way_to_them(
    state: EncryptionState, portal: Portal, root: Principal
) -> None:
    assert state.shown.notes == []
    spoil(portal, save(portal, root, "lost", ownership=SYSTEM).id, sealed=None)
    spoil(portal, save(portal, root, "damaged", ownership=SYSTEM).id, sealed=b"\x01junk", unreadable=True)
    with portal.database.transaction() as session:
        session.get_one(EncryptionKeyRow, portal.keyring.current.id).seals = SEALS_WARN
    await do(state, "look")
    notes = {note.name: note for note in state.shown.notes}
    assert list(notes) == ["worn", "unreadable", "waiting"]
    assert "268,435,456" in notes["worn"].text and "2,147,483,648" in notes["worn"].text
    assert notes["unreadable"].text.startswith("1 value is damaged")
    assert notes["unreadable"].link == "/admin/system-keys?status=unreadable"
    assert notes["waiting"].text.startswith("1 API key waits")
    assert notes["waiting"].link == "/admin/system-keys?status=re_enter"


async def test_without_a_backup_the_page_says_so(state: EncryptionState) -> None:
    assert (state.shown.backup_at, state.shown.backup_is_due) == ("", True)


async def test_everything_opens_and_the_page_says_so(state: EncryptionState) -> None:
    await do(state, "verify")
    assert (state.verdict.sentence, state.verdict.lines) == ("All 4 values open.", [])
    assert (state.verdict.is_whole, state.is_verifying) == (True, False)
    await do(state, "load")
    assert state.verdict.sentence == ""


async def test_what_does_not_open_is_counted_by_why(
    state: EncryptionState, portal: Portal, root: Principal
) -> None:
    damaged, foreign = (save(portal, root, name, ownership=SYSTEM).id for name in ("damaged", "foreign"))
    sealed = row_of(portal, damaged).sealed
    assert sealed is not None
    spoil(portal, damaged, sealed=sealed[:-1])
    spoil(portal, foreign, sealed=bytes.fromhex("01ffffffff") + sealed[5:])
    await do(state, "verify")
    assert state.verdict.sentence == "4 values open, 2 do not."
    assert state.verdict.lines == [
        "API keys: 1 is damaged.",
        "API keys: 1 needs key id ffffffff, which this server does not hold.",
    ]
    assert (state.verdict.is_whole, state.verdict.is_damaged) == (False, True)


@pytest.mark.parametrize("error", [StorageFull(), StorageUnavailable()], ids=lambda e: type(e).__name__)
async def test_a_database_in_trouble_is_told_where_it_happened(
    state: EncryptionState, monkeypatch: pytest.MonkeyPatch, error: StorageUnavailable
) -> None:
    monkeypatch.setattr(encryption_rotation, "rotate", failing(error))
    monkeypatch.setattr(encryption_keys, "verify", failing(error))
    await do(state, "reseal")
    await do(state, "verify")
    assert (state.problem, state.verify_problem) == (error.message, error.message)
    assert (state.is_resealing, state.is_verifying, state.verdict.sentence) == (False, False, "")
    await do(state, "look")
    assert state.problem == ""


async def test_while_the_database_is_away_what_was_there_stays(
    state: EncryptionState, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state.shown
    monkeypatch.setattr(encryption_overview, "overview_of", failing(StorageUnavailable()))
    await do(state, "look")
    assert (state.look_problem, state.shown) == (StorageUnavailable.message, before)
    monkeypatch.undo()
    state._looked_at = 0.0
    await do(state, "keep_looking")
    assert state.look_problem == ""


async def test_who_lost_the_rights_meanwhile_is_shown_nothing(
    state: EncryptionState, portal: Portal, root: Principal, bob: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def demote(*_: Any) -> RotationReport:
        users.update(portal, root, str(bob.user_id), UserEdit(role="admin"))
        users.update(portal, person(portal, "bob"), str(root.user_id), UserEdit(role="member"))
        object.__setattr__(state._get_root_state(), "_kp_principal", replace(root, role=Role.MEMBER))
        return RotationReport(3, 0, 0, ())

    monkeypatch.setattr(encryption_rotation, "rotate", demote)
    await do(state, "reseal")
    assert (state.outcome, state.problem, state.is_resealing) == ("", "", False)


async def test_a_member_sees_and_does_nothing(portal: Portal, alice: Principal) -> None:
    state = await opened(portal, alice)
    await do(state, "look")
    await do(state, "reseal")
    await do(state, "verify")
    assert (state.is_loaded, state.outcome, state.verdict.sentence) == (False, "", "")
    assert state.look_problem and state.problem and state.verify_problem
    assert encryption_keys.status(portal, person(portal, "root")).remaining == 3


def test_every_handler_of_the_page_is_an_admin_s_alone(alice: Principal, root: Principal) -> None:
    registered = RegistrationContext.get().event_handlers
    names = [name for name in registered if ".keyportal___ui___admin_encryption" in name]
    own = {
        n.rpartition(".")[2]: n for n in names if registered[n].handler.fn.__module__.startswith("keyportal")
    }
    assert {"load", "look", "keep_looking", "reseal", "verify"} <= set(own)
    for name in own.values():
        assert guards.refusal_of(name, None) is not None
        assert guards.refusal_of(name, alice) is not None
        assert guards.refusal_of(name, root) is None


async def test_nothing_of_a_key_but_its_id_is_in_what_the_browser_gets(state: EncryptionState) -> None:
    await do(state, "reseal")
    await do(state, "verify")
    told = repr((state.shown, state.outcome, state.verdict, state.problem))
    for root_key in (KEY, OTHER_KEY):
        assert root_key not in told and root_key[:16] not in told
    assert VALUE not in told


def test_one_and_many_are_told_apart() -> None:
    assert outcome_of(RotationReport(1, 1, 1, ())) == (
        "1 value re-sealed. 1 value opens with no key: unreadable."
        " 1 value was saved with a former key meanwhile: re-seal once more."
    )
    assert verdict_of([Opening("API keys", 1, 0, {"ffffffff": 2})]).sentence == "1 value opens, 2 do not."
    assert verdict_of([Opening("API keys", 0, 0, {})]).sentence == "There is no value yet."
    two = replace(STATUS, lagging=("api 1 on a", "api 2 on b"))
    assert told_of(Situation.LAGGING, two).sentence == "2 running servers do not hold the current key."
    keys = tuple(KeyView(i * 8, KeyState.REMOVABLE, 0, 0, None, None, None) for i in "bc")
    removable = told_of(Situation.REMOVABLE, replace(STATUS, keys=keys))
    assert removable.sentence == "Key ids bbbbbbbb, cccccccc are needed by nothing any more."
    settled = told_of(Situation.SETTLED, replace(STATUS, total=0))
    assert settled.sentence == "Nothing is saved yet."


def test_progress_is_told_to_who_listens_and_the_page_looks_again_only_while_it_runs() -> None:
    drawn = str(encryption_page().render())
    assert drawn.count('role:"progressbar"') == 1 and '"aria-valuenow"' in drawn
    assert drawn.count("interval:2000") == 1
