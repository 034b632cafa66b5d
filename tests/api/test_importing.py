"""Imports and exports over REST."""

from typing import Any

import pytest

from keyportal.domain.principals import Scope
from keyportal.services import files
from keyportal.services.portal import Portal
from tests.api.support import OTHER_VALUE, VALUE, Rest, code_of, program

OWN, SYSTEM = "/api/api-keys", "/api/admin/api-keys"
TEXT = f"OPENAI_API_KEY={VALUE}\nPATH=/usr/bin\n"


def send(client: Rest, text: str = TEXT, path: str = OWN, **body: Any):
    return client.post(f"{path}/import", json={"text": text, **body})


def test_a_dry_run_tells_and_stores_nothing(client: Rest) -> None:
    answer = send(client, dry_run=True)
    body = answer.json()
    assert (answer.status_code, body["dry_run"], body["added"]) == (200, True, 1)
    assert body["rows"][0] == {
        "line": 1,
        "variable": "OPENAI_API_KEY",
        "mask": f"****...{VALUE[-4:]}",
        "provider": "openai",
        "name": "OpenAI",
        "action": "add",
        "choices": ["add", "skip"],
        "note": body["rows"][0]["note"],
        "problem": "",
    }
    assert body["refused"][0]["line"] == 2
    assert VALUE not in answer.text
    assert client.get(OWN).json()["total"] == 0


def test_an_import_answers_with_its_rows_and_never_a_value(client: Rest) -> None:
    answer = send(client, rows=[{"line": 1, "name": "Mine"}])
    assert (answer.json()["added"], answer.json()["rows"][0]["name"]) == (1, "Mine")
    assert VALUE not in answer.text
    assert client.get(OWN).json()["items"][0]["name"] == "Mine"


def test_null_makes_a_general_key(client: Rest) -> None:
    send(client, rows=[{"line": 1, "provider": None}])
    assert client.get(OWN).json()["items"][0]["provider"] in (None, "")


def test_one_bad_row_stops_all_and_is_named(client: Rest) -> None:
    answer = send(client, f"{TEXT}GROQ_API_KEY={OTHER_VALUE}", rows=[{"line": 3, "name": " "}])
    assert (answer.status_code, code_of(answer)) == (422, "line_refused")
    assert answer.json()["error"]["message"].startswith("Line 3: ")
    assert client.get(OWN).json()["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [{"line": 0}]},
        {"rows": [{"line": 1, "owner": "x"}]},
        {"rows": ["x"]},
        {"rows": {"line": 1}},
        {"rows": [{"line": "1"}]},
        {"dry_run": "yes"},
        {"text": ""},
        {"text": None},
    ],
)
def test_an_odd_body_is_refused_without_its_text(client: Rest, body: dict[str, Any]) -> None:
    answer = client.post(f"{OWN}/import", json={"text": TEXT, **body})
    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert VALUE not in answer.text


def test_a_whole_file_fits_and_a_larger_one_is_told(client: Rest) -> None:
    lines = "".join(f"K{n}_KEY=value-{n:012d}-{'x' * 150}\n" for n in range(1000))
    assert send(client, lines, dry_run=True).json()["added"] == 1000
    over = send(client, lines + "#" * 30_000, dry_run=True)
    assert (over.status_code, over.json()["error"]["field"]) == (422, "text")
    assert send(client, "#" * 1_100_000).status_code == 413
    assert client.post(OWN, json={"name": "x" * 300_000}).status_code == 413


def test_system_keys_need_an_admin_and_a_program_the_right_scope(
    client: Rest, admin: Rest, portal: Portal
) -> None:
    assert send(client, path=SYSTEM).status_code == 403
    assert send(admin, path=SYSTEM).json()["added"] == 1
    assert send(program(portal, "alice", Scope.KEYS_READ)).status_code == 403
    assert send(program(portal, "alice", Scope.KEYS_WRITE)).json()["added"] == 1
    assert client.get(OWN).json()["total"] == 1


@pytest.mark.parametrize(("format", "kind"), [("csv", "text/csv"), ("env", "text/plain")])
def test_an_export_is_a_file_without_values(client: Rest, format: str, kind: str) -> None:
    client.add_key("Main")
    answer = client.get(f"{OWN}/export?format={format}")
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="keyportal-keys-2026-11-21.{format}"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "Main" in answer.text
    assert VALUE not in answer.text


def test_a_file_too_many_is_refused_with_the_time_to_wait(
    client: Rest, admin: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 0)
    for answer in (client.get(f"{OWN}/export"), admin.get("/api/admin/audit/export")):
        assert (answer.status_code, code_of(answer)) == (429, "too_many_attempts")
        assert int(answer.headers["retry-after"]) > 0


def test_a_file_that_was_read_is_not_counted(client: Rest) -> None:
    assert [client.get(f"{OWN}/export").status_code for _ in range(4)] == [200] * 4


def test_exports_have_their_doors_too(client: Rest, admin: Rest, anyone: Rest, portal: Portal) -> None:
    assert anyone.get(f"{OWN}/export").status_code == 401
    assert client.get(f"{SYSTEM}/export").status_code == 403
    assert admin.get(f"{SYSTEM}/export").status_code == 200
    assert program(portal, "alice", Scope.RESOLVE).get(f"{OWN}/export").status_code == 403
    assert program(portal, "alice", Scope.KEYS_READ).get(f"{OWN}/export").status_code == 200
    odd = client.get(f"{OWN}/export?format=xlsx")
    assert (odd.status_code, odd.json()["error"]["field"]) == (422, "format")
