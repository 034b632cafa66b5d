"""API keys and system keys over REST: what goes in, what comes out, in which shape."""

from datetime import UTC, datetime

import pytest

from tests.api.support import OTHER_VALUE, VALUE, Rest, code_of
from tests.fakes.fake_provider import FakeProvider

SHAPE = {
    "id",
    "provider",
    "name",
    "mask",
    "active",
    "status",
    "position",
    "fields",
    "secret_fields",
    "note",
    "environment",
    "expires_at",
    "remind_at",
    "failover",
    "health",
    "health_source",
    "failing_until",
    "usage_count",
    "last_used_at",
    "created_at",
    "updated_at",
    "version",
}
BOTH = pytest.mark.parametrize("path", ["/api/api-keys", "/api/admin/api-keys"])


@BOTH
def test_a_new_key_has_exactly_the_documented_shape(admin: Rest, path: str) -> None:
    made = admin.add_key(path=path)
    assert set(made) == SHAPE
    assert set(made["health"]) == {"outcome", "message", "checked_at", "latency_ms"}
    assert (made["mask"], made["status"], made["version"]) == ("****...mnop", "active", 1)
    assert VALUE not in str(made)


@BOTH
def test_a_key_can_be_made_found_changed_tested_and_deleted(admin: Rest, path: str) -> None:
    made = admin.add_key("Production", path)
    one = f"{path}/{made['id']}"
    assert admin.get(path, params={"q": "prod"}).json()["items"] == [made]
    assert admin.get(one).json() == made
    changed = admin.put(one, json={"name": "Staging", "version": 1}).json()
    assert (changed["name"], changed["mask"], changed["version"]) == ("Staging", made["mask"], 2)
    assert admin.post(f"{one}/test").json()["outcome"] == "valid"
    gone = admin.delete(one)
    assert (gone.status_code, gone.content) == (204, b"")
    assert admin.get(one).status_code == 404


def test_own_keys_and_system_keys_are_two_lists(admin: Rest) -> None:
    own, system = admin.add_key("own"), admin.add_key("system", "/api/admin/api-keys")
    assert admin.get("/api/api-keys").json()["items"] == [own]
    assert admin.get("/api/admin/api-keys").json()["items"] == [system]
    assert admin.get(f"/api/admin/api-keys/{own['id']}").status_code == 404
    assert admin.post(f"/api/admin/api-keys/{own['id']}/test").status_code == 404


def test_a_test_answers_in_the_documented_shape(client: Rest) -> None:
    one = f"/api/api-keys/{client.add_key()['id']}"
    found = client.post(f"{one}/test").json()
    assert found["models"] == {"count": 1, "has_more": False, "items": ["gpt-4o"]}
    assert (found["outcome"], found["http_status"], found["balance"]) == ("valid", 200, None)
    assert {"message", "code", "latency_ms", "checked_at"} < set(found)
    assert client.get(one).json()["health"]["outcome"] == "valid"


def test_a_refused_key_is_an_outcome_and_no_error(client: Rest, openai: FakeProvider) -> None:
    openai.answer(401, {"error": {"code": "invalid_api_key"}})
    answer = client.post(f"/api/api-keys/{client.add_key()['id']}/test")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "invalid")


def test_pages_hold_what_was_asked_for(client: Rest) -> None:
    for number in range(26):
        client.add_key(f"key {number}")
    first = client.get("/api/api-keys").json()
    second = client.get("/api/api-keys?page=2&size=25").json()
    assert (len(first["items"]), first["total"], first["page"], first["pages"]) == (25, 26, 1, 2)
    assert (len(second["items"]), second["page"]) == (1, 2)
    assert client.get("/api/api-keys?size=50").json()["pages"] == 1


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", f"page={2**64}", "size=26", "page=1e999"])
def test_an_unusable_page_is_refused(client: Rest, query: str) -> None:
    answer = client.get(f"/api/api-keys?{query}")
    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")


def test_lists_are_filtered_by_provider_status_and_health(client: Rest) -> None:
    client.add_key("on")
    off = client.add_key("off", active=False)
    assert client.get("/api/api-keys?status=inactive").json()["items"] == [off]
    assert client.get("/api/api-keys?provider=OPENAI").json()["total"] == 2
    assert client.get("/api/api-keys?provider=anthropic").json()["total"] == 0
    assert client.get("/api/api-keys?health=valid").json()["total"] == 0
    assert client.get("/api/api-keys?status=odd").json()["error"]["field"] == "status"


def test_provider_ids_are_taken_in_any_case(client: Rest) -> None:
    assert client.add_key(provider="OPENAI")["provider"] == "openai"


def test_absent_parts_stay_and_null_ends_an_expiry(client: Rest) -> None:
    made = client.add_key(note="a note", expires_at="2027-01-31T01:00:00+01:00")
    assert made["expires_at"] == "2027-01-31T00:00:00Z"
    one = f"/api/api-keys/{made['id']}"
    assert client.put(one, json={"environment": "prod"}).json()["expires_at"] == "2027-01-31T00:00:00Z"
    changed = client.put(one, json={"expires_at": None}).json()
    assert (changed["expires_at"], changed["note"], changed["environment"]) == (None, "a note", "prod")


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_value_keeps_the_value(client: Rest, blank: str) -> None:
    made = client.add_key()
    changed = client.put(f"/api/api-keys/{made['id']}", json={"api_key": blank, "name": "b"}).json()
    assert changed["mask"] == made["mask"]
    changed = client.put(f"/api/api-keys/{made['id']}", json={"api_key": OTHER_VALUE}).json()
    assert changed["mask"] == "****...dcba"


@pytest.mark.parametrize(
    "when",
    [
        "2027-01-31",
        "tomorrow",
        "2027-01-31T00:00:00",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
        "2027-13-01T00:00:00Z",
        1800000000,
        True,
        "\uff12\uff1027-01-31T00:00:00Z",
    ],
)
def test_a_time_without_a_zone_or_sense_is_refused(client: Rest, when: object) -> None:
    body = {"provider": "openai", "name": "n", "api_key": VALUE, "expires_at": when}
    answer = client.post("/api/api-keys", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "expires_at")
    assert "2027-01-31T00:00:00Z" in answer.json()["error"]["message"]


def test_a_taken_name_is_a_conflict_whatever_its_case(client: Rest) -> None:
    client.add_key("Main")
    answer = client.post("/api/api-keys", json={"provider": "openai", "name": "main", "api_key": VALUE})
    assert (answer.status_code, answer.json()["error"]["field"]) == (409, "name")


def test_an_unknown_provider_is_not_found(client: Rest) -> None:
    answer = client.post("/api/api-keys", json={"provider": "acme", "name": "n", "api_key": VALUE})
    assert (answer.status_code, code_of(answer)) == (404, "unknown_provider")


def test_times_are_utc_with_a_z(client: Rest) -> None:
    made = client.add_key()
    assert made["created_at"] == "2026-11-21T12:00:00Z"
    assert datetime.fromisoformat(made["created_at"]).tzinfo == UTC
