"""One distinctive secret goes through every route and error path and may be found nowhere."""

import json
import logging

import pytest

from keyportal.domain.principals import Scope
from keyportal.services.portal import Portal
from tests.api.support import Rest, browser, program, routes, stranger
from tests.fakes.fake_provider import FakeProvider
from tests.support import all_text_of

CANARY = "sk-canary-7Qm2vX9rT4wZ8kLp3nBd6"
PIECES = (CANARY, CANARY[:-4], CANARY[4:24])
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def bodies() -> list[bytes]:
    """Return good and bad bodies with the canary as a value, as a name, and in broken text."""
    good = {"provider": "openai", "name": "n", "api_key": CANARY}
    odd = [
        good,
        {**good, "name": "x" * 81},
        {**good, "provider": CANARY},
        {**good, "odd": CANARY},
        {**good, CANARY: 1},
        {**good, "fields": {CANARY: CANARY}},
        {**good, "fields": {"project": CANARY + "!"}},
        {**good, "fields": CANARY},
        {**good, "api_key": f"OPENAI_API_KEY={CANARY}"},
        {**good, "api_key": f"{CANARY}\n{CANARY}"},
        {**good, "api_key": [CANARY]},
        {**good, "api_key": {"x": CANARY}},
        {**good, "expires_at": CANARY},
        {**good, "active": CANARY},
        {**good, "environment": CANARY + "!"},
        {"api_key": CANARY},
        [CANARY],
        CANARY,
        {"name": "n", "version": CANARY},
        {"name": "n", "scopes": [CANARY]},
        {"name": "n", "expires_in_days": CANARY},
        {"provider": "openai", "model": CANARY + " !"},
        {"provider": "openai", "user": CANARY},
    ]
    broken = [
        f'{{"api_key": "{CANARY}"',
        f'{{"{CANARY}": 1, "{CANARY}": 2}}',
        f'{{"api_key": "{CANARY}\\ud800"}}',
    ]
    forms = [
        f"email={CANARY}&password={CANARY}",
        f"{CANARY}={CANARY}",
        f"code={CANARY}&email=a&password={CANARY}",
    ]
    return [*(json.dumps(o).encode() for o in odd), *(b.encode() for b in (*broken, *forms))]


def send_everywhere(caller: Rest, ids: list[str]) -> str:
    """Send every body to every route and return all that came back, but for resolve's api_key."""
    seen = []
    for method, path in routes():
        if method == "GET" or path == "/api/auth/sign-out":
            continue
        headers = FORM if path.startswith("/api/auth/") else JSON
        for body in bodies():
            for one in ids if "{id}" in path and method != "DELETE" else ["unknown"]:
                answer = caller.send(method, path.replace("{id}", one), content=body, headers=headers)
                assert answer.status_code < 500, (method, path, body, answer.text)
                seen.append(str(answer.headers) + _without_api_key(path, answer.text))
    return "".join(seen)


def _without_api_key(path: str, text: str) -> str:
    if path != "/api/resolve" or '"resolution_id"' not in text:
        return text
    return json.dumps({**json.loads(text), "api_key": ""})


def test_a_secret_leaves_by_resolve_alone(
    portal: Portal, openai: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    openai.answer(401, {"error": {"message": f"Incorrect API key: {CANARY}", "code": CANARY}})
    admin, everything = browser(portal, "root"), program(portal, "root", *Scope)
    ids = [
        admin.add_key("canary", api_key=CANARY)["id"],
        admin.add_key("s", "/api/admin/api-keys", api_key=CANARY)["id"],
    ]
    seen = (
        send_everywhere(admin, ids)
        + send_everywhere(everything, ids)
        + send_everywhere(stranger(portal), ids)
    )
    for path in (
        "/api/api-keys",
        "/api/admin/api-keys",
        "/api/agent-keys",
        "/api/providers",
        "/api/openapi.json",
    ):
        seen += admin.get(path).text
    seen += admin.post(f"/api/api-keys/{ids[0]}/test").text
    stored = all_text_of(portal)
    for piece in PIECES:
        assert piece not in seen
        assert piece not in caplog.text
        assert piece.encode() not in stored
