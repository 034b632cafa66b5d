"""Reporting over REST what came of a key that was handed out."""

from datetime import timedelta
from typing import Any

import pytest

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import UNKNOWN_ID, Rest, browser, code_of, program, stranger
from tests.support import FakeClock

PATH = "/api/usage"


@pytest.fixture
def agent(portal: Portal) -> Rest:
    return program(portal, "alice")


@pytest.fixture
def resolved(client: Rest, agent: Rest) -> str:
    client.add_key()
    return agent.post("/api/resolve", json={"provider": "openai"}).json()["resolution_id"]


def body(resolution_id: str, outcome: str = "ok", **more: Any) -> dict[str, Any]:
    return {"resolution_id": resolution_id, "outcome": outcome, **more}


def test_a_report_is_answered_with_what_it_says(agent: Rest, client: Rest, resolved: str) -> None:
    answer = agent.post(PATH, json=body(resolved, "rate_limited", http_status=429))
    assert (answer.status_code, answer.json()) == (
        200,
        {"resolution_id": resolved, "outcome": "rate_limited", "steps_back_until": None},
    )
    (key,) = client.get("/api/api-keys").json()["items"]
    assert (key["health"]["outcome"], key["health_source"], key["usage_count"]) == (
        "rate_limited",
        "report",
        1,
    )


def test_a_failure_makes_the_key_step_back_and_the_next_resolve_gives_another(
    agent: Rest, client: Rest, admin: Rest
) -> None:
    admin.put("/api/admin/policies", json={"failover": True, "failover_minutes": 5})
    first, second = client.add_key("first", failover=True), client.add_key("second")
    resolved = agent.post("/api/resolve", json={"provider": "openai"}).json()
    answer = agent.post(PATH, json=body(resolved["resolution_id"], "auth_failed", http_status=401)).json()
    assert answer["steps_back_until"] == "2026-11-21T12:05:00Z"
    key = client.get(f"/api/api-keys/{first['id']}").json()
    assert (key["failing_until"], key["active"], key["status"]) == ("2026-11-21T12:05:00Z", True, "active")
    instead = agent.post("/api/resolve", json={"provider": "openai"}).json()
    assert (resolved["credential"]["id"], instead["credential"]["id"]) == (first["id"], second["id"])
    client.post(f"/api/api-keys/{first['id']}/test")
    tested = client.get(f"/api/api-keys/{first['id']}").json()
    assert (tested["failing_until"], tested["health_source"]) == (None, "test")


def test_a_key_that_is_all_there_is_does_not_step_back(agent: Rest, client: Rest, admin: Rest) -> None:
    admin.put("/api/admin/policies", json={"failover": True})
    key = client.add_key(failover=True)
    resolved = agent.post("/api/resolve", json={"provider": "openai"}).json()
    answer = agent.post(PATH, json=body(resolved["resolution_id"], "auth_failed")).json()
    assert answer["steps_back_until"] is None
    again = agent.post("/api/resolve", json={"provider": "openai"}).json()
    assert (again["credential"]["id"], again["failed_over_from"]) == (key["id"], None)


def test_the_same_again_is_fine_and_another_outcome_is_not(agent: Rest, resolved: str) -> None:
    answers = [agent.post(PATH, json=body(resolved)) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    other = agent.post(PATH, json=body(resolved, "error"))
    assert (other.status_code, code_of(other)) == (409, "already_reported")


def test_after_a_week_it_is_too_late(agent: Rest, resolved: str, clock: FakeClock) -> None:
    clock.advance(timedelta(days=7, seconds=1))
    answer = agent.post(PATH, json=body(resolved))
    assert (answer.status_code, code_of(answer)) == (409, "reported_too_late")


def test_another_agent_key_finds_as_little_as_there_is(portal: Portal, agent: Rest, resolved: str) -> None:
    answers = [
        caller.post(PATH, json=body(one))
        for caller in (
            program(portal, "alice"),
            program(portal, "bob"),
            program(portal, "root", Scope.RESOLVE_ANY),
        )
        for one in (resolved, UNKNOWN_ID, "odd", f"{resolved}-1")
    ]
    assert {(a.status_code, code_of(a)) for a in answers} == {(404, "not_found")}
    (said,) = {a.json()["error"]["message"] for a in answers}
    assert "it is unknown, or another agent key's." in said
    assert "days" not in said
    assert "deleted" not in said
    assert agent.post(PATH, json=body(resolved)).status_code == 200


def test_only_programs_that_may_resolve_report(portal: Portal, resolved: str) -> None:
    callers = [
        browser(portal, "alice"),
        browser(portal, "root"),
        program(portal, "alice", Scope.KEYS_READ),
        program(portal, "alice", Scope.KEYS_WRITE),
    ]
    for caller in callers:
        # Before anything of the body is looked at.
        for sent in (body(resolved), {"odd": 1}):
            assert caller.post(PATH, json=sent).status_code == 403
    assert "resolve" in callers[2].post(PATH, json=body(resolved)).json()["error"]["message"]
    assert stranger(portal).post(PATH, json=body(resolved)).status_code == 401


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"outcome": "valid"}, "outcome"),
        ({"outcome": 1}, "outcome"),
        ({"outcome": "x" * 33}, "outcome"),
        ({"http_status": 99}, "http_status"),
        ({"http_status": "401"}, "http_status"),
        ({"http_status": True}, "http_status"),
        ({"resolution_id": "x" * 65}, "resolution_id"),
        ({"resolution_id": None}, "resolution_id"),
        ({"message": "what the provider said"}, None),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_by_name(
    agent: Rest, resolved: str, more: dict[str, Any], field: str | None
) -> None:
    answer = agent.post(PATH, json={**body(resolved), **more})
    assert (answer.status_code, answer.json()["error"].get("field")) == (422, field)
    assert "provider said" not in answer.text
