"""The policies over REST."""

from tests.api.support import Rest, code_of

PATH = "/api/admin/policies"


def test_an_admin_reads_and_changes_them(admin: Rest) -> None:
    before = admin.get(PATH).json()
    assert (before["agent_key_days"], before["failover"]) == (90, False)
    answer = admin.put(
        PATH, json={"failover": True, "environment_off": ["OPENAI"], "version": before["version"]}
    )
    assert (answer.status_code, answer.json()["environment_off"]) == (200, ["openai"])
    assert admin.get(PATH).json() == {**before, **answer.json()}
    assert answer.json()["agent_key_days"] == 90
    more = {"failover_minutes": 45, "reports_kept_days": 9, "resolve_cache": False}
    assert admin.put(PATH, json=more).json().items() >= more.items()


def test_a_stale_version_an_unknown_provider_and_an_odd_value_are_refused(admin: Rest) -> None:
    version = admin.get(PATH).json()["version"]
    admin.put(PATH, json={"failover": True})
    stale = admin.put(PATH, json={"failover": False, "version": version})
    assert (stale.status_code, code_of(stale)) == (412, "version_conflict")
    assert admin.put(PATH, json={"environment_off": ["nobody"]}).status_code == 404
    odd = admin.put(PATH, json={"usage_kept_days": 1})
    assert (odd.status_code, odd.json()["error"]["field"]) == (422, "usage_kept_days")
    assert admin.put(PATH, json={"chain": True}).status_code == 422
    for wrong in ({"failover_minutes": 0}, {"reports_kept_days": 7}, {"resolve_cache": "off"}):
        answer = admin.put(PATH, json=wrong)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, *wrong)


def test_a_new_lifetime_holds_for_the_next_agent_key(admin: Rest, client: Rest) -> None:
    admin.put(PATH, json={"agent_key_days": 5, "agent_key_longest_days": 10})
    made = client.post("/api/agent-keys", json={"name": "ci"}).json()
    assert made["expires_at"].startswith("2026-11-26")
    refused = client.post("/api/agent-keys", json={"name": "long", "expires_in_days": 11})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "expires_in_days")


def test_a_member_is_refused(client: Rest) -> None:
    assert client.get(PATH).status_code == 403
    assert client.put(PATH, json={"failover": True}).status_code == 403
