"""The application itself: one error shape, private answers, honest health, an offline docs page."""

import logging
import re
from pathlib import Path

import pytest

from keyportal.api import app as api_app
from keyportal.api import errors
from keyportal.domain.errors import KeyPortalError
from keyportal.persistence.engine import open_engine
from keyportal.providers import egress
from keyportal.services import start_up
from keyportal.services.portal import Portal
from tests.api.support import Rest, code_of, routes, stranger


def _all_errors(kind: type[KeyPortalError]) -> list[type[KeyPortalError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _all_errors(child))]


def test_every_error_has_a_row_in_the_table_of_statuses() -> None:
    # These imports are what makes the classes known.
    assert start_up and egress and api_app
    assert {e.code for e in _all_errors(KeyPortalError)} <= set(errors.STATUS_OF)


def test_an_unknown_address_is_json_for_anybody(anyone: Rest, client: Rest) -> None:
    for caller in (anyone, client):
        for path in ("/api/nothing", "/api/", "/api/api-keys/", "/api/api-keys/x/y", "/elsewhere"):
            answer = caller.get(path)
            assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_a_wrong_method_is_json_and_names_the_right_ones(client: Rest) -> None:
    answer = client.send("PATCH", "/api/api-keys")
    assert (answer.status_code, code_of(answer)) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


def test_no_answer_may_be_stored_and_no_other_site_may_read_one(anyone: Rest, client: Rest) -> None:
    for method, path in routes():
        for caller in (anyone, client):
            answer = caller.send(
                method, path.replace("{id}", "x"), headers={"Origin": "https://evil.example"}
            )
            assert answer.headers["cache-control"] == "no-store", (method, path)
            assert not [name for name in answer.headers if name.startswith("access-control")]


def test_health_needs_no_database_and_ready_does(portal: Portal, anyone: Rest) -> None:
    assert anyone.get("/api/ready").json()["status"] == "ready"

    def closed() -> Portal:
        raise AssertionError("health asked for the portal")

    client = stranger(portal)
    client.own_api.state.get_portal = closed
    assert client.get("/api/health").json() == {"status": "ok"}


def lose_database(portal: Portal) -> None:
    """Take the database away for good: a folder where the file was, or no more connections."""
    url = portal.database.engine.url
    portal.database.dispose()
    if portal.database.is_sqlite:
        file = Path(str(url.database))
        file.unlink()
        file.mkdir()
        return
    administration = open_engine(url.set(database="postgres").render_as_string(hide_password=False))
    with administration.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
    administration.dispose()


def test_a_lost_database_is_told_with_when_to_come_back(portal: Portal, client: Rest) -> None:
    lose_database(portal)
    for path in ("/api/ready", "/api/api-keys"):
        answer = client.get(path)
        assert (answer.status_code, code_of(answer)) == (503, "storage_unavailable")
        assert int(answer.headers["retry-after"]) > 0


def test_a_bug_answers_without_a_traceback_and_logs_no_value(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    client = stranger(portal)

    def broken() -> None:
        raise RuntimeError("sk-in-the-message")

    client.own_api.state.get_portal = broken
    with caplog.at_level(logging.DEBUG):
        answer = client.get("/api/ready")
    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert "Traceback" not in answer.text and "sk-in-the-message" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_providers_say_what_a_form_needs(client: Rest) -> None:
    items = client.get("/api/providers").json()["items"]
    assert [p["id"] for p in items if p["id"] == "openai"] == ["openai"]
    assert set(items[0]) == {
        "id", "name", "kind", "base_url", "console_url", "how_to", "environment_names", "is_custom",
        "fields",
    }  # fmt: skip


def test_the_document_tells_of_every_route_and_its_refusals(anyone: Rest) -> None:
    document = anyone.get("/api/openapi.json").json()
    told = {(m.upper(), p) for p, operations in document["paths"].items() for m in operations}
    hidden = {"/api/openapi.json", "/api/docs"}
    assert told == {r for r in routes() if r[0] != "HEAD" and not r[1].startswith(tuple(hidden))}
    assert "HTTPValidationError" not in str(document)
    for operation in (o for path in document["paths"].values() for o in path.values()):
        assert operation["summary"] and operation["tags"]
        assert "ErrorAnswer" in str(operation["responses"]["500"])


def test_protected_routes_name_both_ways_to_sign_in(anyone: Rest) -> None:
    document = anyone.get("/api/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"agent_key", "session"}
    assert document["paths"]["/api/resolve"]["post"]["security"] == [{"agent_key": []}, {"session": []}]
    assert "security" not in document["paths"]["/api/health"]["get"]


def test_the_docs_page_needs_no_other_host_and_no_inline_script(anyone: Rest) -> None:
    page = anyone.get("/api/docs")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "://" not in page.text
    assert not re.search(r"<script(?![^>]*src=)|<style| on\w+=", page.text)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert anyone.get(address).status_code == 200
