"""People over REST: invited, changed, removed, and their links followed with the pages' own forms."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import OTHER_VALUE, Rest, browser, code_of, stranger
from tests.support import PASSWORDS

PEOPLE = "/api/admin/users"
PASSWORD = "carol has a long password"


def id_of(admin: Rest, name: str) -> str:
    return admin.get(PEOPLE, params={"q": name}).json()["items"][0]["id"]


def invite(admin: Rest, **more: object) -> dict[str, dict[str, str]]:
    answer = admin.post(PEOPLE, json={"email": "carol@example.com", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def token_in(answer: dict[str, dict[str, str]]) -> str:
    return answer["link"]["url"].partition("#")[2]


def test_people_are_listed_sorted_and_narrowed(admin: Rest) -> None:
    names = [u["name"] for u in admin.get(PEOPLE, params={"sort": "name"}).json()["items"]]
    assert names == ["alice", "bob", "root"]
    admins = admin.get(PEOPLE, params={"role": "admin"}).json()
    assert (admins["total"], admins["items"][0]["status"]) == (1, "active")
    assert "password" not in str(admins)
    refused = admin.get(PEOPLE, params={"sort": "password"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "sort")


def test_an_invited_person_joins_with_a_form_and_is_signed_in(portal: Portal, admin: Rest) -> None:
    made = invite(admin, name="Carol", days=1)
    assert (made["user"]["status"], made["link"]["kind"]) == ("invited", "invitation")
    form = {"token": token_in(made), "password": PASSWORD, "name": ""}
    answer = stranger(portal).post("/api/auth/join", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert Rest(portal, Cookie=cookie).get("/api/account").json()["name"] == "Carol"
    again = stranger(portal).post("/api/auth/join", data=form)
    assert (again.status_code, code_of(again)) == (404, "link_ended")


def test_a_browser_is_sent_back_to_the_page_of_its_link(portal: Portal, admin: Rest) -> None:
    html = Rest(portal, Accept="text/html")
    ended = html.post("/api/auth/join", data={"token": "x", "password": PASSWORD})
    assert ended.headers["location"] == "/join?problem=link_ended"
    token = token_in(invite(admin))
    short = html.post("/api/auth/join", data={"token": token, "password": "short"})
    assert short.headers["location"] == "/join?problem=invalid_input&field=password"
    foreign = html.post("/api/auth/reset", data={"token": token, "password": PASSWORD},
                        headers={"Origin": "https://evil.example"})  # fmt: skip
    assert foreign.headers["location"] == "/reset?problem=origin_refused"


def test_a_reset_link_sets_another_password(portal: Portal, admin: Rest) -> None:
    answer = admin.post(f"{PEOPLE}/{id_of(admin, 'alice')}/reset-link", params={"days": 14})
    assert (answer.status_code, answer.json()["link"]["kind"]) == (201, "reset")
    before = browser(portal, "alice")
    form = {"token": token_in(answer.json()), "password": PASSWORD}
    assert stranger(portal).post("/api/auth/reset", data=form).status_code == 303
    assert before.get("/api/account").status_code == 401
    new = {"email": "alice@example.com", "password": PASSWORD}
    assert stranger(portal).post("/api/auth/sign-in", data=new).status_code == 303


def test_a_person_is_changed_shut_out_and_let_in_again(portal: Portal, admin: Rest) -> None:
    bob, his = f"{PEOPLE}/{id_of(admin, 'bob')}", browser(portal, "bob")
    changed = admin.put(bob, json={"name": "Robert", "version": 1}).json()
    assert (changed["name"], changed["version"]) == ("Robert", 2)
    assert code_of(admin.put(bob, json={"role": "admin", "version": 1})) == "version_conflict"
    assert admin.put(bob, json={"active": False}).json()["status"] == "deactivated"
    assert his.get("/api/api-keys").status_code == 401
    assert code_of(admin.post(f"{bob}/reset-link")) == "wrong_person_status"
    assert admin.put(bob, json={"active": True}).json()["status"] == "active"


def test_the_last_admin_and_oneself_are_safe(admin: Rest) -> None:
    own = f"{PEOPLE}/{id_of(admin, 'root')}"
    for answer, code in (
        (admin.put(own, json={"role": "member"}), "last_admin"),
        (admin.put(own, json={"active": False}), "not_yourself"),
        (admin.delete(own), "not_yourself"),
        (admin.post(f"{own}/reset-link"), "not_yourself"),
    ):
        assert (answer.status_code, code_of(answer)) == (409, code)


def test_removing_demands_a_choice_and_frees_the_email(portal: Portal, admin: Rest) -> None:
    browser(portal, "alice").add_key()
    alice = f"{PEOPLE}/{id_of(admin, 'alice')}"
    refused = admin.delete(alice)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "keys")
    assert admin.delete(alice, params={"keys": "hand_over"}).json()["handed_over"] == 1
    assert admin.get("/api/admin/api-keys").json()["items"][0]["active"] is False
    assert admin.get(alice).json()["status"] == "removed"
    assert admin.post(PEOPLE, json={"email": "alice@example.com"}).status_code == 201


def test_a_persons_sessions_and_keys_are_seen_and_ended(portal: Portal, admin: Rest) -> None:
    hers = browser(portal, "alice")
    key = hers.add_key(api_key=OTHER_VALUE)
    alice = f"{PEOPLE}/{id_of(admin, 'alice')}"
    listed = admin.get(f"{alice}/api-keys")
    assert [k["id"] for k in listed.json()["items"]] == [key["id"]] and OTHER_VALUE not in listed.text
    assert admin.delete(f"{alice}/api-keys/{key['id']}").status_code == 204
    assert hers.get("/api/api-keys").json()["total"] == 0
    session_id = admin.get(f"{alice}/sessions").json()["items"][0]["id"]
    bob = f"{PEOPLE}/{id_of(admin, 'bob')}"
    assert admin.delete(f"{bob}/sessions/{session_id}").status_code == 404
    assert admin.delete(f"{alice}/sessions/{session_id}").status_code == 204
    assert admin.delete(f"{alice}/sessions").json() == {"ended": 0}
    assert hers.get("/api/api-keys").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"email": "x"},
        {"email": "dora@example.com", "role": "owner"},
        {"email": "dora@example.com", "days": 15},
        {"email": "dora@example.com", "password": "given by an admin"},
    ],
)
def test_unusable_invitations_are_refused(admin: Rest, body: dict[str, object]) -> None:
    assert admin.post(PEOPLE, json=body).status_code == 422
    assert admin.get(PEOPLE).json()["total"] == len(PASSWORDS)


@pytest.mark.parametrize("days", [0, -1, 15, 9_999_999_999, 10**30])
def test_a_link_that_would_live_too_long_is_refused(admin: Rest, days: int) -> None:
    answer = admin.post(f"{PEOPLE}/{id_of(admin, 'alice')}/reset-link", params={"days": days})
    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")
    assert answer.json()["error"]["field"] == "days"
