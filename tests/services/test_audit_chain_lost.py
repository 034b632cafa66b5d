"""Events of a lost encryption key: what they were when it was given up is bound by the event that says so."""

import pytest

from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from tests.services.support import events, run_sql
from tests.services.test_audit_chain import put_in, write
from tests.services.test_audit_chain_keys import abandoned as abandoned
from tests.services.test_audit_chain_keys import former as former
from tests.services.test_audit_chain_keys import lost as lost
from tests.services.test_audit_chain_keys import numbers_of


@pytest.mark.parametrize("place", [0, 1, -1])
@pytest.mark.parametrize("damage", ["changed", "taken out"])
def test_damage_to_an_event_of_a_lost_key_is_located_at_the_first_of_them(
    former: Portal, abandoned: Portal, place: int, damage: str
) -> None:
    of_lost = numbers_of(abandoned, former.keyring.current.id)
    statement = "UPDATE audit_events SET address = 'x'" if damage == "changed" else "DELETE FROM audit_events"
    write(abandoned, f"{statement} WHERE id = :id", id=of_lost[place])
    left = [number for number in of_lost if damage == "changed" or number != of_lost[place]]
    # The last link of them is bound itself.
    expected = of_lost[-1] + 1 if (damage, place) == ("taken out", -1) else left[0]
    assert verify_chain(abandoned).broken_at == expected
    abandoned.close()


def test_an_event_put_in_among_those_of_a_lost_key_is_found(former: Portal, abandoned: Portal) -> None:
    put_in(abandoned, -5, 1, key_id=former.keyring.current.id, chain="a" * 64)
    assert verify_chain(abandoned).broken_at == -5
    abandoned.close()


def test_no_proven_event_is_passed_off_as_one_of_a_lost_key(former: Portal, abandoned: Portal) -> None:
    given_up = next(event for event in events(abandoned) if event.action == "encryption_key.abandon")
    with abandoned.database.transaction() as session:
        run_sql(
            session,
            "UPDATE audit_events SET key_id = :lost, object_label = 'forged' WHERE id = :id",
            lost=former.keyring.current.id,
            id=given_up.id,
        )
    assert verify_chain(abandoned).broken_at is not None
    abandoned.close()
