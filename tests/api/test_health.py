"""Alive and ready, as orchestrators ask: what is wrong is a code, and nothing else is told."""

import pytest
from starlette.testclient import TestClient

from keyportal.api.app import create_api
from keyportal.services.portal import Portal
from tests.api.support import Rest, stranger
from tests.conftest import MakePortal, person
from tests.services.support import run_sql, save
from tests.support import ENCRYPTION_KEY, OTHER_KEY


def change(portal: Portal, statement: str, **values: object) -> None:
    with portal.database.transaction() as session:
        run_sql(session, statement, **values)


def test_a_process_that_can_serve_says_so(anyone: Rest) -> None:
    answer = anyone.get("/api/ready")
    checks = {"database": "ok", "schema": "ok", "encryption_key": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "checks": checks})


@pytest.mark.parametrize("path", ["/api/health", "/api/ready"])
def test_it_can_be_asked_for_the_head_alone(anyone: Rest, path: str) -> None:
    answer = anyone.send("HEAD", path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '9999'",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('0001')",
    ],
)
def test_a_schema_of_another_release_is_not_served(portal: Portal, anyone: Rest, statement: str) -> None:
    change(portal, statement)
    answer = anyone.get("/api/ready")
    assert (answer.status_code, answer.json()["checks"]["schema"]) == (503, "schema_changed")
    assert "Restart it." in answer.json()["error"]["message"]
    change(portal, "DELETE FROM alembic_version")


def test_a_rotation_begun_elsewhere_is_noticed_and_tells_no_key_id(make_portal: MakePortal) -> None:
    old = make_portal()
    new = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    # Put in front, and nothing depends on it yet: whoever is still to be restarted serves as before.
    assert stranger(old).get("/api/ready").status_code == 200
    save(new, person(new, "alice"))
    answer, other = stranger(old).get("/api/ready"), stranger(new).get("/api/ready")
    assert (answer.status_code, other.status_code) == (503, 200)
    assert answer.json()["checks"] == {
        "database": "ok",
        "schema": "ok",
        "encryption_key": "encryption_key_missing",
    }
    assert (answer.json()["error"]["code"], int(answer.headers["retry-after"])) == (
        "encryption_key_missing",
        5,
    )
    assert not any(portal.keyring.current.id in answer.text for portal in (old, new))


def test_a_key_that_was_given_up_is_not_missed(make_portal: MakePortal) -> None:
    portal = make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY, API_KEY_ENCRYPTION_KEY_PREVIOUS=ENCRYPTION_KEY)
    change(
        portal,
        "UPDATE encryption_keys SET retired_at = created_at WHERE key_id <> :k",
        k=portal.keyring.current.id,
    )
    assert stranger(make_portal(API_KEY_ENCRYPTION_KEY=OTHER_KEY)).get("/api/ready").status_code == 200


def test_redis_is_asked_where_it_is_used(make_portal: MakePortal) -> None:
    answer = stranger(make_portal(REDIS_URL="redis://127.0.0.1:1/0")).get("/api/ready")
    assert (answer.status_code, answer.json()["checks"]["redis"]) == (503, "redis_unavailable")
    assert (answer.json()["checks"]["database"], "127.0.0.1" in answer.text) == ("ok", False)


def test_the_api_alone_needs_no_redis(make_portal: MakePortal) -> None:
    portal = make_portal(REDIS_URL="redis://127.0.0.1:1/0")
    with TestClient(create_api(lambda: portal, uses_redis=False)) as client:
        answer = client.get("/api/ready")
    assert (answer.status_code, "redis" in answer.json()["checks"]) == (200, False)
