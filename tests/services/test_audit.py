"""The trail: allow-listed words, who and when, and a chain that goes on. Damage is in test_audit_chain."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.services import audit
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from tests.conftest import MakePortal
from tests.services.support import events
from tests.support import ENCRYPTION_KEY, OTHER_KEY


def write(portal: Portal, principal: Principal, times: int = 5) -> list[int]:
    """Write events and return their numbers in the trail."""
    for n in range(times):
        with portal.database.transaction() as session:
            audit.record(
                portal, session, principal, Action.SIGN_IN, object_id=f"{n}", reason="r", scopes=["a"]
            )
    return [e.id or 0 for e in events(portal)[-times:]]


def test_an_untouched_trail_verifies(portal: Portal, alice: Principal) -> None:
    write(portal, alice)
    report = verify_chain(portal)
    assert (report.events, report.broken_at) == (len(events(portal)), None)


def test_a_chain_goes_on_under_a_new_key(make_portal: MakePortal) -> None:
    write(make_portal(), anonymous_principal())
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    write(portal, anonymous_principal())
    assert verify_chain(portal).broken_at is None
    assert len({e.key_id for e in events(portal)}) == 2


@pytest.mark.parametrize("name", ["api_key", "password", "message", "note"])
def test_a_word_that_is_not_on_the_list_is_an_error(portal: Portal, alice: Principal, name: str) -> None:
    before = len(events(portal))
    with pytest.raises(ValueError, match=name) as error, portal.database.transaction() as session:
        audit.record(portal, session, alice, Action.SIGN_IN, **dict[str, Any]({name: "cAnArY"}))
    assert len(events(portal)) == before and "cAnArY" not in str(error.value)


def test_an_event_says_who_from_where_and_when(portal: Portal, agent: Principal) -> None:
    write(portal, agent, 1)
    event = events(portal)[-1]
    assert (event.principal_kind, event.principal_id) == ("agent", agent.agent_key_id)
    assert (event.principal_label, event.at) == ("agent (alice@example.com)", portal.clock.now())


def test_refusals_of_people_are_recorded_and_of_strangers_not(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))
    audit.record_refusal(portal, anonymous_principal("10.0.0.1"), "/api/x", "forbidden")
    assert len(events(portal)) == before
    audit.record_refusal(portal, alice, "/api/x", "forbidden")
    last = events(portal)[-1]
    assert (last.action, last.result, last.details) == (
        "access.refused",
        "refused",
        {"route": "/api/x", "reason": "forbidden"},
    )


def test_an_event_goes_with_its_transaction(portal: Portal, alice: Principal) -> None:
    before = len(events(portal))

    def fail(act: Callable[[Session], Any]) -> None:
        with pytest.raises(RuntimeError), portal.database.transaction() as session:
            act(session)
            raise RuntimeError

    fail(lambda s: audit.record(portal, s, alice, Action.SIGN_IN))
    assert len(events(portal)) == before
