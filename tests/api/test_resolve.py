"""Resolving over REST: which key, from where, counted exactly, and never somebody else's by accident."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import select

from keyportal.domain.principals import Scope
from keyportal.persistence.tables import CredentialRow
from keyportal.services.portal import Portal
from tests.api.support import OTHER_VALUE, VALUE, Rest, browser, code_of, program
from tests.conftest import MakePortal

FROM_ENVIRONMENT = "sk-env-0123456789abcdefghijklmnop"


def damage(portal: Portal, credential_id: str) -> None:
    """Flip one bit of a sealed value, as a bad disk would."""
    with portal.database.transaction() as session:
        row = session.exec(select(CredentialRow).where(CredentialRow.id == credential_id)).one()
        assert row.sealed is not None
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
        session.add(row)


def test_the_answer_says_where_the_key_came_from(portal: Portal, client: Rest) -> None:
    made = client.add_key()
    answer = (
        program(portal, "alice").post("/api/resolve", json={"provider": "openai", "model": "gpt-4o"}).json()
    )
    assert answer.pop("resolution_id")
    assert answer == {
        "provider": "openai",
        "source": "user",
        "credential": {"id": made["id"], "name": "mine", "mask": made["mask"]},
        "failed_over_from": None,
        "api_key": VALUE,
        "fields": {},
        "base_url": portal.settings.base_url_overrides["openai"],
    }


def test_own_key_then_system_key_then_environment_then_none(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY=FROM_ENVIRONMENT)
    client, admin, agent = browser(portal, "alice"), browser(portal, "root"), program(portal, "alice")
    own = client.add_key()
    system = admin.add_key("team", "/api/admin/api-keys", api_key=OTHER_VALUE)

    def resolved() -> tuple[str, str]:
        answer = agent.post("/api/resolve", json={"provider": "OPENAI"}).json()
        return answer["source"], answer["api_key"]

    assert resolved() == ("user", VALUE)
    client.delete(f"/api/api-keys/{own['id']}")
    assert resolved() == ("system", OTHER_VALUE)
    admin.delete(f"/api/admin/api-keys/{system['id']}")
    assert resolved() == ("environment", FROM_ENVIRONMENT)


def test_nothing_configured_names_every_place_that_was_asked(portal: Portal) -> None:
    answer = program(portal, "alice").post("/api/resolve", json={"provider": "openai"})
    assert (answer.status_code, code_of(answer)) == (404, "no_key")
    for place in ("own keys", "system keys", "OPENAI_API_KEY"):
        assert place in answer.json()["error"]["message"]


@pytest.mark.parametrize("off", [{"active": False}, {"expires_at": "2026-11-21T12:00:00Z"}])
def test_an_inactive_or_expired_key_is_passed_over(
    portal: Portal, client: Rest, admin: Rest, off: dict[str, Any]
) -> None:
    client.add_key(**off)
    admin.add_key("team", "/api/admin/api-keys", api_key=OTHER_VALUE)
    answer = program(portal, "alice").post("/api/resolve", json={"provider": "openai"}).json()
    assert (answer["source"], answer["api_key"]) == ("system", OTHER_VALUE)


def test_a_damaged_key_is_an_error_and_nothing_is_used_in_its_place(
    portal: Portal, client: Rest, admin: Rest
) -> None:
    made = client.add_key()
    admin.add_key("team", "/api/admin/api-keys", api_key=OTHER_VALUE)
    damage(portal, made["id"])
    agent = program(portal, "alice")
    for _ in range(2):
        answer = agent.post("/api/resolve", json={"provider": "openai"})
        assert (answer.status_code, code_of(answer)) == (409, "key_unreadable")
        assert OTHER_VALUE not in answer.text
    assert client.post(f"/api/api-keys/{made['id']}/test").status_code == 409
    assert client.get(f"/api/api-keys/{made['id']}").json()["status"] == "unreadable"


def test_a_service_agent_resolves_for_a_person(portal: Portal, client: Rest) -> None:
    client.add_key()
    agent = program(portal, "root", Scope.RESOLVE_ANY)
    answer = agent.post("/api/resolve", json={"provider": "openai", "user": "Alice@Example.com"})
    assert answer.json()["api_key"] == VALUE


@pytest.mark.parametrize("user", ["bob@example.com", "nobody@example.com", ""])
def test_a_plain_agent_resolves_for_its_owner_only(portal: Portal, user: str) -> None:
    browser(portal, "bob").add_key()
    answer = program(portal, "alice").post("/api/resolve", json={"provider": "openai", "user": user})
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")


def test_a_person_never_reads_a_saved_value_back(client: Rest, admin: Rest) -> None:
    client.add_key()
    for caller in (client, admin):
        assert caller.post("/api/resolve", json={"provider": "openai"}).status_code == 403


def test_an_unknown_provider_is_refused(portal: Portal) -> None:
    answer = program(portal, "alice").post("/api/resolve", json={"provider": "acme"})
    assert (answer.status_code, code_of(answer)) == (404, "unknown_provider")


def test_two_hundred_parallel_resolutions_count_two_hundred(portal: Portal, client: Rest) -> None:
    made, agent = client.add_key(), program(portal, "alice")
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: agent.post("/api/resolve", json={"provider": "openai"}), range(200))
        )
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["resolution_id"] for a in answers}) == 200
    assert client.get(f"/api/api-keys/{made['id']}").json()["usage_count"] == 200
