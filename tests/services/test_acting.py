"""Acts of people who lost their rights between the gate and the act: refused, and nothing is changed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from keyportal.domain.errors import AgentKeyRevoked, NotSignedIn
from keyportal.domain.policies import Policies
from keyportal.domain.principals import Principal, Scope
from keyportal.domain.secret import Secret
from keyportal.persistence import users
from keyportal.persistence.tables import UserRow
from keyportal.services import (
    agent_keys,
    bulk,
    credential_order,
    credentials,
    importing,
    links,
    policies,
    provider_edits,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider
from tests.services.support import SYSTEM, USER, VALUE, events, save
from tests.services.test_resolution import agent_of
from tests.support import START

LINES = Secret(f"OPENAI_API_KEY={VALUE}")
# Each act of a member, with the id of a key of theirs.
ACTS: dict[str, Callable[[Portal, Principal, str], Any]] = {
    "create": lambda portal, who, _id: save(portal, who, "second"),
    "update": lambda portal, who, one: credentials.update(
        portal, who, USER, one, CredentialEdit(name="other")
    ),
    "delete": lambda portal, who, one: credentials.delete(portal, who, USER, one),
    "move": lambda portal, who, one: credential_order.make_primary(portal, who, USER, one),
    "switch": lambda portal, who, one: bulk.set_active(portal, who, USER, [one], active=False),
    "delete several": lambda portal, who, one: bulk.delete(portal, who, USER, [one]),
    "link": lambda portal, who, one: links.link(portal, who, USER, one, "anthropic"),
    "import": lambda portal, who, _id: importing.run(portal, who, USER, LINES),
    "agent key": lambda portal, who, _id: agent_keys.create(portal, who, NewAgentKey("ci")),
}
ADMIN_ACTS: dict[str, Callable[[Portal, Principal], Any]] = {
    "system key": lambda portal, who: save(portal, who, ownership=SYSTEM),
    "policies": lambda portal, who: policies.change_policies(portal, who, {"failover": True}),
    "provider off": lambda portal, who: provider_edits.set_enabled(portal, who, "openai", False),
    "provider added": lambda portal, who: provider_edits.add_custom(
        portal, who, NewProvider("Ours", "https://llm.example.com/v1")
    ),
}


def change(portal: Portal, who: Principal, **values: Any) -> None:
    with portal.database.transaction() as session:
        session.exec(update(UserRow).where(col(UserRow.id) == who.user_id).values(**values))


@pytest.mark.parametrize("values", [{"active": False}, {"removed_at": START}], ids=["deactivated", "removed"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_somebody_who_is_gone_changes_nothing(
    portal: Portal, alice: Principal, act: Callable[[Portal, Principal, str], Any], values: dict[str, Any]
) -> None:
    mine = save(portal, alice)
    change(portal, alice, **values)
    before = len(events(portal))
    with pytest.raises(NotSignedIn):
        act(portal, alice, mine.id)
    assert len(events(portal)) == before
    assert credentials.get(portal, alice, USER, mine.id) == mine


@pytest.mark.parametrize("act", ADMIN_ACTS.values(), ids=ADMIN_ACTS)
def test_somebody_who_is_no_admin_any_more_decides_nothing(
    portal: Portal, root: Principal, act: Callable[[Portal, Principal], Any]
) -> None:
    change(portal, root, role="member")
    before = len(events(portal))
    with pytest.raises(NotSignedIn):
        act(portal, root)
    assert len(events(portal)) == before
    change(portal, root, role="admin")
    assert policies.get_policies(portal, root).policies == Policies()


def test_an_agent_whose_key_was_revoked_meanwhile_writes_nothing(portal: Portal, alice: Principal) -> None:
    agent = agent_of(portal, alice, Scope.KEYS_WRITE)
    agent_keys.revoke(portal, alice, agent.agent_key_id or "")
    with pytest.raises(AgentKeyRevoked):
        save(portal, agent)


def test_an_act_that_waits_for_its_persons_removal_is_refused(portal: Portal, alice: Principal) -> None:
    """The other one holds the person; the act waits for the outcome instead of going by what was before."""
    found: list[Exception | None] = []

    def act() -> None:
        try:
            save(portal, alice)
            found.append(None)
        except NotSignedIn as refusal:
            found.append(refusal)

    with portal.database.transaction() as session:
        row = users.find_present(session, alice.user_id or "", for_update=True)
        assert row is not None
        row.active = False
        session.add(row)
        session.flush()
        waiting = Thread(target=act)
        waiting.start()
        waiting.join(timedelta(seconds=0.3).total_seconds())
        assert found == []
    waiting.join(20)
    assert [type(one) for one in found] == [NotSignedIn]
