"""General keys and links over REST, and the other new parts of a key."""

from keyportal.services.portal import Portal
from tests.api.support import UNKNOWN_ID, VALUE, Rest, browser, code_of, program
from tests.services.support import spoil


def general(rest: Rest, name: str = "general", path: str = "/api/api-keys") -> str:
    answer = rest.post(path, json={"name": name, "api_key": VALUE})
    assert answer.status_code == 201, answer.text
    return f"{path}/{answer.json()['id']}"


def test_a_key_without_a_provider_is_a_general_key(client: Rest) -> None:
    for provider in ({}, {"provider": None}):
        made = client.post("/api/api-keys", json={"name": f"n{len(provider)}", "api_key": VALUE, **provider})
        assert (made.status_code, made.json()["provider"], made.json()["expires_at"]) == (201, "", None)


def test_a_general_key_is_tested_only_where_it_is_linked(client: Rest) -> None:
    one = general(client)
    assert client.post(f"{one}/test").json()["outcome"] == "unchecked"
    client.post(f"{one}/links", json={"provider": "openai"})
    assert client.post(f"{one}/test").json()["outcome"] == "valid"


def test_links_are_made_listed_used_and_taken_away(portal: Portal, admin: Rest) -> None:
    for path in ("/api/api-keys", "/api/admin/api-keys"):
        one = general(admin, path=path)
        made = admin.post(f"{one}/links", json={"provider": "OpenAI", "model_pattern": " gpt-4o* "})
        assert (made.status_code, set(made.json())) == (
            201,
            {"id", "provider", "model_pattern", "created_at"},
        )
        assert (made.json()["provider"], made.json()["model_pattern"]) == ("openai", "gpt-4o*")
        assert admin.get(f"{one}/links").json() == {"items": [made.json()]}
        gone = admin.delete(f"{one}/links/{made.json()['id']}")
        assert (gone.status_code, admin.get(f"{one}/links").json()) == (204, {"items": []})


def test_a_linked_key_is_resolved_for_its_models(portal: Portal, client: Rest) -> None:
    one = general(client)
    client.post(f"{one}/links", json={"provider": "openai", "model_pattern": "gpt-4o*"})
    agent = program(portal, "alice")
    found = agent.post("/api/resolve", json={"provider": "openai", "model": "gpt-4o-mini"}).json()
    assert (found["credential"]["name"], found["source"]) == ("general", "user")
    assert agent.post("/api/resolve", json={"provider": "openai", "model": "o3"}).status_code == 404


def test_what_cannot_be_linked_says_why(client: Rest) -> None:
    one = general(client)
    refused = {
        "unknown_provider": ({"provider": "nobody"}, 404),
        "invalid_input": ({"provider": "azure_openai"}, 422),
        "link_taken": ({"provider": "openai"}, 409),
    }
    client.post(f"{one}/links", json={"provider": "openai"})
    for code, (body, status) in refused.items():
        answer = client.post(f"{one}/links", json=body)
        assert (answer.status_code, code_of(answer)) == (status, code)
    answer = client.post(f"{one}/links", json={"provider": "openai", "model_pattern": "two words"})
    assert answer.json()["error"]["field"] == "model_pattern"


def test_bob_finds_neither_alices_key_nor_her_links(portal: Portal, client: Rest) -> None:
    one = general(client)
    made = client.post(f"{one}/links", json={"provider": "openai"}).json()
    bob = browser(portal, "bob")
    tried = [bob.get(f"{one}/links"), bob.post(f"{one}/links", json={"provider": "groq"}),
             bob.delete(f"{one}/links/{made['id']}"), client.delete(f"{one}/links/{UNKNOWN_ID}")]  # fmt: skip
    assert {(a.status_code, code_of(a)) for a in tried} == {(404, "not_found")}
    assert client.get(f"{one}/links").json()["items"] == [made]


def test_a_reminder_and_consent_come_in_and_out(client: Rest) -> None:
    made = client.add_key(remind_at="2027-01-31T01:00:00+01:00", failover=True)
    assert (made["remind_at"], made["failover"]) == ("2027-01-31T00:00:00Z", True)
    one = f"/api/api-keys/{made['id']}"
    assert client.put(one, json={"note": "n"}).json()["remind_at"] == "2027-01-31T00:00:00Z"
    changed = client.put(one, json={"remind_at": None, "failover": False}).json()
    assert (changed["remind_at"], changed["failover"]) == (None, False)


def test_a_key_that_waits_for_its_value_has_a_code_of_its_own(portal: Portal, client: Rest) -> None:
    made = client.add_key()
    spoil(portal, made["id"], sealed=None)
    assert client.get(f"/api/api-keys/{made['id']}").json()["status"] == "re_enter"
    for answer in (client.post(f"/api/api-keys/{made['id']}/test"),
                   program(portal, "alice").post("/api/resolve", json={"provider": "openai"})):  # fmt: skip
        assert (answer.status_code, code_of(answer)) == (409, "needs_reentry")
