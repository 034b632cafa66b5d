"""Cookies, origins and guessing: what a foreign page, a thief or a guesser gets."""

from datetime import timedelta

import pytest

from keyportal.services.portal import Portal
from keyportal.services.throttle import PER_ACCOUNT
from tests.api.support import VALUE, Rest, browser, code_of, protected_routes, session_token, stranger
from tests.support import PASSWORDS, FakeClock

ALICE = {"email": "alice@example.com", "password": PASSWORDS["alice@example.com"]}
FOREIGN = [
    "null",
    "https://evil.example",
    "http://localhost:3000.evil.example",
    "http://localhost",
    "https://localhost:3000",
    "http://localhost:3000/",
    "HTTP://LOCALHOST:3000",
    "",
]


def cookie_of(answer: object) -> str:
    return answer.headers["set-cookie"].partition(";")[0]  # pyright: ignore[reportAttributeAccessIssue]


def test_every_change_by_cookie_needs_the_portals_own_origin(portal: Portal) -> None:
    with_cookie = Rest(portal, Cookie=browser(portal, "root").headers["Cookie"])
    for method, path in protected_routes():
        if method == "GET":
            continue
        for headers in ({}, *({"Origin": o} for o in FOREIGN)):
            answer = with_cookie.send(method, path.replace("{id}", "x"), headers=headers, json={"name": "n"})
            assert (answer.status_code, code_of(answer)) == (403, "origin_refused"), (method, path, headers)


def test_a_refused_origin_changes_nothing(portal: Portal) -> None:
    client = browser(portal, "alice")
    made = client.add_key()
    evil = {"Origin": "https://evil.example"}
    client.delete(f"/api/api-keys/{made['id']}", headers=evil)
    client.post("/api/api-keys", json={"provider": "openai", "name": "n", "api_key": VALUE}, headers=evil)
    client.post("/api/auth/sign-out", headers=evil)
    assert client.get("/api/api-keys").json()["items"] == [made]


def test_another_sites_page_reads_nothing_by_cookie(portal: Portal) -> None:
    client = browser(portal, "alice")
    answer = client.get("/api/api-keys", headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, code_of(answer)) == (403, "origin_refused")
    assert client.get("/api/api-keys", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("path", ["/api/auth/sign-in", "/api/auth/set-up", "/api/auth/sign-out"])
def test_another_site_cannot_sign_anybody_in_or_out(portal: Portal, path: str, origin: str) -> None:
    form = {**ALICE, "code": "x"} if path.endswith("set-up") else ALICE
    answer = stranger(portal).post(path, data=form, headers={"Origin": origin})
    assert (answer.status_code, code_of(answer)) == (403, "origin_refused")
    assert "set-cookie" not in answer.headers


def test_unknown_and_known_people_are_refused_alike(portal: Portal) -> None:
    anyone = stranger(portal)
    forms = [
        {**ALICE, "password": "not the password"},
        {"email": "nobody@example.com", "password": "not the password"},
    ]
    answers = [anyone.post("/api/auth/sign-in", data=form) for form in forms]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_all_spellings_of_an_email_are_one_account_to_guess_at(portal: Portal, email: str) -> None:
    spellings = [email, email.upper(), f" {email} ", email.title(), email.replace("e", "\uff45")]
    anyone = stranger(portal)
    for number in range(PER_ACCOUNT):
        form = {"email": spellings[number % len(spellings)], "password": "wrong"}
        assert anyone.post("/api/auth/sign-in", data=form).status_code == 401
    for spelling in spellings:
        answer = anyone.post("/api/auth/sign-in", data={**ALICE, "email": spelling})
        assert (answer.status_code, code_of(answer)) == (429, "too_many_attempts")
        assert 0 < int(answer.headers["retry-after"]) <= 900


def test_a_throttled_account_opens_again_when_retry_after_has_passed(
    portal: Portal, clock: FakeClock
) -> None:
    anyone = stranger(portal)
    for _ in range(PER_ACCOUNT):
        anyone.post("/api/auth/sign-in", data={**ALICE, "password": "wrong"})
    wait = anyone.post("/api/auth/sign-in", data=ALICE).headers["retry-after"]
    clock.advance(timedelta(seconds=int(wait)))
    assert anyone.post("/api/auth/sign-in", data=ALICE).status_code == 303


def test_a_sign_in_makes_a_new_token_and_ends_the_one_that_came_along(portal: Portal) -> None:
    planted = session_token(portal, "bob")
    cookie = f"kp_session={planted}"
    answer = Rest(portal, Cookie=cookie).post("/api/auth/sign-in", data=ALICE)
    assert planted not in answer.headers["set-cookie"]
    assert Rest(portal, Cookie=cookie).get("/api/api-keys").status_code == 401
    assert Rest(portal, Cookie=cookie_of(answer)).get("/api/api-keys").status_code == 200


def test_a_token_chosen_by_somebody_else_never_becomes_a_session(portal: Portal) -> None:
    cookie = "kp_session=chosen-by-eve"
    answer = Rest(portal, Cookie=cookie).post("/api/auth/sign-in", data=ALICE)
    assert "chosen-by-eve" not in answer.headers["set-cookie"]
    assert Rest(portal, Cookie=cookie).get("/api/api-keys").status_code == 401


def test_a_failed_sign_in_leaves_the_session_that_came_along(portal: Portal) -> None:
    client = browser(portal, "bob")
    assert client.post("/api/auth/sign-in", data={**ALICE, "password": "wrong"}).status_code == 401
    assert client.get("/api/api-keys").status_code == 200


def test_a_cookie_replayed_after_sign_out_is_worth_nothing(portal: Portal) -> None:
    client, other = browser(portal, "alice"), browser(portal, "alice")
    client.post("/api/auth/sign-out")
    assert client.get("/api/api-keys").status_code == 401
    assert other.get("/api/api-keys").status_code == 200


def test_two_session_cookies_count_as_none(portal: Portal) -> None:
    mine, eves = session_token(portal, "alice"), session_token(portal, "bob")
    for cookie in (f"kp_session={mine}; kp_session={eves}", f"kp_session={eves}; kp_session={mine}"):
        assert Rest(portal, Cookie=cookie).get("/api/api-keys").status_code == 401


def test_an_idle_session_ends(portal: Portal, clock: FakeClock) -> None:
    client = browser(portal, "alice")
    clock.advance(timedelta(hours=25))
    assert client.get("/api/api-keys").status_code == 401
