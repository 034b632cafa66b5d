"""The look at a database finds what it is there for: a check that cannot fail proves nothing."""

from collections.abc import Callable

import pytest

from tests.faults.acts import Act, Ledger
from tests.faults.figures import Figure
from tests.faults.inspection import Finding, inspect
from tests.faults.places import KINDS, SQLITE, Place, Places
from tests.services.support import run_sql

_OWN = "id IN (SELECT id FROM credentials WHERE name = 'own 1')"


@pytest.fixture
def place(places: Places) -> Place:
    return places.new(SQLITE)


def spoiled(place: Place, *statements: str) -> Finding:
    portal = place.open()
    with portal.database.transaction() as session:
        for statement in statements:
            run_sql(session, statement)
    portal.close()
    return inspect(place)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wrong_with_a_database_nobody_harmed(places: Places, kind: str) -> None:
    finding = inspect(places.new(kind))
    assert finding.is_right and (finding.lost, finding.half, finding.besides) == ([], [], 0)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"UPDATE credentials SET sealed = NULL WHERE {_OWN}", "lost"),
        (f"UPDATE credentials SET secret_version = 7 WHERE {_OWN}", "lost"),
        (f"UPDATE credentials SET name = 'somebody' WHERE {_OWN}", "lost"),
        (f"UPDATE credentials SET mask = '****' WHERE {_OWN}", "half"),
        (f"UPDATE credentials SET version = 2 WHERE {_OWN}", "half"),
        (f"UPDATE credentials SET deleted_at = created_at WHERE {_OWN}", "half"),
        (f"UPDATE credentials SET usage_count = usage_count + 1 WHERE {_OWN}", "half"),
        ("UPDATE usage_days SET count = count + 1 WHERE provider = 'groq'", "half"),
        ("UPDATE encryption_keys SET seals = seals - 1", "half"),
        ("DELETE FROM audit_events WHERE id = (SELECT max(id) FROM audit_events)", "lost"),
        ("DELETE FROM audit_events WHERE action = 'agent_key.create'", "broken_chains"),
        ("UPDATE audit_events SET object_label = 'x' WHERE action = 'agent_key.create'", "broken_chains"),
    ],
)
def test_each_kind_of_harm_is_found(place: Place, statement: str, what: str) -> None:
    assert getattr(spoiled(place, statement), what)


@pytest.mark.parametrize("kind", KINDS)
def test_an_acknowledged_act_that_is_not_there_is_lost(places: Places, kind: str) -> None:
    place = places.new(kind)
    place.ledger.take(("try", "1", Act("create", {"new": "sk-a"})))
    place.ledger.take(("ok", "1", None))
    assert inspect(place).lost == ["create"]


def test_an_answered_resolve_that_is_not_on_the_trail_is_lost(place: Place) -> None:
    place.ledger.take(("try", "1", Act("resolve")))
    place.ledger.take(("ok", "1", ("an id", "own 1", place.ledger.values["own 1"])))
    assert inspect(place).lost == ["resolve"]


def test_a_resolve_that_gave_another_value_is_wrong(place: Place) -> None:
    place.ledger.take(("try", "1", Act("resolve")))
    place.ledger.take(("ok", "1", (place.ledger.answered[0], "own 1", "sk-of-another")))
    assert "resolve: another value than the one saved" in " ".join(inspect(place).half)


def test_a_part_of_an_act_nobody_was_told_about_is_half(place: Place) -> None:
    there = place.ledger.values.pop("own 1")
    place.ledger.take(("try", "1", Act("import", {"own 1": there, "never": "sk-b"})))
    assert place.ledger.end() and "import: a part of it is there" in inspect(place).half


def test_the_whole_of_an_act_nobody_was_told_about_is_right(place: Place) -> None:
    there = place.ledger.values.pop("own 1")
    place.ledger.take(("try", "1", Act("create", {"own 1": there})))
    place.ledger.end()
    finding = inspect(place)
    assert finding.is_right and finding.besides == 1


def test_a_key_nobody_saved_is_found(place: Place) -> None:
    del place.ledger.values["own 1"]
    assert inspect(place).half == ["a key is there that nobody saved"]


def test_a_database_that_does_not_open_any_more_is_found(places: Places) -> None:
    place = places.new(SQLITE)
    content = bytearray(place.file.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    place.file.write_bytes(content)
    with pytest.raises(Exception, match="malformed"):
        inspect(place)


@pytest.mark.parametrize(
    ("hit", "acknowledged", "said"),
    [(False, 3, "nothing was hit in the middle of its work"), (True, 0, "nothing was acknowledged")],
)
def test_a_run_that_proves_nothing_is_a_failure(hit: bool, acknowledged: int, said: str) -> None:
    figure = Figure("create", "kill", SQLITE)
    figure.add(Finding(found=acknowledged), mid_work=hit, acknowledged=acknowledged)
    assert figure.verdict() == [said]


@pytest.mark.parametrize(
    "spoil", [lambda f: f.lost.append("create"), lambda f: f.half.append("a row"),
              lambda f: setattr(f, "broken_chains", 1)],
    ids=["lost", "half", "broken"],
)  # fmt: skip
def test_a_figure_with_a_loss_is_not_right(spoil: Callable[[Finding], None]) -> None:
    figure, finding = Figure("create", "kill", SQLITE), Finding(found=1)
    spoil(finding)
    figure.add(finding, mid_work=True, acknowledged=1)
    assert figure.verdict() and not finding.is_right


def test_what_was_refused_may_be_there_or_not_and_what_is_acknowledged_must() -> None:
    ledger = Ledger({"a": "1"})
    ledger.take(("try", "1", Act("edit", {"a": "2"})))
    ledger.take(("refused", "1", "storage_full"))
    ledger.take(("try", "2", Act("delete", {"a": None})))
    ledger.take(("ok", "2", None))
    assert (ledger.values, [act.kind for act in ledger.uncertain]) == ({}, ["edit"])
