"""How many keys, links, agent keys, sessions and added providers there may be."""

from datetime import timedelta

import pytest

from keyportal.domain.errors import InvalidInput
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, ProviderRow
from keyportal.services import sessions
from keyportal.services.agent_key_rotation import rotate
from keyportal.services.portal import Portal
from keyportal.vault.tokens import digest
from tests.api.support import VALUE, session_token
from tests.limits.support import World, answer_of, number, store_copies
from tests.support import FakeClock

limit = pytest.mark.limit
REFUSED = (422, "invalid_input")


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


@limit("keys")
@pytest.mark.parametrize("owner", ["client", "admin"])
def test_the_ten_thousandth_key_is_the_last(world: World, owner: str) -> None:
    path = "/api/api-keys" if owner == "client" else "/api/admin/api-keys"
    caller = getattr(world, owner)
    caller.add_key("first", path)
    copies = [{"name": f"copy {n}", "name_key": f"copy {n}"} for n in range(number("keys") - 3)]
    store_copies(world.portal, CredentialRow, copies)
    sent = [caller.post(path, json={"provider": "groq", "name": f"{n}", "api_key": VALUE}) for n in range(3)]
    assert [answer_of(one) for one in sent] == [(201, ""), (201, ""), REFUSED]
    # Nor by an import, and a place that is given up is one for somebody else.
    lines = {"text": f"OPENAI_API_KEY={VALUE}\nGROQ_API_KEY=gsk_{'a1B2' * 12}"}
    assert answer_of(caller.post(f"{path}/import", json=lines)) == REFUSED
    for one in sent[:2]:
        assert caller.delete(f"{path}/{one.json()['id']}").status_code == 204
    assert answer_of(caller.post(f"{path}/import", json=lines)) == (200, "")


@limit("links")
def test_a_key_s_fiftieth_link_is_its_last(world: World) -> None:
    path = f"/api/api-keys/{world.client.add_key()['id']}/links"
    bodies = [{"provider": "openai", "model_pattern": f"model-{n}"} for n in range(number("links") + 1)]
    found = [answer_of(world.client.post(path, json=body)) for body in bodies]
    assert set(found[:-1]) == {(201, "")} and found[-1] == REFUSED


@limit("agent-keys")
def test_a_person_s_thousandth_agent_key_is_the_last(world: World) -> None:
    first = world.client.post("/api/agent-keys", json={"name": "first"}).json()
    store_copies(
        world.portal,
        AgentKeyRow,
        [{"name_key": f"copy {n}", "public_id": f"c{n}"} for n in range(number("agent-keys") - 3)],
    )
    sent = [world.client.post("/api/agent-keys", json={"name": f"{n}"}) for n in range(3)]
    assert [answer_of(one) for one in sent] == [(201, ""), (201, ""), REFUSED]
    with pytest.raises(InvalidInput, match="1,000 agent keys"):
        rotate(world.portal, world.alice, first["agent_key"]["id"] if "agent_key" in first else first["id"])


@limit("sessions")
def test_the_browser_seen_longest_ago_makes_room_for_the_hundred_and_first(world: World) -> None:
    tokens = [session_token(world.portal, "bob")]
    for _ in range(number("sessions") - 2):
        world.clock.advance(timedelta(seconds=1))
        tokens.append(session_token(world.portal, "bob"))
    live = []
    for _ in range(3):
        world.clock.advance(timedelta(seconds=1))
        found = sessions.live_sessions(world.portal, {digest(token) for token in tokens})
        live.append((len(found), digest(tokens[0]) in found))
        tokens.append(session_token(world.portal, "bob"))
    # Ninety-nine, a hundred, and a hundred again: the first is gone.
    assert live == [(99, True), (100, True), (100, False)]


@limit("custom-providers")
def test_the_hundredth_added_provider_is_the_last(world: World) -> None:
    def provide(name: str) -> tuple[int, str]:
        body = {"name": name, "base_url": "https://llm.example.com/v1"}
        return answer_of(world.admin.post("/api/admin/providers", json=body))

    assert provide("First") == (201, "")
    copies = [{"id": f"copy_{n}", "name": f"Copy {n}"} for n in range(number("custom-providers") - 3)]
    store_copies(world.portal, ProviderRow, copies, is_custom=True)
    assert [provide(f"Last {n}") for n in range(3)] == [(201, ""), (201, ""), REFUSED]
