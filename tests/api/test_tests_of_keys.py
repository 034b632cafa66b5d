"""The Test button over REST: before saving, on a saved key, its last result, and its limits."""

import pytest

from keyportal.services import check_slots
from tests.api.support import VALUE, Rest, browser, code_of
from tests.conftest import MakePortal
from tests.fakes.fake_provider import FakeProvider

BOTH = pytest.mark.parametrize("path", ["/api/api-keys", "/api/admin/api-keys"])
BODY = {"provider": "OpenAI", "api_key": VALUE}


@BOTH
def test_a_key_is_tested_before_it_is_saved(admin: Rest, openai: FakeProvider, path: str) -> None:
    answer = admin.post(f"{path}/test", json={**BODY, "fields": {"project": "proj_1"}})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "valid")
    assert openai.requests[0].headers["openai-project"] == "proj_1"
    assert admin.get(path).json()["total"] == 0


def test_a_member_does_not_test_for_the_system(client: Rest, openai: FakeProvider) -> None:
    assert client.post("/api/admin/api-keys/test", json=BODY).status_code == 403
    assert openai.hits == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**BODY, "provider": "nobody"}, 404, "unknown_provider"),
        ({**BODY, "api_key": "****...WXYZ"}, 422, "invalid_input"),
        ({**BODY, "fields": {"region": "x"}}, 422, "invalid_input"),
        ({**BODY, "model": "../x"}, 422, "invalid_input"),
        ({**BODY, "base_url": "https://evil.test"}, 422, "invalid_input"),
        ({"provider": "openai"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_saved_is_not_tested(
    client: Rest, openai: FakeProvider, body: dict[str, object], status: int, code: str
) -> None:
    answer = client.post("/api/api-keys/test", json=body)
    assert (answer.status_code, code_of(answer), openai.hits) == (status, code, 0)


def test_a_model_can_be_asked_about(client: Rest, openai: FakeProvider) -> None:
    openai.answer(200, {"data": [{"id": "gpt-4o"}], "choices": [{"message": {"content": "Hi"}}]})
    one = f"/api/api-keys/{client.add_key()['id']}/test"
    chosen = client.post(f"{one}?with_model=true").json()
    named = client.post(f"{one}?model=gpt-4o-mini").json()
    assert (chosen["model"], chosen["model_outcome"]) == ("gpt-4o", "valid")
    assert (named["model"], named["model_outcome"]) == ("gpt-4o-mini", "valid")
    assert code_of(client.post(f"{one}?model=../x")) == "invalid_input"


@BOTH
def test_the_last_result_can_be_read_again(admin: Rest, path: str) -> None:
    one = f"{path}/{admin.add_key(path=path)['id']}/test"
    assert code_of(admin.get(one)) == "not_found"
    found = admin.post(one).json()
    assert admin.get(one).json() == found


def test_the_limit_is_a_429_that_says_when(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(KEYPORTAL_TESTS_PER_MINUTE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice = browser(portal, "alice")
    assert alice.post("/api/api-keys/test", json=BODY).status_code == 200
    refused = alice.post("/api/api-keys/test", json=BODY)
    assert (refused.status_code, code_of(refused)) == (429, "too_many_tests")
    assert (refused.headers["retry-after"], openai.hits) == ("60", 1)


def test_no_place_is_a_429_that_uses_up_nothing(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(
        KEYPORTAL_TESTS_AT_ONCE="1", KEYPORTAL_TESTS_PER_MINUTE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url
    )
    alice = browser(portal, "alice")
    held = check_slots._try(portal, "somebody")
    assert held is not None
    refused = [alice.post("/api/api-keys/test", json=BODY) for _ in range(2)]
    assert [(r.status_code, r.headers["retry-after"]) for r in refused] == [(429, "3")] * 2
    check_slots._free(portal, held)
    assert alice.post("/api/api-keys/test", json=BODY).status_code == 200


def test_only_a_caller_who_may_test_is_counted(make_portal: MakePortal, openai: FakeProvider) -> None:
    portal = make_portal(KEYPORTAL_TESTS_PER_MINUTE="1", KEYPORTAL_BASE_URL_OPENAI=openai.url)
    alice, bob = browser(portal, "alice"), browser(portal, "bob")
    one = alice.add_key()["id"]
    assert [bob.post(f"/api/api-keys/{one}/test").status_code for _ in range(3)] == [404] * 3
    assert bob.post("/api/api-keys/test", json=BODY).status_code == 200
