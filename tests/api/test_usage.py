"""GET /api/usage and its file: the uses the page shows, for people and for programs that may read keys."""

import csv
import io

import pytest

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import VALUE, Rest, browser, code_of, program, stranger
from tests.services.usage_support import GONE, use


@pytest.fixture
def used(portal: Portal) -> str:
    """Return the id of a key of Alice that was used ten times."""
    key = browser(portal, "alice").add_key("mine")["id"]
    use(portal, key, "", 8, ok=3, rate_limited=1)
    use(portal, key, "", 2, days_ago=1)
    return key


def test_what_was_used_is_told_by_day_and_by_group(portal: Portal, used: str) -> None:
    answer = browser(portal, "alice").get("/api/usage?by=key&days=7").json()
    sums = {"uses": 8, "ok": 3, "failed": 1, "auth_failed": 0, "rate_limited": 1, "quota_exhausted": 0,
            "error": 0, "success_rate": 0.75}  # fmt: skip
    assert answer["totals"] == {**sums, "uses": 10}
    assert len(answer["days"]) == 7 and answer["days"][-1] == {"day": "2026-11-21", **sums}
    assert answer["days"][0]["success_rate"] is None
    assert answer["items"] == [
        {"id": used, "kind": "key", "name": "mine", "mask": f"****...{VALUE[-4:]}", "provider": "openai",
         "owner": "", "is_system": False, "is_deleted": False, "share": 1.0, "last_day": "2026-11-21",
         **sums, "uses": 10},
    ]  # fmt: skip
    assert (answer["total"], answer["page"], answer["pages"]) == (1, 1, 1)


def test_the_file_has_a_line_for_each_day(portal: Portal, used: str) -> None:
    answer = browser(portal, "alice").get(f"/api/usage/export?key={used}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == ('attachment; filename="keyportal-usage-2026-11-21.csv"')
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["day"], line["count"], line["rate_limited"]) for line in lines] == [
        ("2026-11-20", "2", "0"),
        ("2026-11-21", "8", "1"),
    ]
    assert VALUE not in answer.text


def uses(caller: Rest, query: str = "") -> int:
    answer = caller.get(f"/api/usage{query}")
    assert answer.status_code == 200, answer.text
    assert len(caller.get(f"/api/usage/export{query}").text.splitlines()) > (answer.json()["total"] > 0)
    return answer.json()["totals"]["uses"]


def test_nobody_reads_what_is_not_theirs(portal: Portal, used: str) -> None:
    use(portal, GONE, GONE, 90)
    bob, root = browser(portal, "bob"), browser(portal, "root")
    assert uses(bob) == uses(bob, f"?key={used}") == uses(root) == 0
    assert uses(root, "?person=everyone") == 100
    for path in ("/api/usage", "/api/usage/export"):
        answer = bob.get(f"{path}?person=everyone")
        assert (answer.status_code, code_of(answer)) == (403, "forbidden")
        assert (stranger(portal).get(path).status_code, root.get(f"{path}/x").status_code) == (401, 404)


def test_a_program_that_may_read_keys_reads_its_owners_usage(portal: Portal, used: str) -> None:
    for scope in (Scope.KEYS_READ, Scope.KEYS_WRITE):
        assert uses(program(portal, "alice", scope)) == 10
        assert uses(program(portal, "bob", scope)) == 0
    reader = program(portal, "root", Scope.KEYS_READ)
    assert reader.get("/api/usage?person=everyone").status_code == 403
    refused = program(portal, "alice", Scope.RESOLVE).get("/api/usage")
    assert (refused.status_code, code_of(refused)) == (403, "forbidden")
    assert "keys:read or keys:write" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=31", "days"),
        ("days=x", "days"),
        ("by=day", "by"),
        ("sort=name", "sort"),
        ("size=7", "size"),
        ("source=nowhere", "source"),
        ("key=junk", "key"),
        ("agent_key=junk", "agent_key"),
        ("provider=%00", "provider"),
        (f"key={'x' * 37}", "key"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(portal: Portal, query: str, field: str) -> None:
    answer = browser(portal, "alice").get(f"/api/usage?{query}")
    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert answer.json()["error"]["field"] == field


def test_the_document_tells_of_both_routes(portal: Portal) -> None:
    paths = stranger(portal).get("/api/openapi.json").json()["paths"]
    read, file = paths["/api/usage"]["get"], paths["/api/usage/export"]["get"]
    assert {"200", "401", "403", "422", "503"} <= set(read["responses"])
    assert "429" in file["responses"] and "text/csv" in file["responses"]["200"]["content"]
    assert {p["name"] for p in read["parameters"]} >= {"days", "by", "person", "key", "agent_key", "source"}


def test_the_document_names_every_source_there_is(portal: Portal) -> None:
    paths = stranger(portal).get("/api/openapi.json").json()["paths"]
    for path in ("/api/usage", "/api/usage/export"):
        asked = {p["name"]: p["schema"] for p in paths[path]["get"]["parameters"]}
        assert asked["source"]["enum"] == ["", "user", "system", "environment"]
