"""Stored keys: made, found, changed, deleted, and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import (
    Forbidden,
    InvalidInput,
    NameTaken,
    NotFound,
    StorageUnavailable,
    UnknownProvider,
    VersionConflict,
)
from keyportal.domain.principals import (
    Principal,
    Role,
    Scope,
    agent_principal,
    anonymous_principal,
    operator_principal,
)
from keyportal.domain.secret import Secret
from keyportal.persistence.credentials import CredentialFilter
from keyportal.services import credential_edits, credentials
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential
from tests.conftest import MakePortal, person
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, run_sql, save, spoil
from tests.support import ENCRYPTION_KEY, OTHER_KEY, START, FakeClock, all_text_of

EVIL_IDS = [
    "",
    "0",
    "-1",
    str(2**64),
    "../1",
    "x" * 10_000,
    "01234567-89ab-cdef-0123-456789abcdef",
    "\x00",
    "\ud800",
]


@pytest.fixture(params=Ownership)
def ownership(request: pytest.FixtureRequest) -> Ownership:
    return request.param


@pytest.fixture
def owner(ownership: Ownership, alice: Principal, root: Principal) -> Principal:
    return alice if ownership is USER else root


def edit(portal: Portal, who: Principal, ownership: Ownership, id: str, **changes: Any) -> Any:
    return credentials.update(portal, who, ownership, id, CredentialEdit(**changes))


def test_a_saved_key_is_found_again(portal: Portal, owner: Principal, ownership: Ownership) -> None:
    view = save(portal, owner, " Work ", ownership=ownership, note=" n ", environment="PROD")
    assert credentials.get(portal, owner, ownership, view.id) == view
    assert (view.name, view.mask, view.note, view.environment) == ("Work", "****...cdef", "n", "prod")
    assert (view.status, view.usage_count, view.version, view.notice) == ("active", 0, 1, "")


def test_a_key_that_looks_wrong_is_saved_with_a_warning(portal: Portal, alice: Principal) -> None:
    odd = save(portal, alice, "odd", value="something-else-0123456789")
    admin = save(portal, alice, "admin", value=f"sk-admin-{'a' * 58}T3BlbkFJ{'a' * 58}")
    assert "does not look like a key of OpenAI" in odd.notice
    assert "admin" in admin.notice.lower()


def test_the_secret_is_sealed_in_its_place_and_nowhere_else(
    portal: Portal, owner: Principal, ownership: Ownership
) -> None:
    row = row_of(portal, save(portal, owner, ownership=ownership).id)
    assert open_credential(portal, row).secret.reveal() == VALUE
    assert VALUE.encode() not in all_text_of(portal)


def test_cleaning_a_pasted_value_is_told(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice, value=f"\ufeff{VALUE}\n")
    assert "left out" in view.notice
    assert open_credential(portal, row_of(portal, view.id)).secret.reveal() == VALUE


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"value": ""}, InvalidInput),
        ({"value": "sk-...cdef"}, InvalidInput),
        ({"name": " "}, InvalidInput),
        ({"name": "a\x00"}, InvalidInput),
        ({"note": "\ud800"}, InvalidInput),
        ({"environment": "?"}, InvalidInput),
        ({"fields": {"nothing": "x"}}, InvalidInput),
        ({"provider": "nobody"}, UnknownProvider),
        ({"expires_at": datetime(2027, 1, 1)}, InvalidInput),  # noqa: DTZ001
        ({"expires_at": datetime(9999, 12, 31, tzinfo=UTC)}, InvalidInput),
    ],
)
def test_a_bad_key_is_refused_and_leaves_nothing(
    portal: Portal, alice: Principal, more: dict[str, Any], error: type[Exception]
) -> None:
    before = len(events(portal))
    with pytest.raises(error):
        save(portal, alice, **more)
    assert credentials.search(portal, alice, USER).total == 0
    assert len(events(portal)) == before


def test_names_are_unique_in_every_spelling(portal: Portal, owner: Principal, ownership: Ownership) -> None:
    save(portal, owner, "Stra\u00dfe", ownership=ownership)
    with pytest.raises(NameTaken) as refusal:
        save(portal, owner, "STRASSE", ownership=ownership)
    assert refusal.value.field == "name"


def test_a_name_is_free_again_after_deletion(portal: Portal, owner: Principal, ownership: Ownership) -> None:
    first = save(portal, owner, "Work", ownership=ownership)
    credentials.delete(portal, owner, ownership, first.id)
    assert save(portal, owner, "work", ownership=ownership).name == "work"


def test_different_owners_may_use_one_name(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    made = [save(portal, alice), save(portal, bob), save(portal, root, ownership=SYSTEM), save(portal, root)]
    assert len({m.id for m in made}) == 4


def test_positions_follow_the_order_of_adding(portal: Portal, alice: Principal) -> None:
    assert [save(portal, alice, n).position for n in "abc"] == [0, 1, 2]


def test_an_edit_changes_what_it_names_and_leaves_the_rest(
    portal: Portal, owner: Principal, ownership: Ownership, clock: FakeClock
) -> None:
    was = save(portal, owner, ownership=ownership, note="n", environment="dev")
    clock.advance(timedelta(minutes=1))
    now = edit(
        portal, owner, ownership, was.id, name="New", active=False, expires_at=START + timedelta(days=9)
    )
    assert (now.name, now.status, now.note, now.environment) == ("New", "inactive", "n", "dev")
    assert (now.version, now.updated_at, now.expires_at) == (2, clock.now(), START + timedelta(days=9))


@pytest.mark.parametrize("blank", [None, Secret("")])
def test_a_blank_value_keeps_the_secret(portal: Portal, alice: Principal, blank: Secret | None) -> None:
    was = save(portal, alice)
    edit(portal, alice, USER, was.id, name="renamed", api_key=blank)
    row = row_of(portal, was.id)
    assert (open_credential(portal, row).secret.reveal(), row.secret_version, row.mask) == (
        VALUE,
        1,
        was.mask,
    )


def test_a_replaced_value_starts_over(portal: Portal, owner: Principal, ownership: Ownership) -> None:
    was = save(portal, owner, ownership=ownership)
    spoil(
        portal, was.id, health_outcome="invalid", health_message="m", health_checked_at=START, unreadable=True
    )
    now = edit(portal, owner, ownership, was.id, api_key=Secret("sk-new-9876543210zyxw"))
    row = row_of(portal, was.id)
    assert (row.secret_version, open_credential(portal, row).secret.reveal()) == (2, "sk-new-9876543210zyxw")
    assert (now.health.outcome, now.health.checked_at, now.status, now.mask) == (
        None,
        None,
        "active",
        "****...zyxw",
    )


def test_the_former_blob_does_not_open_in_the_replaced_row(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    former = row_of(portal, view.id).sealed
    edit(portal, alice, USER, view.id, api_key=Secret("sk-new-9876543210zyxw"))
    spoil(portal, view.id, sealed=former)
    with pytest.raises(Exception, match="cannot be opened"):
        open_credential(portal, row_of(portal, view.id))


def test_a_mask_sent_as_value_is_refused_and_the_secret_still_works(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    with pytest.raises(InvalidInput):
        edit(portal, alice, USER, view.id, api_key=Secret(view.mask), name="other")
    row = row_of(portal, view.id)
    assert (open_credential(portal, row).secret.reveal(), row.name, row.version) == (VALUE, "mine", 1)


def test_the_second_of_two_editors_is_told(portal: Portal, owner: Principal, ownership: Ownership) -> None:
    seen = save(portal, owner, ownership=ownership)
    edit(portal, owner, ownership, seen.id, version=seen.version, note="first")
    with pytest.raises(VersionConflict):
        edit(portal, owner, ownership, seen.id, version=seen.version, note="second")
    assert credentials.get(portal, owner, ownership, seen.id).note == "first"


def test_an_edit_that_changes_nothing_is_no_event(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    before = len(events(portal))
    assert edit(portal, alice, USER, view.id, name="mine", note="", active=True).version == 1
    assert len(events(portal)) == before


def test_a_key_cannot_take_a_name_in_use(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "one")
    two = save(portal, alice, "two")
    with pytest.raises(NameTaken):
        edit(portal, alice, USER, two.id, name="ONE", api_key=Secret("sk-new-9876543210zyxw"))
    assert open_credential(portal, row_of(portal, two.id)).secret.reveal() == VALUE


def test_a_key_may_change_the_spelling_of_its_own_name(portal: Portal, alice: Principal) -> None:
    one = save(portal, alice, "one")
    assert edit(portal, alice, USER, one.id, name="ONE").name == "ONE"


@pytest.mark.parametrize("api_key", [None, Secret("sk-new-9876543210zyxw")])
def test_a_name_taken_in_the_meantime_is_the_same_refusal(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch, api_key: Secret | None
) -> None:
    """Another process takes the name between our look and our write: the index is the rule."""
    save(portal, alice, "one")
    two = save(portal, alice, "two")
    monkeypatch.setattr(credential_edits, "require_free_name", lambda *_: None)
    monkeypatch.setattr(credentials, "require_free_name", lambda *_: None)
    with pytest.raises(NameTaken):
        edit(portal, alice, USER, two.id, name="one", api_key=api_key)
    with pytest.raises(NameTaken):
        save(portal, alice, "one")


def test_deleting_wipes_the_secret_and_keeps_a_tombstone(
    portal: Portal, owner: Principal, ownership: Ownership, clock: FakeClock
) -> None:
    view = save(portal, owner, ownership=ownership)
    credentials.delete(portal, owner, ownership, view.id)
    row = row_of(portal, view.id)
    assert (row.sealed, row.active, row.deleted_at, row.name) == (None, False, clock.now(), "mine")
    assert credentials.search(portal, owner, ownership).total == 0
    with pytest.raises(NotFound):
        credentials.get(portal, owner, ownership, view.id)


def test_what_is_deleted_cannot_be_changed_or_deleted_again(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    credentials.delete(portal, alice, USER, view.id)
    with pytest.raises(NotFound):
        edit(portal, alice, USER, view.id, name="again")
    with pytest.raises(NotFound):
        credentials.delete(portal, alice, USER, view.id)


def test_every_change_is_audited_with_the_mask_and_without_the_value(
    portal: Portal, alice: Principal
) -> None:
    view = save(portal, alice)
    edit(portal, alice, USER, view.id, note="secret note", api_key=Secret("sk-new-9876543210zyxw"))
    credentials.delete(portal, alice, USER, view.id)
    trail = events(portal)[-3:]
    assert [e.action for e in trail] == ["credential.create", "credential.update", "credential.delete"]
    assert [e.details["mask"] for e in trail] == ["****...cdef", "****...zyxw", "****...zyxw"]
    assert trail[1].details["changed"] == ["note", "api_key"]
    assert not any(s in repr([e.model_dump() for e in trail]) for s in (VALUE, "secret note", "9876543210"))


@pytest.mark.parametrize("act", ["get", "update", "delete"])
def test_bob_finds_nothing_under_alices_id(
    portal: Portal, alice: Principal, bob: Principal, act: str
) -> None:
    view = save(portal, alice)
    arguments = [CredentialEdit(name="stolen")] if act == "update" else []
    refusals = []
    for id in (view.id, "01234567-89ab-cdef-0123-456789abcdef"):
        with pytest.raises(NotFound) as refusal:
            getattr(credentials, act)(portal, bob, USER, id, *arguments)
        refusals.append((refusal.value.code, refusal.value.message))
    assert refusals[0] == refusals[1]
    assert credentials.get(portal, alice, USER, view.id) == view


def test_bob_sees_only_his_own(portal: Portal, alice: Principal, bob: Principal, root: Principal) -> None:
    save(portal, alice)
    save(portal, root, ownership=SYSTEM)
    mine = save(portal, bob, "bobs")
    assert [i.id for i in credentials.search(portal, bob, USER).items] == [mine.id]


def test_a_system_id_is_no_users_id_and_the_other_way_round(portal: Portal, root: Principal) -> None:
    system, own = save(portal, root, ownership=SYSTEM), save(portal, root)
    for ownership, id in ((USER, system.id), (SYSTEM, own.id)):
        with pytest.raises(NotFound):
            credentials.get(portal, root, ownership, id)


@pytest.mark.parametrize("act", ["search", "get", "create", "update", "delete"])
def test_members_and_agents_never_reach_system_keys(
    portal: Portal, alice: Principal, root: Principal, act: str
) -> None:
    view = save(portal, root, ownership=SYSTEM)
    agent = agent_principal(
        agent_key_id="k",
        user_id=root.user_id or "",
        email="e",
        name="n",
        scopes=frozenset(Scope),
        role=Role.ADMIN,
    )
    arguments: dict[str, list[Any]] = {
        "search": [],
        "create": [credentials.NewCredential("openai", "x", Secret(VALUE))],
        "update": [view.id, CredentialEdit(name="x")],
    }
    for who in (alice, agent, anonymous_principal(), operator_principal()):
        with pytest.raises(Forbidden):
            getattr(credentials, act)(portal, who, SYSTEM, *arguments.get(act, [view.id]))
    assert credentials.get(portal, root, SYSTEM, view.id) == view


def test_odd_ids_are_not_found(portal: Portal, alice: Principal) -> None:
    for id in EVIL_IDS:
        with pytest.raises(NotFound):
            credentials.get(portal, alice, USER, id)


def test_search_narrows_by_name_provider_and_health(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "Work")
    save(portal, alice, "work 2", provider="anthropic")
    save(portal, alice, "home")

    def found(**wanted: str) -> set[str]:
        return {i.name for i in credentials.search(portal, alice, USER, CredentialFilter(**wanted)).items}

    assert found(text=" WORK") == {"Work", "work 2"}
    assert found(text="work", provider="ANTHROPIC") == {"work 2"}
    assert found(health="unchecked") == {"Work", "work 2", "home"} and found(health="valid") == set()
    assert found(text="nul\x00\ud800") == set()


def test_an_unknown_filter_is_refused(portal: Portal, alice: Principal) -> None:
    for wanted in (
        CredentialFilter(status="x"),
        CredentialFilter(health="x"),
        CredentialFilter(provider="x"),
    ):
        with pytest.raises((InvalidInput, UnknownProvider)):
            credentials.search(portal, alice, USER, wanted)


def test_odd_pages_are_refused(portal: Portal, alice: Principal) -> None:
    for page, size in ((0, 25), (-1, 25), (1, 0), (1, 24), (1, 1000), (2**64, 25)):
        with pytest.raises(InvalidInput):
            credentials.search(portal, alice, USER, page=page, size=size)


def test_pages_are_counted(portal: Portal, alice: Principal, clock: FakeClock) -> None:
    for n in range(26):
        save(portal, alice, f"key {n}")
        clock.advance(timedelta(seconds=1))
    last = credentials.search(portal, alice, USER, page=2)
    assert ([i.name for i in last.items], last.total, last.pages) == (["key 0"], 26, 2)
    assert credentials.search(portal, alice, USER, page=3).items == []


def test_a_list_works_with_a_key_id_nobody_holds(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    spoil(portal, view.id, key_id="00000000")
    [item] = credentials.search(portal, alice, USER, CredentialFilter(status="unreadable")).items
    assert (item.id, item.status) == (view.id, "unreadable")


def test_an_unreadable_key_can_be_replaced(portal: Portal, alice: Principal) -> None:
    view = save(portal, alice)
    spoil(portal, view.id, key_id="00000000", sealed=b"junk", unreadable=True)
    assert edit(portal, alice, USER, view.id, api_key=Secret(VALUE)).status == "active"
    assert open_credential(portal, row_of(portal, view.id)).secret.reveal() == VALUE


def test_a_key_sealed_before_a_new_encryption_key_stays_active(make_portal: MakePortal) -> None:
    first = make_portal()
    view = save(first, person(first, "alice"))
    second = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    alice = person(second, "alice")
    assert credentials.get(second, alice, USER, view.id).status == "active"
    edit(second, alice, USER, view.id, api_key=Secret("sk-new-9876543210zyxw"))
    assert row_of(second, view.id).key_id == second.keyring.current.id != first.keyring.current.id


def test_an_operators_new_address_does_not_block_a_new_note(make_portal: MakePortal) -> None:
    first = make_portal()
    view = save(first, person(first, "alice"))
    moved = make_portal(KEYPORTAL_BASE_URL_OPENAI="https://moved.example/v1")
    alice = person(moved, "alice")
    assert edit(moved, alice, USER, view.id, note="n").note == "n"
    assert row_of(moved, view.id).destination == "https://api.openai.com"
    edit(moved, alice, USER, view.id, api_key=Secret(VALUE))
    assert row_of(moved, view.id).destination == "https://moved.example"


def test_the_seals_of_a_key_are_counted_and_end(portal: Portal, alice: Principal) -> None:
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE encryption_keys SET seals = :n", n=2**31 - 2)
    save(portal, alice, "last")
    with pytest.raises(StorageUnavailable, match="Rotate"):
        save(portal, alice, "one too many")
    assert credentials.search(portal, alice, USER).total == 1


def test_many_seals_are_warned_of_once(
    portal: Portal, alice: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    with portal.database.transaction() as session:
        run_sql(session, "UPDATE encryption_keys SET seals = :n", n=2**28 - 2)
    for n in range(3):
        save(portal, alice, f"{n}")
    assert [r.message.count(portal.keyring.current.id) for r in caplog.records] == [1]
