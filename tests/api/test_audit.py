"""The trail over REST: read, narrowed, exported in a stream, verified."""

import csv
import io
import json

from tests.api.support import Rest, code_of

TRAIL = "/api/admin/audit"


def test_the_trail_is_read_newest_first_and_narrowed(admin: Rest, client: Rest) -> None:
    key = client.add_key()
    first = admin.get(TRAIL).json()["items"][0]
    assert (first["action"], first["object_id"], first["who"]) == (
        "credential.create", key["id"], "alice@example.com",
    )  # fmt: skip
    found = admin.get(TRAIL, params={"action": "people", "result": "ok", "from": "2026-11-21"}).json()
    assert (found["total"], {e["action"] for e in found["items"]}) == (3, {"user.create"})


def test_what_cannot_be_asked_names_the_parameter(admin: Rest) -> None:
    for name, value in (("from", "soon"), ("action", "x"), ("person", "x"), ("within", "x"), ("result", "x")):
        answer = admin.get(TRAIL, params={name: value})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, name)


def test_the_trail_is_downloaded_whole(admin: Rest, client: Rest) -> None:
    client.add_key("=1+1")
    answer = admin.get(f"{TRAIL}/export", params={"format": "csv", "action": "keys"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [r["object_label"] for r in rows] == ["'=1+1"]
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="keyportal-audit-2026-11-21.csv"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    lines = admin.get(f"{TRAIL}/export", params={"format": "jsonl"}).text.splitlines()
    assert json.loads(lines[0])["action"] == "audit.export" and len(lines) == 6


def test_a_member_reads_and_downloads_nothing(client: Rest) -> None:
    for path in ("", "/export", "/verification"):
        answer = client.get(TRAIL + path)
        assert (answer.status_code, code_of(answer)) == (403, "forbidden")


def test_the_chain_is_verified_and_remembered(admin: Rest) -> None:
    assert admin.get(f"{TRAIL}/verification").json() == {"verification": None}
    seen = admin.post(f"{TRAIL}/verification").json()
    assert (seen["events"], seen["broken_at"]) == (3, None)
    assert admin.get(f"{TRAIL}/verification").json() == {"verification": seen}
