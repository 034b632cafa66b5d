"""Keys deleted, replaced, handed over while programs resolve: an answer is whole and counted, or another."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from keyportal.domain.errors import Forbidden, NoKey, NotSignedIn
from keyportal.domain.principals import Principal, Role, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.tables import AuditEventRow
from keyportal.services import credentials, removal, resolution, users
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.releases import Resolution
from keyportal.services.users import NewUser
from tests.conftest import person
from tests.races.resolving import WAYS, Resolve
from tests.races.support import ROUNDS, Racers, name_of, require_one_chain
from tests.services.support import SYSTEM, USER, row_of, run_sql, save
from tests.services.test_resolution import agent_of

SYSTEMS = "sk-system-0123456789abcdef"
Way = Callable[[Portal, Principal], AbstractContextManager[Resolve]]


def event_of(portal: Portal, found: Resolution) -> tuple[str, int]:
    """Return which key the trail says was handed out, and which version of its value."""
    query = "SELECT id FROM audit_events WHERE uid = :uid"
    with portal.database.reading() as session:
        row = session.get(AuditEventRow, run_sql(session, query, uid=found.resolution_id).scalar_one())
        assert row is not None
        return row.object_id, row.details["secret_version"]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_key_deleted_during_a_resolve_is_the_answer_or_is_passed_over(
    portal: Portal, other: Portal, alice: Principal, root: Principal, racers: Racers, way: Way
) -> None:
    systems = save(portal, root, "system", SYSTEMS, SYSTEM)
    # The desk decides anew each time, which takes longer than a deletion.
    racers.step_s *= 5
    with way(portal, alice) as resolve:
        for number in range(ROUNDS // len(WAYS)):
            value = f"sk-proj-{number:04}-0123456789abcdef"
            key, before = save(portal, alice, f"key {number}", value), row_of(portal, systems.id).usage_count
            found, deleted = racers.go(resolve, lambda: credentials.delete(other, alice, USER, key.id))
            assert deleted is None and found.credential.id in (key.id, systems.id)
            is_hers = found.credential.id == key.id
            assert found.api_key.reveal() == (value if is_hers else SYSTEMS)
            assert event_of(portal, found) == (found.credential.id, 1)
            counts = row_of(portal, key.id).usage_count, row_of(portal, systems.id).usage_count - before
            assert counts == ((1, 0) if is_hers else (0, 1))
            racers.seen["hers" if is_hers else "system"] += 1
    assert len(racers.seen) == 2
    require_one_chain(portal)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_key_replaced_during_a_resolve_is_the_old_one_or_the_new_one_whole(
    portal: Portal, other: Portal, alice: Principal, racers: Racers, way: Way
) -> None:
    kinds = [("sk-proj-even-0123456789abcdef", "org-even"), ("sk-proj-odd-0123456789abcdef", "org-odd")]
    key = save(portal, alice, "mine", kinds[0][0], fields={"organization": kinds[0][1]})
    with way(portal, alice) as resolve:
        for number in range(ROUNDS // len(WAYS)):
            before, (value, organization) = row_of(portal, key.id), kinds[(number + 1) % 2]
            edit = CredentialEdit(api_key=Secret(value), fields={"organization": organization})
            found, _ = racers.go(resolve, lambda: credentials.update(other, alice, USER, key.id, edit))
            after = (found.api_key.reveal(), found.fields["organization"])
            assert after in kinds
            is_new = after == (value, organization)
            assert event_of(portal, found) == (key.id, before.secret_version + is_new)
            assert row_of(portal, key.id).usage_count == before.usage_count + 1
            racers.seen["new" if is_new else "old"] += 1
    assert len(racers.seen) == 2
    require_one_chain(portal)


def _newcomer(portal: Portal, number: int) -> Principal:
    password = Secret("a newcomer's long password")
    users.add_user(portal, operator_principal(), NewUser(f"new{number}@example.com", password, Role.MEMBER))
    return person(portal, f"new{number}")


@pytest.mark.usefixtures("quick_passwords")
def test_a_key_handed_over_during_a_resolve_never_serves_anybody_else(
    portal: Portal, other: Portal, bob: Principal, root: Principal, racers: Racers
) -> None:
    bobs = agent_of(portal, bob, Scope.RESOLVE)
    for number in range(ROUNDS):
        leaver, value = _newcomer(portal, number), f"sk-proj-{number:04}-0123456789abcdef"
        key, operator = save(portal, leaver, f"key {number}", value), operator_principal()
        found, removed = racers.go(
            lambda: resolution.resolve_key(portal, operator, "openai", user=leaver.email),
            lambda: removal.remove(other, root, str(leaver.user_id), "hand_over"),
        )
        assert removed == removal.Removed(wiped=0, handed_over=1, agent_keys=0)
        row = row_of(portal, key.id)
        assert (row.ownership, row.sealed, row.active) == ("system", None, False)
        if isinstance(found, Resolution):
            assert (found.api_key.reveal(), found.source, row.usage_count) == (value, "user", 1)
        else:
            # They were gone, or only their key was by the time it was looked for.
            assert isinstance(found, (Forbidden, NoKey)) and row.usage_count == 0
        racers.seen[name_of(found)] += 1
        with pytest.raises(NoKey):
            resolution.resolve_key(portal, bobs, "openai")
    assert len(racers.seen) > 1
    require_one_chain(portal)


@pytest.mark.usefixtures("quick_passwords")
def test_who_is_removed_while_adding_a_key_leaves_none(
    portal: Portal, other: Portal, root: Principal, racers: Racers
) -> None:
    for number in range(ROUNDS):
        leaver = _newcomer(portal, number)
        added, removed = racers.go(
            lambda: save(portal, leaver),
            lambda: removal.remove(other, root, str(leaver.user_id), "wipe"),
        )
        is_added = not isinstance(added, NotSignedIn)
        assert removed.wiped == int(is_added)
        if is_added:
            row = row_of(portal, added.id)
            assert row.sealed is None and row.deleted_at is not None
        racers.seen[name_of(added)] += 1
    with portal.database.reading() as session:
        assert run_sql(session, "SELECT count(*) FROM credentials WHERE sealed IS NOT NULL").scalar() == 0
    assert len(racers.seen) == 2
    require_one_chain(portal)
