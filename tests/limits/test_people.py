"""How long sessions and links live, how often somebody may try, and how long agent keys last."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from keyportal.domain.errors import InvalidInput, KeyPortalError, LinkEnded, TooManyAttempts
from keyportal.domain.secret import Secret
from keyportal.services import agent_keys, one_time_links, sessions, throttle
from keyportal.services.agent_key_rotation import rotate
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.one_time_links import Invitation
from keyportal.services.portal import Portal
from keyportal.services.sessions import digest_of
from keyportal.vault import passwords
from tests.api.support import bearer, code_of, program, session_token
from tests.limits.numbers import NUMBERS
from tests.limits.support import World, answer_of, around, number
from tests.services.support import save
from tests.support import FakeClock

limit = pytest.mark.limit
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
REFUSED = (422, "invalid_input")


@pytest.fixture
def world(portal: Portal, clock: FakeClock) -> World:
    return World.of(portal, clock)


def period(name: str) -> timedelta:
    found = NUMBERS[name]
    assert isinstance(found, timedelta)
    return found


def lives_through(world: World, length: timedelta, is_live: Callable[[], bool]) -> list[bool]:
    """Tell if something is live a second before its time, at that moment, and a second behind it."""
    found = []
    for wait in (length - SECOND, SECOND, SECOND):
        world.clock.advance(wait)
        found.append(is_live())
    return found


@limit("session-idle")
def test_a_session_that_rests_for_24_hours(world: World) -> None:
    digests = [digest_of(session_token(world.portal, "bob")) for _ in range(3)]

    def is_live() -> bool:
        return bool(sessions.live_sessions(world.portal, [digests[0]]))

    assert lives_through(world, period("session-idle"), is_live) == [True, False, False]


@limit("session-longest")
def test_a_session_that_is_used_for_14_days(world: World) -> None:
    digest = digest_of(session_token(world.portal, "bob"))
    for _ in range(period("session-longest").days * 2 - 1):
        world.clock.advance(DAY / 2)
        assert sessions.find_principal(world.portal, digest) is not None

    def is_live() -> bool:
        return sessions.find_principal(world.portal, digest) is not None

    assert lives_through(world, DAY / 2, is_live) == [True, False, False]


@limit("link-usual")
def test_a_link_is_good_for_72_hours(world: World) -> None:
    def is_good() -> bool:
        try:
            # Too short a password is looked at behind the link.
            one_time_links.join(world.portal, token, Secret("short"))
        except (LinkEnded, InvalidInput) as refusal:
            return isinstance(refusal, InvalidInput)
        raise AssertionError

    link = one_time_links.invite(world.portal, world.root, Invitation("new@example.com"))
    token = link.url.reveal().partition("#")[2]
    assert lives_through(world, period("link-usual"), is_good) == [True, False, False]


@limit("link-shortest")
@limit("link-longest")
@pytest.mark.parametrize("name", ["link-shortest", "link-longest"])
def test_a_link_is_made_for_1_to_14_days(world: World, name: str) -> None:
    n = period(name).days
    found = [
        answer_of(world.admin.post("/api/admin/users", json={"email": f"new{d}@example.com", "days": d}))
        for d in (n - 1, n, n + 1)
    ]
    made = (201, "")
    assert found == ([REFUSED, made, made] if name == "link-shortest" else [made, made, REFUSED])


def _tries(act: Callable[[], Any], count: int) -> list[bool]:
    """Return of each try whether it was let through."""
    found = []
    for _ in range(count):
        try:
            act()
        except TooManyAttempts:
            found.append(False)
        else:
            found.append(True)
    return found


TRIES: dict[str, Callable[[Portal], Any]] = {
    "tries-account": lambda portal: throttle.count_attempt(portal, account="alice@example.com", address=""),
    "tries-address": lambda portal: throttle.count_attempt(portal, account="", address="192.0.2.1"),
    "tries-links": lambda portal: throttle.count_link_try(portal, "192.0.2.1"),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=limit(name)) for name in TRIES])
def test_so_many_tries_and_not_one_more(world: World, name: str) -> None:
    found = _tries(lambda: TRIES[name](world.portal), number(name) + 1)
    assert found == [True] * number(name) + [False]


@limit("tries-window")
def test_tries_count_for_15_minutes(world: World) -> None:
    def try_it() -> None:
        TRIES["tries-account"](world.portal)

    _tries(try_it, number("tries-account"))
    blocked = lives_through(world, period("tries-window"), lambda: _tries(try_it, 1) == [False])
    assert blocked == [True, False, False]


@limit("password-at-once")
@pytest.mark.parametrize("count", [1, 2, 3])
def test_two_passwords_are_compared_at_once(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    go_on, inside = Event(), list[str]()

    def slow(text: str) -> str:
        inside.append(text)
        go_on.wait(20)
        return ""

    monkeypatch.setattr(passwords, "_CONTEXT", type("Slow", (), {"hash": staticmethod(slow)}))
    most = min(count, number("password-at-once"))
    with ThreadPoolExecutor(count) as threads:
        for _ in range(count):
            threads.submit(passwords.password_digest, Secret("x"))
        _until(lambda: passwords._IN_LINE._value == number("password-line") - count)  # pyright: ignore[reportAttributeAccessIssue]
        _until(lambda: len(inside) == most)
        assert len(inside) == most
        go_on.set()
    assert len(inside) == count


@limit("password-line")
def test_ten_passwords_wait_to_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, waiting = Event(), []

    def slow(*_: object) -> str:
        go_on.wait(20)
        return ""

    monkeypatch.setattr(passwords, "_CONTEXT", type("Slow", (), {"hash": staticmethod(slow)}))
    n = number("password-line")
    with ThreadPoolExecutor(n) as threads:
        waiting = [threads.submit(passwords.password_digest, Secret("x")) for _ in range(n - 1)]
        _until(lambda: passwords._IN_LINE._value == 1)  # pyright: ignore[reportAttributeAccessIssue]
        waiting.append(threads.submit(passwords.password_digest, Secret("x")))
        _until(lambda: passwords._IN_LINE._value == 0)  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(TooManyAttempts):
            passwords.password_digest(Secret("x"))
        go_on.set()
        assert [one.result(20) for one in waiting] == [""] * n


def _until(is_so: Callable[[], bool]) -> None:
    waiting = Event()
    for _ in range(2000):
        if is_so():
            return
        waiting.wait(0.005)
    raise AssertionError("nobody came")


@limit("agent-key-usual")
def test_an_agent_key_lives_for_90_days(world: World) -> None:
    save(world.portal, world.alice)
    agent = program(world.portal, "alice")

    def is_live() -> bool:
        answer = agent.post("/api/resolve", json={"provider": "openai"})
        assert answer.status_code == 200 or code_of(answer) == "agent_key_expired"
        return answer.status_code == 200

    assert lives_through(world, period("agent-key-usual"), is_live) == [True, False, False]


@limit("agent-key-longest")
def test_an_agent_key_lives_for_365_days_at_most(world: World) -> None:
    longest = period("agent-key-longest").days
    found = [
        answer_of(world.client.post("/api/agent-keys", json={"name": f"{d}", "expires_in_days": d}))
        for d in (longest - 1, longest, longest + 1)
    ]
    assert found == [(201, ""), (201, ""), REFUSED]


@limit("agent-key-overlap")
def test_a_rotated_agent_key_goes_on_for_30_days_at_most(world: World) -> None:
    longest, found = period("agent-key-overlap").days, []
    for days in (longest - 1, longest, longest + 1):
        issued = agent_keys.create(world.portal, world.alice, NewAgentKey(f"ci {days}"))
        try:
            rotate(world.portal, world.alice, issued.view.id, days)
            found.append("")
        except KeyPortalError as refusal:
            found.append(refusal.code)
    # 0, 1, 7 and 30 are offered.
    assert found == ["invalid_input", "", "invalid_input"]


@limit("reported-within")
def test_a_use_is_reported_within_7_days(world: World) -> None:
    save(world.portal, world.alice)
    token = agent_keys.create(world.portal, world.alice, NewAgentKey("ci")).token.reveal()
    agent = bearer(world.portal, token)
    ids = [agent.post("/api/resolve", json={"provider": "openai"}).json()["resolution_id"] for _ in range(3)]

    def is_taken() -> bool:
        answer = agent.post("/api/usage", json={"resolution_id": ids.pop(), "outcome": "ok"})
        assert answer.status_code in (200, 409)
        return answer.status_code == 200

    assert lives_through(world, period("reported-within"), is_taken) == [True, True, False]


POLICIES = {
    "agent-key-days-most": "agent_key_longest_days",
    "usage-kept-least": "usage_kept_days",
    "usage-kept-most": "usage_kept_days",
    "deleted-kept-least": "deleted_kept_days",
    "deleted-kept-most": "deleted_kept_days",
    "reports-kept-least": "reports_kept_days",
    "reports-kept-most": "reports_kept_days",
    "cool-down-most": "failover_minutes",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=limit(name)) for name in POLICIES])
def test_a_policy_s_number_has_a_range(world: World, name: str) -> None:
    found = [
        answer_of(world.admin.put("/api/admin/policies", json={POLICIES[name]: n})) for n in around(name)
    ]
    taken = (200, "")
    assert found == ([REFUSED, taken, taken] if name.endswith("-least") else [taken, taken, REFUSED])
