"""The encryption key rotated while keys are edited, deleted, added, resolved: no edit is lost or undone."""

from collections.abc import Iterator
from typing import Any

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.services import credentials, encryption_keys, resolution
from keyportal.services.credentials import CredentialEdit
from keyportal.services.encryption_rotation import RotationReport
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential
from tests.conftest import MakePortal, person
from tests.races.support import ROUNDS, Racers, require_one_chain
from tests.races.test_resolving_meanwhile import event_of
from tests.services.encryption_support import AHEAD, BEHIND, OPERATOR, rotate
from tests.services.support import USER, row_of, save
from tests.services.test_resolution import agent_of

Portals = tuple[Portal, Portal]


@pytest.fixture
def portals(make_portal: MakePortal) -> Portals:
    """Two processes that hold both keys, each with another one in front: a rotation is rolled out."""
    make_portal()
    return make_portal(**AHEAD), make_portal(**BEHIND)


@pytest.fixture
def owner(portals: Portals) -> Principal:
    return person(portals[0], "alice")


@pytest.fixture
def five_racers() -> Iterator[Racers]:
    five = Racers(5, step_s=0.0015)
    yield five
    five.close()


def opened(portal: Portal, credential_id: str) -> str:
    """Return a value as it is stored, whoever asks."""
    return open_credential(portal, row_of(portal, credential_id)).secret.reveal()


def value(kind: str, number: int) -> str:
    return f"sk-proj-{kind}-{number:04}-0123456789abcdef"


def test_a_rotation_loses_no_edit_and_brings_no_old_value_back(
    portals: Portals, owner: Principal, five_racers: Racers
) -> None:
    agent, key = agent_of(portals[0], owner, Scope.RESOLVE), save(portals[0], owner, "mine", value("new", -1))
    for number in range(ROUNDS):
        # There and back: each round seals every value anew, while the other process seals as before.
        rotating, serving = portals[number % 2], portals[1 - number % 2]
        doomed, before = save(serving, owner, f"doomed {number}").id, row_of(serving, key.id)
        edit = CredentialEdit(api_key=Secret(value("new", number)), version=before.version)
        outcomes = five_racers.go(
            lambda: rotate(rotating),
            lambda: credentials.update(serving, owner, USER, key.id, edit),
            lambda: credentials.delete(serving, owner, USER, doomed),
            lambda: resolution.resolve_key(serving, agent, "openai"),
            lambda: save(serving, owner, f"added {number}", value("added", number)),
        )
        report, found, added = _require_whole(outcomes, number), outcomes[3], outcomes[4].id
        # It opens whichever key it was sealed with.
        assert [opened(portal, added) for portal in portals] == [value("added", number)] * 2
        credentials.delete(serving, owner, USER, added)
        # What was acknowledged stands, for both processes.
        assert [opened(portal, key.id) for portal in portals] == [value("new", number)] * 2
        after, gone = row_of(serving, key.id), row_of(serving, doomed)
        assert (gone.sealed, gone.deleted_at is not None) == (None, True)
        assert (after.secret_version, after.usage_count) == (
            before.secret_version + 1,
            before.usage_count + 1,
        )
        is_new = found.api_key.reveal() == value("new", number)
        assert event_of(serving, found) == (key.id, before.secret_version + is_new)
        five_racers.seen["left for the next" if report.remaining else "all sealed anew"] += 1
    _require_nothing_unreadable(portals)


def _require_whole(outcomes: list[Any], number: int) -> RotationReport:
    """Nobody was refused, and what was resolved is the value of before or of now."""
    report, edited, deleted, found, _ = outcomes
    assert isinstance(report, RotationReport) and report.damaged == 0
    assert edited.version and deleted is None
    assert found.api_key.reveal() in (value("new", number - 1), value("new", number))
    return report


def test_of_two_rotations_at_once_one_is_told_or_comes_behind_the_other(
    portals: Portals, owner: Principal, racers: Racers
) -> None:
    ids = [save(portals[0], owner, f"key {n}", value("key", n)).id for n in range(3)]
    for number in range(ROUNDS // 4):
        rotating = portals[1 - number % 2]
        outcomes = racers.go(lambda: rotate(rotating), lambda: rotate(rotating))
        reports = [one for one in outcomes if isinstance(one, RotationReport)]
        refused = [type(one).__name__ for one in outcomes if not isinstance(one, RotationReport)]
        assert sorted(report.resealed >= 3 for report in reports) in ([True], [False, True])
        assert refused == [] if len(reports) == 2 else refused == ["ResealingUnderWay"]
        racers.seen[refused[0] if refused else "one behind the other"] += 1
        assert [opened(rotating, one) for one in ids] == [value("key", n) for n in range(3)]
        assert {row_of(rotating, one).key_id for one in ids} == {rotating.keyring.current.id}
    _require_nothing_unreadable(portals)


def _require_nothing_unreadable(portals: Portals) -> None:
    last = rotate(portals[1])
    assert (last.damaged, last.remaining) == (0, 0)
    assert all(opening.is_whole for opening in encryption_keys.verify(portals[1], OPERATOR))
    require_one_chain(portals[0])
