"""What is sent: odd, broken, oversized and forbidden bodies on every route that reads one."""

import json
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel

from keyportal.api.app import create_api
from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import (
    OTHER_VALUE,
    UNKNOWN_ID,
    VALUE,
    Rest,
    browser,
    call_raw,
    code_of,
    program,
    routes_with_json,
)
from tests.support import all_text_of

FORBIDDEN_FIELDS = [
    "owner",
    "owner_id",
    "owner_key",
    "role",
    "ciphertext",
    "sealed",
    "usage_count",
    "created_at",
    "id",
    "mask",
    "destination",
    "base_url",
    "ownership",
    "replaces_id",
    "replaced_by_id",
    "status",
    "key_id",
    "__proto__",
    "constructor",
]
JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024
BROKEN = {
    "empty": (b"", 400),
    "not json": (b"{", 400),
    "trailing text": (b"{} {}", 400),
    "null": (b"null", 422),
    "a list": (b"[]", 422),
    "a text": (b'"x"', 422),
    "a number": (b"1", 422),
    "a name twice": (b'{"name": "a", "name": "b"}', 400),
    "a name twice inside": (b'{"fields": {"a": "1", "a": "2"}}', 400),
    "33 levels": (b"[" * 33 + b"]" * 33, 400),
    "2000 levels": (b"[" * 2000 + b"]" * 2000, 400),
    "100000 levels": (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400),
    "2 MiB": (b'{"name": "' + b"x" * 2 * MIB + b'"}', 413),
    "a lone surrogate": (b'{"name": "\\ud800"}', 422),
    "a lone surrogate as a name": (b'{"\\udfff": 1}', 422),
    "NUL": (b'{"name": "a\\u0000b"}', 422),
    "a raw NUL": (b'{"name": "a\x00b"}', 400),
    "not UTF-8": (b'{"name": "\xff"}', 400),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), 400),
    "NaN": (b'{"name": NaN}', 400),
    "Infinity": (b'{"name": -Infinity}', 400),
    "1e999": (b'{"name": 1e999}', 400),
    "2^64": (b'{"version": 18446744073709551616, "name": 18446744073709551616}', 422),
    "5000 digits": (b'{"version": ' + b"9" * 5000 + b"}", 400),
}


def callers(portal: Portal) -> dict[str, Rest]:
    """Return who may send what where: people everywhere but where programs resolve and report."""
    agent = program(portal, "alice", Scope.RESOLVE)
    return {"/api/resolve": agent, "/api/usage": agent, "": browser(portal, "root")}


def send_to_all(portal: Portal, **request: object) -> list[tuple[str, int, str]]:
    found, known = [], callers(portal)
    for method, path in routes_with_json():
        answer = known.get(path, known[""]).send(method, path.replace("{id}", UNKNOWN_ID), **request)
        assert set(answer.json()) == {"error"}
        found.append((f"{method} {path}", answer.status_code, answer.text))
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_an_odd_body_is_refused_on_every_route(portal: Portal, name: str) -> None:
    content, status = BROKEN[name]
    for route, got, text in send_to_all(portal, content=content, headers=JSON):
        assert got == status, (route, text)


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/xml",
    ],
)
def test_another_content_type_is_refused_on_every_route(portal: Portal, kind: str) -> None:
    for route, got, text in send_to_all(portal, content=b'{"name": "n"}', headers={"Content-Type": kind}):
        assert got == 415, (route, text)


def test_a_compressed_body_is_refused(portal: Portal) -> None:
    for route, got, text in send_to_all(portal, content=b"{}", headers={**JSON, "Content-Encoding": "gzip"}):
        assert got == 415, (route, text)


def test_a_charset_of_utf_8_is_welcome(portal: Portal) -> None:
    body = json.dumps({"provider": "openai", "name": "Schlüssel", "api_key": VALUE}).encode()
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    answer = browser(portal, "alice").post("/api/api-keys", content=body, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (201, "Schlüssel")


@pytest.mark.parametrize("field", FORBIDDEN_FIELDS)
def test_a_field_nobody_may_set_is_refused_without_its_name(portal: Portal, field: str) -> None:
    good = {
        "provider": "openai", "name": "planted", "api_key": VALUE, "email": "planted@example.com",
        "base_url": "https://planted.example.com", "text": "PLANTED_API_KEY=planted",
        "resolution_id": UNKNOWN_ID, "outcome": "ok",
    }  # fmt: skip
    for method, path in routes_with_json():
        taken = _body_of(method, path).model_fields
        if field in taken:
            continue  # such as the address of a provider, which an admin sets just here
        body = {name: good[name] for name, wanted in taken.items() if wanted.is_required()}
        caller = callers(portal).get(path, browser(portal, "root"))
        answer = caller.send(method, path.replace("{id}", UNKNOWN_ID), json={**body, field: "evil-value"})
        assert (answer.status_code, code_of(answer)) == (422, "invalid_input"), (method, path)
        assert "evil-value" not in answer.text and "field" not in answer.json()["error"], (method, path)
    assert b"planted" not in all_text_of(portal)


def _body_of(method: str, path: str) -> type[BaseModel]:
    """Return the model of what a route takes."""
    (route,) = (r for r in _all_routes() if r.path == path and method in r.methods)
    return route.body_field.field_info.annotation


@cache
def _all_routes() -> list[Any]:
    return [*create_api(lambda: None).routes]  # type: ignore[arg-type, return-value]


def test_an_unknown_provider_field_is_refused_without_its_name(portal: Portal) -> None:
    body = {"provider": "openai", "name": "n", "api_key": VALUE, "fields": {"canary-name": "canary-value"}}
    answer = browser(portal, "alice").post("/api/api-keys", json=body)
    assert answer.status_code == 422
    assert "canary" not in answer.text


def test_a_known_provider_field_at_fault_is_named(portal: Portal) -> None:
    body = {"provider": "openai", "name": "n", "api_key": VALUE, "fields": {"project": "not a project!"}}
    answer = browser(portal, "alice").post("/api/api-keys", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "project")


@pytest.mark.parametrize(
    "headers", [{}, {"content-length": "10"}, {"content-length": "9" * 30}, {"content-length": "x"}]
)
def test_a_body_is_cut_off_at_the_limit_whatever_its_length_claims(
    portal: Portal, headers: dict[str, str]
) -> None:
    client = browser(portal, "alice")
    sent = {**client.headers, **JSON, **headers}
    status, body, unread = call_raw(portal, "/api/api-keys", sent, [b" " * 100_000] * 40)
    assert (status, json.loads(body)["error"]["code"]) == (413, "body_too_large")
    assert len(unread) >= 37


def test_a_body_may_come_in_pieces_up_to_the_limit(portal: Portal) -> None:
    body = json.dumps({"provider": "openai", "name": "n", "api_key": VALUE}).encode()
    chunks = [body[:10], body[10:], b" " * (256 * 1024 - len(body))]
    sent = {**browser(portal, "alice").headers, **JSON}
    assert call_raw(portal, "/api/api-keys", sent, chunks)[0] == 201
    assert call_raw(portal, "/api/api-keys", sent, [*chunks, b" "])[0] == 413


def test_bodies_where_none_is_read_are_ignored(portal: Portal) -> None:
    client = browser(portal, "alice")
    made = client.add_key()
    one = f"/api/api-keys/{made['id']}"
    assert client.get(one, content=b"{broken", headers=JSON).json() == made
    assert client.post(f"{one}/test", content=b"{broken").status_code == 200
    assert client.delete(one, json={"owner": "bob"}).status_code == 204


@pytest.mark.parametrize("wanted", ["%", "_", "100%", "\\", "a_b", "%25", "%00"])
def test_wildcards_in_a_search_are_plain_text(portal: Portal, wanted: str) -> None:
    client = browser(portal, "alice")
    for name in ("100% mine", "a_b", "a-b", "back\\slash"):
        client.add_key(name)
        client.post("/api/agent-keys", json={"name": name})
    names = {name for name in ("100% mine", "a_b", "a-b", "back\\slash") if wanted in name}
    for path in ("/api/api-keys", "/api/agent-keys"):
        found = client.get(path, params={"q": wanted}).json()["items"]
        assert {item["name"] for item in found} == names


def test_a_stale_version_is_refused_and_changes_nothing(portal: Portal) -> None:
    client = browser(portal, "alice")
    one = f"/api/api-keys/{client.add_key()['id']}"
    first = client.put(one, json={"name": "first", "version": 1}).json()
    for stale in (1, 0, -1, 2**64):
        answer = client.put(one, json={"name": "second", "api_key": OTHER_VALUE, "version": stale})
        assert (answer.status_code, code_of(answer)) == (412, "version_conflict")
    assert client.get(one).json() == first


def test_a_mask_sent_as_the_value_is_refused_and_the_stored_key_still_works(portal: Portal) -> None:
    client = browser(portal, "alice")
    made = client.add_key()
    answer = client.put(f"/api/api-keys/{made['id']}", json={"api_key": made["mask"]})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "api_key")
    resolved = program(portal, "alice").post("/api/resolve", json={"provider": "openai"})
    assert resolved.json()["api_key"] == VALUE


def test_a_name_value_line_is_refused_without_repeating_it(portal: Portal) -> None:
    body = {"provider": "openai", "name": "n", "api_key": "OPENAI_API_KEY=sk-canary-value"}
    answer = browser(portal, "alice").post("/api/api-keys", json=body)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "api_key")
    assert "canary" not in answer.text and "OPENAI_API_KEY" not in answer.text
