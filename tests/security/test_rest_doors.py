"""Who gets in: every route of the application, tried by those who must stay outside."""

from typing import Any

import pytest

from keyportal.api.auth import ENTRY, PUBLIC
from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import (
    UNKNOWN_ID,
    VALUE,
    browser,
    code_of,
    program,
    protected_routes,
    routes,
    stranger,
)
from tests.support import all_text_of

ODD_IDS = [
    "0",
    "-1",
    str(2**64),
    "x" * 10_000,
    "..%2f1",
    "%2e%2e%2f1",
    "%00",
    "%ff",
    "'%20OR%201=1",
    UNKNOWN_ID.upper(),
]
WITH_ID = [(m, p) for m, p in protected_routes() if "{id}" in p]
ADMINS_ONLY = [(m, p) for m, p in protected_routes() if p.startswith("/api/admin/")]
NO_AGENTS = [*ADMINS_ONLY, *((m, p) for m, p in protected_routes() if p.startswith("/api/agent-keys"))]
GOOD_BODY = {"provider": "openai", "name": "planted", "api_key": VALUE}
# What a route below an id takes, by its last word.
BODY_BELOW = {
    "links": {"provider": "openai"},
    "rotation": {"api_key": VALUE},
    "finish": {},
    "rotate": {},
}


def body_for(method: str, path: str) -> dict[str, Any]:
    """Return a body that a route with an id takes, or none where it takes none."""
    if method == "PUT":
        return {"json": {"name": "taken over"}}
    last = path.rpartition("/")[2]
    return {"json": BODY_BELOW[last]} if method == "POST" and last in BODY_BELOW else {}


def test_the_public_routes_are_these_and_no_others() -> None:
    public = {
        "/api/health",
        "/api/ready",
        "/api/openapi.json",
        "/api/docs",
        "/api/docs/init.js",
        "/api/docs/swagger-ui.css",
        "/api/docs/swagger-ui-bundle.js",
        "/api/auth/sign-in",
        "/api/auth/sign-out",
        "/api/auth/set-up",
        "/api/auth/join",
        "/api/auth/reset",
    }
    assert public == PUBLIC == {path for _, path in routes() if path in PUBLIC}


def test_every_protected_route_has_a_permission_to_enter() -> None:
    assert len(protected_routes()) >= 19
    for _, path in protected_routes():
        assert any(path.startswith(prefix) for prefix, _ in ENTRY), path


def test_without_credentials_every_route_says_sign_in_and_nothing_else(portal: Portal) -> None:
    anyone = stranger(portal)
    bodies = [
        {},
        {"json": GOOD_BODY},
        {"content": b"{broken"},
        {"content": b"x" * 300_000},
        {"json": {"odd": 1}},
    ]
    for method, path in [*protected_routes(), ("PATCH", "/api/api-keys"), ("POST", "/api/providers")]:
        for body in bodies:
            answer = anyone.send(method, path.replace("{id}", "x"), **body)
            assert (answer.status_code, code_of(answer)) == (401, "not_signed_in"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "cookie", ["kp_session=", "kp_session=junk", "kp_session=ä", "other=x", "__Host-kp_session=x"]
)
def test_a_cookie_that_is_no_session_is_no_credential(portal: Portal, cookie: str) -> None:
    answer = stranger(portal).get("/api/api-keys", headers={"Cookie": cookie.encode()})
    assert (answer.status_code, code_of(answer)) == (401, "not_signed_in")


def test_admin_routes_refuse_members_and_change_nothing(portal: Portal) -> None:
    system = browser(portal, "root").add_key(path="/api/admin/api-keys")
    member = browser(portal, "bob")
    for method, path in ADMINS_ONLY:
        for body in (GOOD_BODY, {"name": "planted"}, {"odd": 1}):
            answer = member.send(method, path.replace("{id}", system["id"]), json=body)
            assert (answer.status_code, code_of(answer)) == (403, "forbidden"), (method, path)
    assert browser(portal, "root").get("/api/admin/api-keys").json()["items"] == [system]


def test_agents_are_refused_on_management_routes_whatever_their_scopes(portal: Portal) -> None:
    admin = browser(portal, "root")
    system, agent_key = (
        admin.add_key(path="/api/admin/api-keys"),
        admin.post("/api/agent-keys", json={"name": "a"}).json(),
    )
    agent = program(portal, "root", *Scope)
    for method, path in NO_AGENTS:
        found = system["id"] if "admin" in path else agent_key["id"]
        for body in (GOOD_BODY, {"name": "planted"}, {"odd": 1}):
            answer = agent.send(method, path.replace("{id}", found), json=body)
            assert (answer.status_code, code_of(answer)) == (403, "forbidden"), (method, path)
    assert b"planted" not in all_text_of(portal)


def test_an_agent_does_what_its_scopes_say_and_no_more(portal: Portal) -> None:
    made = browser(portal, "alice").add_key()
    one, body = f"/api/api-keys/{made['id']}", {"provider": "openai"}
    reader, writer, resolver = (
        program(portal, "alice", s) for s in (Scope.KEYS_READ, Scope.KEYS_WRITE, Scope.RESOLVE)
    )
    assert [a.get(one).status_code for a in (reader, writer, resolver)] == [200, 200, 403]
    assert [a.put(one, json={"note": "n"}).status_code for a in (reader, writer, resolver)] == [403, 200, 403]
    assert [a.post(f"{one}/test").status_code for a in (reader, writer, resolver)] == [403, 200, 403]
    for ask in ({"path": "/api/resolve", "json": body}, {"path": "/api/resolve/openai"}):
        assert [a.post(**ask).status_code for a in (reader, writer, resolver)] == [403, 403, 200]


def test_the_right_to_act_for_anybody_ends_with_the_owners_admin_role(portal: Portal) -> None:
    browser(portal, "alice").add_key()
    agent = program(portal, "root", Scope.RESOLVE_ANY)
    body = {"provider": "openai", "user": "alice@example.com"}
    assert agent.post("/api/resolve", json=body).status_code == 200
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE users SET role = 'member' WHERE email LIKE 'root%%'")
    assert agent.post("/api/resolve", json=body).status_code == 403


def test_bob_finds_alices_ids_as_little_as_ids_that_never_were(portal: Portal) -> None:
    alice, bob = browser(portal, "alice"), browser(portal, "bob")
    key, agent_key = alice.add_key(), alice.post("/api/agent-keys", json={"name": "hers"}).json()
    for method, path in WITH_ID:
        if path.startswith("/api/admin"):
            continue
        body = body_for(method, path)
        hers = agent_key["id"] if "agent-keys" in path else key["id"]
        answers = [bob.send(method, path.replace("{id}", i), **body) for i in (hers, UNKNOWN_ID)]
        assert [a.status_code for a in answers] == [404, 404], (method, path)
        assert answers[0].content == answers[1].content
    assert alice.get("/api/api-keys").json()["items"] == [key]


def test_an_admin_does_not_reach_a_members_key(portal: Portal) -> None:
    key, admin = browser(portal, "alice").add_key(), browser(portal, "root")
    for method, path in WITH_ID:
        body = body_for(method, path)
        assert admin.send(method, path.replace("{id}", key["id"]), **body).status_code == 404, (method, path)


@pytest.mark.parametrize("odd", ODD_IDS)
def test_an_odd_id_is_an_unknown_id(portal: Portal, odd: str) -> None:
    admin = browser(portal, "root")
    for method, path in WITH_ID:
        body = body_for(method, path)
        answer = admin.send(method, path.replace("{id}", odd), **body)
        assert (answer.status_code, code_of(answer)) == (404, "not_found"), (method, path)


def test_refusals_of_known_callers_are_on_the_trail_and_strangers_are_not(portal: Portal) -> None:
    browser(portal, "bob").get("/api/admin/api-keys/some-secret-id")
    browser(portal, "bob").post("/api/api-keys", json=GOOD_BODY, headers={"Origin": "null"})
    stranger(portal).get("/api/admin/api-keys")
    with portal.database.reading() as session:
        rows = (
            session.connection()
            .exec_driver_sql(
                "SELECT principal_label, CAST(details AS TEXT) FROM audit_events"
                " WHERE action = 'access.refused' ORDER BY id"
            )
            .all()
        )
    assert [label for label, _ in rows] == ["bob@example.com"] * 2
    assert "GET /api/admin/api-keys/{id}" in rows[0][1] and "origin_refused" in rows[1][1]
    assert b"some-secret-id" not in all_text_of(portal)
