"""Decisions about providers over REST, and what turning one off means for other routes."""

import pytest

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import VALUE, Rest, code_of, program

LIST = "/api/admin/providers"
SHAPE = {
    "id", "name", "kind", "enabled", "base_url", "default_base_url", "is_custom", "is_moved", "fixed_by",
    "auth_style", "environment_names", "credential_count", "keys_to_reenter", "version", "notice",
}  # fmt: skip
NEW = {"name": "Our cluster", "base_url": "https://llm.example.com/v1"}


def add(admin: Rest, **body: object) -> dict[str, object]:
    answer = admin.post(LIST, json={**NEW, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def ids(caller: Rest) -> set[str]:
    return {item["id"] for item in caller.get("/api/providers").json()["items"]}


def test_an_admin_lists_what_is_decided_about_every_provider(admin: Rest, portal: Portal) -> None:
    items = admin.get(LIST).json()["items"]
    assert {item["id"] for item in items} == {p.id for p in portal.providers.all()}
    assert all(set(item) == SHAPE for item in items)


def test_members_and_programs_decide_nothing(client: Rest, admin: Rest, portal: Portal) -> None:
    for caller in (client, program(portal, "root", *Scope)):
        answers = [
            caller.get(LIST),
            caller.post(LIST, json=NEW),
            caller.put(f"{LIST}/openai", json={"enabled": False}),
            caller.delete(f"{LIST}/openai"),
        ]
        assert [(a.status_code, code_of(a)) for a in answers] == [(403, "forbidden")] * 4
    assert {item["version"] for item in admin.get(LIST).json()["items"]} == {0}


def test_turning_a_provider_off_closes_creating_and_resolving_and_keeps_the_keys(
    admin: Rest, client: Rest, portal: Portal
) -> None:
    made, agent = client.add_key(), program(portal, "alice")
    answer = admin.put(f"{LIST}/openai", json={"enabled": False, "version": 0})
    assert (answer.json()["enabled"], answer.json()["credential_count"]) == (False, 1)
    body = {"provider": "openai", "name": "second", "api_key": VALUE}
    refused = [
        client.post("/api/api-keys", json=body),
        agent.post("/api/resolve", json={"provider": "openai"}),
    ]
    assert [(a.status_code, code_of(a)) for a in refused] == [(404, "provider_disabled")] * 2
    assert "openai" not in ids(client)
    assert client.get("/api/api-keys", params={"provider": "openai"}).json()["items"] == [made]
    assert client.put(f"/api/api-keys/{made['id']}", json={"note": "still mine"}).status_code == 200
    admin.put(f"{LIST}/openai", json={"enabled": True, "version": 1})
    assert agent.post("/api/resolve", json={"provider": "openai"}).json()["api_key"] == VALUE
    assert "openai" in ids(client)


def test_a_move_says_what_follows_and_an_empty_address_undoes_it(admin: Rest, client: Rest) -> None:
    client.add_key(provider="anthropic")
    moved = admin.put(f"{LIST}/anthropic", json={"base_url": "https://llm.example.com"}).json()
    assert (moved["is_moved"], moved["keys_to_reenter"]) == (True, 1)
    assert moved["notice"].startswith("1 key has to be entered again")
    back = admin.put(f"{LIST}/anthropic", json={"base_url": ""}).json()
    assert (back["base_url"], back["keys_to_reenter"]) == (moved["default_base_url"], 0)


def test_an_added_provider_is_used_changed_and_deleted(admin: Rest, client: Rest) -> None:
    made = add(admin, auth_style="x-api-key", environment_names=["OUR_CLUSTER_API_KEY"])
    one = f"{LIST}/{made['id']}"
    assert (made["id"], made["is_custom"], made["version"]) == ("our_cluster", True, 1)
    key = client.add_key(provider="our_cluster")
    changed = admin.put(one, json={"name": "Ours", "environment_names": [], "version": 1}).json()
    assert (changed["id"], changed["name"], changed["environment_names"]) == ("our_cluster", "Ours", [])
    answer = admin.delete(one)
    assert (answer.status_code, code_of(answer)) == (409, "provider_in_use")
    client.delete(f"/api/api-keys/{key['id']}")
    assert [admin.delete(one).status_code, admin.delete(one).status_code] == [204, 404]
    assert "our_cluster" not in ids(client)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": " "}, 422, "name"),
        ({"name": "OpenAI"}, 409, "name"),
        ({"base_url": "http://u:p@host"}, 422, "base_url"),
        ({"base_url": ""}, 422, "base_url"),
        ({"auth_style": "basic"}, 422, "auth_style"),
        ({"auth_style": None}, 422, "auth_style"),
        ({"environment_names": ["OPENAI_API_KEY"]}, 422, "environment_names"),
        ({"environment_names": ["PATH"]}, 422, "environment_names"),
        ({"environment_names": [1]}, 422, "environment_names"),
        ({"environment_names": "OUR_API_KEY"}, 422, "environment_names"),
        ({"environment_names": ["A_API_KEY"] * 21}, 422, "environment_names"),
    ],
)
def test_an_unusable_part_is_named_and_not_repeated(
    admin: Rest, body: dict[str, object], status: int, field: str
) -> None:
    answer = admin.post(LIST, json={**NEW, **body})
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    assert "u:p@host" not in answer.text


def test_an_address_the_operator_set_is_not_changed_here(admin: Rest) -> None:
    answer = admin.put(f"{LIST}/openai", json={"base_url": "https://llm.example.com"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "base_url")
    assert "KEYPORTAL_BASE_URL_OPENAI" in answer.json()["error"]["message"]


def test_a_stale_version_is_refused(admin: Rest) -> None:
    admin.put(f"{LIST}/openai", json={"enabled": False, "version": 0})
    answer = admin.put(f"{LIST}/openai", json={"enabled": True, "version": 0})
    assert (answer.status_code, code_of(answer)) == (412, "version_conflict")


def test_a_provider_of_the_catalogue_is_turned_off_and_not_deleted(admin: Rest) -> None:
    answer = admin.delete(f"{LIST}/openai")
    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert "Turn it off" in answer.json()["error"]["message"]


def test_the_document_lists_the_refusals(anyone: Rest) -> None:
    paths = anyone.get("/api/openapi.json").json()["paths"]
    assert "provider_disabled" in paths["/api/resolve"]["post"]["responses"]["404"]["description"]
    assert "provider_disabled" in paths["/api/api-keys"]["post"]["responses"]["404"]["description"]
    assert "provider_in_use" in paths[f"{LIST}/{{id}}"]["delete"]["responses"]["409"]["description"]
