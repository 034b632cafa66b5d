"""Both clients against a server that plays the portal: calls, tries, refusals."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from keyportal.client import (
    AgentKeyRefused,
    AlreadyReported,
    BadAnswer,
    KeyUnreadable,
    NeedsReentry,
    NoKey,
    NotAllowed,
    ProviderDisabled,
    Refused,
    ReportedTooLate,
    TooManyRequests,
    Unavailable,
    UnknownProvider,
    UnknownResolution,
)
from tests.client.support import AGENT_KEY, ANSWER, API_KEY, SlowHeaders, refused
from tests.fakes.fake_provider import Answer, FakeProvider, Received

Way = Callable[..., Any]


def in_turn(*answers: Answer) -> Callable[[Received], Answer]:
    waiting = list(answers)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_a_resolve_sends_what_was_asked_and_the_agent_key_in_one_header(way: Way, fake: FakeProvider) -> None:
    found = way(fake.url).call("resolve", "openai", user="bob@example.com", model="gpt-4o")
    [request] = fake.requests
    assert (request.method, request.path) == ("POST", "/api/resolve")
    assert json.loads(request.body) == {"provider": "openai", "user": "bob@example.com", "model": "gpt-4o"}
    assert request.headers["authorization"] == f"Bearer {AGENT_KEY}"
    assert found.api_key == API_KEY
    assert found.credential.name == "Mine" and found.failed_over_from is None


@pytest.mark.parametrize(
    ("asked", "path", "body"),
    [
        ({}, "/api/resolve/openai", b""),
        ({"model": "meta/llama 3"}, "/api/resolve/openai?model=meta%2Fllama+3", b""),
        ({"provider": " OpenAI"}, "/api/resolve", b'{"provider":" OpenAI"}'),
    ],
    ids=["provider", "model", "odd"],
)
def test_what_names_no_person_is_asked_in_the_address(
    way: Way, fake: FakeProvider, asked: dict[str, str], path: str, body: bytes
) -> None:
    way(fake.url).call("resolve", **{"provider": "openai", **asked})
    [request] = fake.requests
    assert (request.method, request.path, request.body.replace(b": ", b":")) == ("POST", path, body)


def test_the_key_that_stepped_back_is_told(way: Way, fake: FakeProvider) -> None:
    fake.answer(200, {**ANSWER, "failed_over_from": {"id": "c-0", "name": "First", "mask": "****...0000"}})
    found = way(fake.url).call("resolve", "openai")
    assert (found.failed_over_from.id, found.failed_over_from.name) == ("c-0", "First")


def test_a_key_of_a_variable_has_no_credential(way: Way, fake: FakeProvider) -> None:
    fake.answer(200, {**ANSWER, "source": "environment", "credential": None})
    assert way(fake.url).call("resolve", "openai").credential is None


def test_no_key_is_kept_between_two_calls(fake: FakeProvider) -> None:
    from keyportal.client import KeyPortal

    with KeyPortal(fake.url, AGENT_KEY) as portal:
        portal.resolve("openai")
        fake.answer(200, {**ANSWER, "api_key": "sk-rotated-since"})
        assert portal.resolve("openai").api_key == "sk-rotated-since"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again(
    way: Way, fake: FakeProvider, pauses: list[float], status: int
) -> None:
    fake.answer_by(
        in_turn(Answer(status, refused("internal")), Answer(status, b"<html>"), Answer(200, ANSWER))
    )
    assert way(fake.url).call("resolve", "openai").api_key == API_KEY
    assert len(fake.requests) == 3
    assert len(pauses) == 2 and 0 <= pauses[0] <= 0.25 and 0 <= pauses[1] <= 0.5


def test_a_dropped_connection_is_tried_again(way: Way, fake: FakeProvider, pauses: list[float]) -> None:
    fake.drop()
    fake.answer_by(lambda _: Answer(200, ANSWER) if len(fake.requests) > 1 else None)
    assert way(fake.url).call("resolve", "openai").api_key == API_KEY
    assert len(pauses) == 1


def test_retry_after_is_waited_for(way: Way, fake: FakeProvider, pauses: list[float]) -> None:
    limited = Answer(429, refused("too_many_attempts"), (("Retry-After", "7"),))
    fake.answer_by(in_turn(limited, Answer(200, ANSWER)))
    way(fake.url).call("resolve", "openai")
    assert 7 <= pauses[0] <= 7.25


def test_a_wait_longer_than_the_budget_is_refused_at_once(
    way: Way, fake: FakeProvider, pauses: list[float]
) -> None:
    fake.answer(429, refused("too_many_attempts", "Wait a minute."), {"Retry-After": "90"})
    with pytest.raises(TooManyRequests) as refusal:
        way(fake.url).call("resolve", "openai")
    assert (refusal.value.retry_after, refusal.value.status, pauses) == (90, 429, [])


def test_trouble_that_stays_ends_with_the_budget(way: Way, fake: FakeProvider) -> None:
    fake.answer(503, refused("storage_unavailable", "The database cannot be reached."))
    with pytest.raises(Unavailable) as refusal:
        way(fake.url, budget_s=0.4).call("resolve", "openai")
    assert (refusal.value.code, refusal.value.status) == ("storage_unavailable", 503)


def test_a_portal_that_never_answers_ends_with_the_budget(way: Way, fake: FakeProvider) -> None:
    fake.stay_silent()
    with pytest.raises(Unavailable, match="did not answer in time"):
        way(fake.url, budget_s=0.3).call("resolve", "openai")


def test_an_answer_byte_by_byte_ends_with_the_budget(way: Way, fake: FakeProvider) -> None:
    fake.trickle()
    with pytest.raises(Unavailable, match="in time"):
        way(fake.url, budget_s=0.3).call("resolve", "openai")


def test_headers_byte_by_byte_end_with_the_budget(way: Way, fake: FakeProvider) -> None:
    slow = SlowHeaders(fake)
    with pytest.raises(Unavailable, match="did not answer in time"):
        way(fake.url, budget_s=0.3).call("resolve", "openai")
    assert not slow.ended


def test_one_calls_budget_is_not_the_next_ones(fake: FakeProvider) -> None:
    from keyportal.client import KeyPortal

    with KeyPortal(fake.url, AGENT_KEY, budget_s=0.3) as portal:
        SlowHeaders(fake)
        with pytest.raises(Unavailable):
            portal.resolve("openai")
        fake.answer(200, ANSWER)
        assert [portal.resolve("openai").api_key for _ in range(2)] == [API_KEY] * 2


def test_a_key_of_another_provider_than_the_one_asked_for_is_no_answer(way: Way, fake: FakeProvider) -> None:
    for provider in ("lab", "anthropic", "openai ", "OpenAI", ""):
        fake.answer(200, {**ANSWER, "provider": provider})
        with pytest.raises(BadAnswer, match="another provider") as refusal:
            way(fake.url).call("resolve", "openai")
        assert API_KEY not in str(refusal.value)


def test_a_provider_may_be_asked_for_in_any_case(way: Way, fake: FakeProvider) -> None:
    assert way(fake.url).call("resolve", "OpenAI").provider == "openai"


def test_an_address_nobody_listens_at_is_unavailable(way: Way) -> None:
    with FakeProvider() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match="cannot be reached"):
        way(url, budget_s=0.2).call("resolve", "openai")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "agent_key_refused", AgentKeyRefused),
        (401, "agent_key_expired", AgentKeyRefused),
        (401, "agent_key_revoked", AgentKeyRefused),
        (403, "forbidden", NotAllowed),
        (404, "no_key", NoKey),
        (404, "unknown_provider", UnknownProvider),
        (404, "provider_disabled", ProviderDisabled),
        (404, "not_found", UnknownResolution),
        (409, "key_unreadable", KeyUnreadable),
        (409, "needs_reentry", NeedsReentry),
        (409, "already_reported", AlreadyReported),
        (409, "reported_too_late", ReportedTooLate),
        (422, "invalid_input", Refused),
        (418, "something_new", Refused),
    ],
)
def test_a_refusal_is_final_and_has_its_type(
    way: Way, fake: FakeProvider, pauses: list[float], status: int, code: str, kind: type[Refused]
) -> None:
    fake.answer(status, refused(code, "What to do next."))
    with pytest.raises(Refused) as refusal:
        way(fake.url).call("resolve", "openai")
    assert type(refusal.value) is kind
    assert (refusal.value.code, refusal.value.status) == (code, status)
    assert refusal.value.message == "What to do next."
    assert (len(fake.requests), pauses) == (1, [])


def test_what_a_refusal_says_is_one_plain_line_without_the_agent_key(way: Way, fake: FakeProvider) -> None:
    odd = f"\x1b]0;title\x07Sent:\r\nAuthorization: Bearer {AGENT_KEY} \u202e" + "x" * 9_000
    fake.answer(403, refused("forbidden", odd))
    with pytest.raises(Refused) as refusal:
        way(fake.url).call("resolve", "openai")
    assert refusal.value.message.isprintable() and len(refusal.value.message) == 500
    assert AGENT_KEY not in str(refusal.value) and "Bearer kpa_…" in str(refusal.value)


@pytest.mark.parametrize("code", ["for\nbidden", "\x1b[2J", "x" * 100, "Forbidden", ""])
def test_a_code_no_portal_has_is_no_refusal_of_one(way: Way, fake: FakeProvider, code: str) -> None:
    fake.answer(403, refused(code, "What to do next."))
    with pytest.raises(BadAnswer):
        way(fake.url).call("resolve", "openai")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a proxy's page</html>"),
        (200, {"api_key": 7}),
        (200, {**ANSWER, "fields": None}),
        (200, b"[1]"),
        (200, b"[" * 100_000),
        (204, b""),
        (404, b"nothing here"),
        (403, {"error": "not an object"}),
    ],
    ids=["page", "number", "no fields", "list", "deep", "empty", "plain", "text"],
)
def test_what_does_not_speak_as_a_portal_is_no_answer(
    way: Way, fake: FakeProvider, status: int, body: object
) -> None:
    fake.answer(status, body)
    with pytest.raises(BadAnswer):
        way(fake.url).call("resolve", "openai")


def test_no_redirect_is_followed(way: Way, fake: FakeProvider) -> None:
    with FakeProvider() as elsewhere:
        fake.answer(307, b"", {"Location": f"{elsewhere.url}/api/resolve"})
        with pytest.raises(BadAnswer, match="sends on"):
            way(fake.url).call("resolve", "openai")
        assert elsewhere.hits == 0


def test_no_proxy_and_no_netrc_of_the_environment_is_used(
    way: Way, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FakeProvider() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        way(fake.url).call("resolve", "openai")
        assert proxy.hits == 0
    assert fake.requests[0].headers["authorization"] == f"Bearer {AGENT_KEY}"


def test_too_large_an_answer_is_not_read_to_its_end(way: Way, fake: FakeProvider) -> None:
    fake.answer(200, b" " * (1024 * 1024 + 1))
    with pytest.raises(BadAnswer, match="more than"):
        way(fake.url).call("resolve", "openai")


def test_the_variables_of_providers_are_told(way: Way, fake: FakeProvider) -> None:
    fake.answer(200, {"items": [{"id": "lab", "environment_names": ["LAB_API_KEY"]}, {"id": "bare"}]})
    assert way(fake.url).call("environment_names") == {"lab": ("LAB_API_KEY",), "bare": ()}
    assert (fake.requests[0].method, fake.requests[0].path) == ("GET", "/api/providers")


@pytest.mark.parametrize("names", ["LAB_API_KEY", {"LAB_API_KEY": 1}, [1], 7])
def test_variables_that_are_no_list_of_names_are_no_answer(
    way: Way, fake: FakeProvider, names: object
) -> None:
    fake.answer(200, {"items": [{"id": "lab", "environment_names": names}]})
    with pytest.raises(BadAnswer):
        way(fake.url).call("environment_names")
