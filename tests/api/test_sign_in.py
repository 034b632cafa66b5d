"""Signing in, setting up and signing out with native forms."""

import pytest

from keyportal.persistence.engine import Database
from keyportal.services.portal import Portal
from keyportal.services.sign_in import new_setup_code_for
from keyportal.services.start_up import open_portal
from tests.api.support import Rest, browser, code_of, stranger
from tests.conftest import MakePortal
from tests.support import PASSWORDS, FakeClock, PostgresTemplate, make_settings

ALICE = {"email": "alice@example.com", "password": PASSWORDS["alice@example.com"]}
WRONG = {**ALICE, "password": "not her password"}
FORM = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_signing_in_sets_a_cookie_scripts_cannot_read(anyone: Rest) -> None:
    answer = anyone.post("/api/auth/sign-in", data=ALICE)
    cookie = answer.headers["set-cookie"].lower()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert cookie.startswith("kp_session=")
    for part in ("httponly", "samesite=lax", "path=/", "max-age=1209600"):
        assert part in cookie
    assert "secure" not in cookie and "domain" not in cookie


def test_behind_https_the_cookie_is_bound_to_host_and_tls(make_portal: MakePortal) -> None:
    portal = make_portal(KEYPORTAL_PUBLIC_URL="https://keys.example.com")
    cookie = stranger(portal).post("/api/auth/sign-in", data=ALICE).headers["set-cookie"]
    assert cookie.startswith("__Host-kp_session=")
    assert "Secure" in cookie


def test_the_cookie_of_a_sign_in_works_and_ends_with_sign_out(portal: Portal, anyone: Rest) -> None:
    cookie = anyone.post("/api/auth/sign-in", data=ALICE).headers["set-cookie"].partition(";")[0]
    client = Rest(portal, Cookie=cookie, Origin=portal.settings.public_url)
    assert client.get("/api/api-keys").status_code == 200
    answer = client.post("/api/auth/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert 'kp_session="";' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert client.get("/api/api-keys").status_code == 401


def test_signing_out_twice_is_no_error(portal: Portal) -> None:
    client = browser(portal, "alice")
    assert [client.post("/api/auth/sign-out").status_code for _ in range(2)] == [303, 303]


def test_a_browser_form_goes_back_to_its_page_with_the_problem(anyone: Rest) -> None:
    answer = anyone.post("/api/auth/sign-in", data=WRONG, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?problem=sign_in_failed")
    answer = anyone.post("/api/auth/set-up", data=WRONG, headers=FORM)
    assert answer.headers["location"] == "/set-up?problem=invalid_input&field=code"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html;q=0.1, application/json", "text/html;q=0", ""]
)
def test_a_program_gets_json(anyone: Rest, accept: str) -> None:
    answer = anyone.post("/api/auth/sign-in", data=WRONG, headers={"Accept": accept})
    assert (answer.status_code, code_of(answer)) == (401, "sign_in_failed")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"email=a&email=b&password=c", 400), (b"email=%ff&password=x", 400),
     (b"email=a&password=%00", 422), (b"email=a", 422), (b"email=a&password=b&role=admin", 422),
     (b"email=" + b"a" * 17_000, 413), ("email=ä&password=x".encode(), 400)],
)  # fmt: skip
def test_an_odd_form_is_refused(anyone: Rest, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = anyone.post("/api/auth/sign-in", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_form_route_takes_no_json_and_no_upload(anyone: Rest) -> None:
    assert anyone.post("/api/auth/sign-in", json=ALICE).status_code == 415
    upload = anyone.post("/api/auth/sign-in", files={"email": b"a"}, data={"password": "x"})
    assert upload.status_code == 415


def test_a_portal_with_people_cannot_be_set_up_again(anyone: Rest) -> None:
    form = {"code": "AAAA-BBBB-CCCC-DDDD", "email": "eve@example.com", "password": "eve's long password"}
    answer = anyone.post("/api/auth/set-up", data=form)
    assert (answer.status_code, code_of(answer)) == (409, "already_set_up")


def test_the_code_from_the_console_makes_the_first_admin(
    postgres: PostgresTemplate, tmp_path: object
) -> None:
    settings = make_settings(tmp_path, DATABASE_URL=postgres.empty())  # pyright: ignore[reportArgumentType]
    portal = open_portal(settings, FakeClock())
    try:
        code, anyone = new_setup_code_for(portal).reveal(), stranger(portal)
        form = {"code": code, "email": "root@example.com", "password": "root has the longest password"}
        wrong = anyone.post("/api/auth/set-up", data={**form, "code": "AAAA-BBBB-CCCC-DDDD"})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "code")
        cookie = anyone.post("/api/auth/set-up", data=form).headers["set-cookie"].partition(";")[0]
        assert Rest(portal, Cookie=cookie).get("/api/admin/api-keys").status_code == 200
    finally:
        portal.close()
        assert isinstance(portal.database, Database)
