"""One's own account over REST, the password's form, and where signing in leads to."""

from keyportal.services.portal import Portal
from tests.api.support import Rest, browser, code_of, program, stranger
from tests.support import PASSWORDS

ALICE = {"email": "alice@example.com", "password": PASSWORDS["alice@example.com"]}
NEW = "an entirely new password"


def test_a_person_reads_and_renames_themself(client: Rest) -> None:
    assert client.put("/api/account", json={"name": "Alice A."}).json()["name"] == "Alice A."
    assert client.get("/api/account").json()["email"] == "alice@example.com"
    assert client.put("/api/account", json={"role": "admin"}).status_code == 422


def test_an_agent_is_no_person(portal: Portal) -> None:
    agent = program(portal, "alice")
    assert [agent.get(f"/api/account{p}").status_code for p in ("", "/sessions", "/activity")] == [403] * 3
    assert agent.post("/api/auth/password", data={}).status_code == 403


def test_a_new_password_comes_with_a_new_session(portal: Portal, client: Rest) -> None:
    other = browser(portal, "alice")
    form = {"current_password": ALICE["password"], "password": NEW}
    answer = client.post("/api/auth/password", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?changed=password")
    assert [c.get("/api/account").status_code for c in (client, other)] == [401, 401]
    cookie = answer.headers["set-cookie"].partition(";")[0]
    assert Rest(portal, Cookie=cookie).get("/api/account").status_code == 200


def test_a_wrong_password_is_told_at_its_field(portal: Portal, client: Rest) -> None:
    wrong = {"current_password": "not this one", "password": NEW}
    answer = client.post("/api/auth/password", data=wrong)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "current_password")
    page = client.post("/api/auth/password", data=wrong, headers={"Accept": "text/html"})
    assert page.headers["location"] == "/account?problem=invalid_input&field=current_password"
    assert client.get("/api/account").status_code == 200
    assert stranger(portal).post("/api/auth/password", data=wrong).status_code == 401


def test_another_sites_form_changes_no_password(client: Rest) -> None:
    form = {"current_password": ALICE["password"], "password": NEW}
    for origin in ("https://evil.example", "null"):
        answer = client.post("/api/auth/password", data=form, headers={"Origin": origin})
        assert (answer.status_code, code_of(answer)) == (403, "origin_refused")


def test_sessions_and_activity_are_ones_own(portal: Portal, client: Rest) -> None:
    browser(portal, "alice")
    his = browser(portal, "bob")
    assert len(client.get("/api/account/sessions").json()["items"]) == 2
    his_id = his.get("/api/account/sessions").json()["items"][0]["id"]
    assert client.delete(f"/api/account/sessions/{his_id}").status_code == 404
    assert client.delete("/api/account/sessions").json() == {"ended": 1}
    client.add_key()
    mine, theirs = (c.get("/api/account/activity").json()["items"] for c in (client, his))
    assert mine[0]["action"] == "credential.create"
    assert "credential.create" not in {e["action"] for e in theirs}


def test_signing_in_leads_back_to_a_page_of_ours_and_nowhere_else(portal: Portal) -> None:
    for wanted, leads_to in (
        ("/api-keys?q=prod&open=1", "/api-keys?q=prod&open=1"),
        ("//evil.example", "/"),
        ("/api/auth/sign-out", "/"),
        ("", "/"),
    ):
        answer = stranger(portal).post("/api/auth/sign-in", data={**ALICE, "next": wanted})
        assert answer.headers["location"] == leads_to


def test_a_refused_sign_in_remembers_where_it_was_to_lead(portal: Portal) -> None:
    anyone = Rest(portal, Accept="text/html")
    form = {**ALICE, "password": "wrong", "next": "/api-keys?q=a&b=c"}
    answer = anyone.post("/api/auth/sign-in", data=form)
    assert answer.headers["location"] == "/sign-in?problem=sign_in_failed&next=%2Fapi-keys%3Fq%3Da%26b%3Dc"


def test_a_session_remembers_the_browser_in_a_few_words(portal: Portal) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit/605 Version/19 Safari/604 <script>"
    answer = stranger(portal).post("/api/auth/sign-in", data=ALICE, headers={"User-Agent": agent})
    cookie = answer.headers["set-cookie"].partition(";")[0]
    listed = Rest(portal, Cookie=cookie).get("/api/account/sessions").json()["items"]
    assert [s["browser"] for s in listed] == ["Safari on iPhone"]
