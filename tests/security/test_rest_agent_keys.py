"""Bearer values: wrong ones are all alike, ended ones are told only to a holder of the right value."""

from datetime import timedelta
from zlib import crc32

import pytest

from keyportal.services.portal import Portal
from tests.api.support import Rest, bearer, browser, code_of, stranger
from tests.support import FakeClock

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def issue(portal: Portal, **body: object) -> dict[str, str]:
    return browser(portal, "alice").post("/api/agent-keys", json={"name": "ci", **body}).json()


def with_right_checksum(body: str) -> str:
    """Write the checksum anew here, independently of the code under test."""
    number, digits = crc32(body.encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return body + digits


def test_every_wrong_value_gets_the_very_same_answer(portal: Portal) -> None:
    token = issue(portal)["api_key"]
    swapped = "A" if token[20] != "A" else "B"
    wrong = [
        token[:20] + swapped + token[21:],
        with_right_checksum((token[:20] + swapped + token[21:])[:-6]),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        with_right_checksum(f"kpa_{'A' * 12}_{'b' * 32}"),
        token.upper(), token + "x", token[:-1], "kpa_", "junk", "", "kpa_é_x", "x" * 8000,
    ]  # fmt: skip
    answers = [
        Rest(portal).get("/api/providers", headers={"Authorization": f"Bearer {t}".encode()}) for t in wrong
    ]
    assert {a.status_code for a in answers} == {401}
    assert len({a.content for a in answers}) == 1
    assert with_right_checksum(token[:-6]) == token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_right_value_works_whatever_the_case_of_the_scheme(portal: Portal, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {issue(portal)['api_key']}"}
    assert stranger(portal).get("/api/providers", headers=headers).status_code == 200


def test_an_agent_key_ends_at_the_very_second(portal: Portal, clock: FakeClock) -> None:
    agent = bearer(portal, issue(portal, expires_in_days=1)["api_key"])
    clock.advance(timedelta(days=1) - timedelta(seconds=1))
    assert agent.get("/api/providers").status_code == 200
    clock.advance(timedelta(seconds=1))
    answer = agent.get("/api/providers")
    assert (answer.status_code, code_of(answer)) == (401, "agent_key_expired")


def test_a_revoked_agent_key_is_refused_at_once(portal: Portal) -> None:
    made = issue(portal)
    browser(portal, "alice").post(f"/api/agent-keys/{made['id']}/revoke")
    answer = bearer(portal, made["api_key"]).post("/api/resolve", json={"provider": "openai"})
    assert (answer.status_code, code_of(answer)) == (401, "agent_key_revoked")


def test_the_agent_keys_of_a_deactivated_owner_are_refused(portal: Portal) -> None:
    agent, client = bearer(portal, issue(portal)["api_key"]), browser(portal, "alice")
    with portal.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE users SET active = FALSE WHERE email LIKE 'alice%%'")
    assert agent.get("/api/providers").status_code == 401
    assert client.get("/api/api-keys").status_code == 401


def test_a_wrong_bearer_value_never_falls_back_to_the_cookie(portal: Portal) -> None:
    client = browser(portal, "alice")
    answer = client.get("/api/api-keys", headers={"Authorization": "Bearer junk"})
    assert (answer.status_code, code_of(answer)) == (401, "agent_key_refused")


def test_a_right_bearer_value_wins_over_the_cookie(portal: Portal) -> None:
    client, token = browser(portal, "root"), issue(portal)["api_key"]
    answer = client.get("/api/admin/api-keys", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_proxys_own_basic_header_does_not_hide_the_cookie(portal: Portal) -> None:
    answer = browser(portal, "alice").get("/api/api-keys", headers={"Authorization": "Basic eDp5"})
    assert answer.status_code == 200


def test_programs_need_no_origin(portal: Portal) -> None:
    agent = bearer(portal, issue(portal, scopes=["keys:write"])["api_key"])
    assert agent.add_key()["status"] == "active"
