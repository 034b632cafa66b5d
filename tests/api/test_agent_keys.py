"""Agent keys over REST: shown once, renamed, revoked, deleted."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import Rest, bearer, code_of

SHAPE = {
    "id",
    "name",
    "mask",
    "scopes",
    "status",
    "created_by",
    "created_at",
    "last_used_at",
    "expires_at",
    "version",
}


def make(client: Rest, **body: object) -> dict[str, str]:
    answer = client.post("/api/agent-keys", json={"name": "ci", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_the_value_is_in_the_first_answer_and_in_no_other(client: Rest) -> None:
    made = make(client)
    assert set(made) == SHAPE | {"api_key"}
    assert made["mask"] == f"{made['api_key'][:4]}...{made['api_key'][-4:]}"
    listed = client.get("/api/agent-keys")
    assert set(listed.json()["items"][0]) == SHAPE
    assert made["api_key"] not in listed.text


def test_an_agent_key_resolves_and_lives_ninety_days_unless_told(client: Rest) -> None:
    made = make(client)
    assert (made["scopes"], made["status"], made["created_by"]) == (
        ["resolve"],
        "active",
        "alice@example.com",
    )
    assert made["expires_at"] == "2027-02-19T12:00:00Z"
    assert make(client, name="short", expires_in_days=1)["expires_at"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("days", [0, -1, 366, 2**64, 1.5, "90", True])
def test_an_unusable_lifetime_is_refused(client: Rest, days: object) -> None:
    answer = client.post("/api/agent-keys", json={"name": "ci", "expires_in_days": days})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "expires_in_days")


@pytest.mark.parametrize("scopes", [[], ["everything"], ["resolve", 1], "resolve", None, [[]]])
def test_unusable_scopes_are_refused(client: Rest, scopes: object) -> None:
    answer = client.post("/api/agent-keys", json={"name": "ci", "scopes": scopes})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "scopes")


def test_only_an_admin_gives_the_right_to_act_for_anybody(client: Rest, admin: Rest) -> None:
    answer = client.post("/api/agent-keys", json={"name": "ci", "scopes": ["resolve:any"]})
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")
    assert make(admin, scopes=["resolve:any"])["scopes"] == ["resolve:any"]


def test_an_agent_key_can_be_renamed_found_revoked_and_deleted(client: Rest, portal: Portal) -> None:
    made = make(client)
    one, agent = f"/api/agent-keys/{made['id']}", bearer(portal, made["api_key"])
    assert client.put(one, json={"name": "Build 100%", "version": 1}).json()["version"] == 2
    assert client.get("/api/agent-keys", params={"q": "build 100%"}).json()["total"] == 1
    assert agent.get("/api/providers").status_code == 200
    assert client.post(f"{one}/revoke").json()["status"] == "revoked"
    assert code_of(agent.get("/api/providers")) == "agent_key_revoked"
    assert client.delete(one).status_code == 204
    assert client.get("/api/agent-keys").json()["total"] == 0
    assert code_of(agent.get("/api/providers")) == "agent_key_refused"


def test_scopes_and_expiry_cannot_be_changed(client: Rest) -> None:
    one = f"/api/agent-keys/{make(client)['id']}"
    for more in (
        {"scopes": ["resolve", "keys:write"]},
        {"expires_at": "2099-01-01T00:00:00Z"},
        {"expires_in_days": 365},
    ):
        answer = client.put(one, json={"name": "ci", **more})
        assert (answer.status_code, code_of(answer)) == (422, "invalid_input")


def test_a_stale_version_and_a_taken_name_are_told(client: Rest) -> None:
    one = f"/api/agent-keys/{make(client)['id']}"
    make(client, name="other")
    assert client.put(one, json={"name": "new", "version": 7}).status_code == 412
    assert client.put(one, json={"name": "OTHER"}).status_code == 409


def test_agent_keys_come_in_pages(client: Rest) -> None:
    for number in range(26):
        make(client, name=f"agent {number}")
    found = client.get("/api/agent-keys?page=2").json()
    assert (len(found["items"]), found["total"], found["pages"]) == (1, 26, 2)
