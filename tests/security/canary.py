"""One distinctive secret in every body that can be sent, and a look through all it could have got into."""

import json
import logging
import re

import pytest

from keyportal.services.portal import Portal
from tests.api.support import UNKNOWN_ID, Rest, browser, routes
from tests.fakes.fake_provider import FakeProvider
from tests.support import all_text_of

CANARY = "sk-canary-7Qm2vX9rT4wZ8kLp3nBd6"
PIECES = (CANARY, CANARY[:-4], CANARY[4:24])
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# These answer with pages of ours that nobody's secret is in.
_FILES = ("/api/docs", "/api/docs/init.js", "/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-ui.css")
_PARAMETER = re.compile(r"\{\w+\}")


def assert_a_canary_stays_in(
    portal: Portal, openai: FakeProvider, caplog: pytest.LogCaptureFixture, caller: Rest, *, gets_in: bool
) -> None:
    """Let the caller send it everywhere, read everything back, and look for it there and in the store."""
    caplog.set_level(logging.DEBUG)
    openai.answer(401, {"error": {"message": f"Incorrect API key: {CANARY}", "code": CANARY}})
    admin = browser(portal, "root")
    ids = [
        admin.add_key("canary", api_key=CANARY)["id"],
        admin.add_key("s", "/api/admin/api-keys", api_key=CANARY)["id"],
    ]
    seen = caller.post(f"/api/api-keys/{ids[0]}/test").text
    assert bool(openai.requests) is gets_in
    seen += _send_everywhere(caller, ids) + _read_everything(caller, ids)
    # Whoever was thrown out on the way has tried nothing after that.
    assert (caller.get("/api/api-keys").status_code == 200) is gets_in
    stored = all_text_of(portal)
    for piece in PIECES:
        assert piece not in seen
        assert piece not in caplog.text
        assert piece.encode() not in stored


def _bodies() -> list[bytes]:
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
        {"text": f"OPENAI_API_KEY={CANARY}\nOPENAI_API_KEY={CANARY}\n{CANARY}"},
        {"text": f"{CANARY}={CANARY}\nDATABASE_URL=postgresql://{CANARY}@h/d"},
        {"text": [CANARY], "rows": [{"line": 1, "provider": CANARY}]},
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
        f"token={CANARY}&password={CANARY}",
    ]
    return [*(json.dumps(o).encode() for o in odd), *(b.encode() for b in (*broken, *forms))]


def _send_everywhere(caller: Rest, ids: list[str]) -> str:
    """Send every body to every route and return all that came back, but for resolve's api_key."""
    seen = []
    for method, path in routes():
        if method in ("GET", "HEAD") or path == "/api/auth/sign-out":
            continue
        headers = FORM if path.startswith("/api/auth/") else JSON
        # What deletes is sent to what is not there, so that there is something to try the others on.
        for target in _targets(path, [UNKNOWN_ID] if method == "DELETE" else ids):
            for body in _bodies():
                answer = caller.send(method, target, content=body, headers=headers)
                assert answer.status_code < 500, (method, path, body, answer.text)
                seen.append(str(answer.headers) + _without_api_key(path, answer.text))
    return "".join(seen)


def _read_everything(caller: Rest, ids: list[str]) -> str:
    readable = [path for method, path in routes() if method == "GET" and path not in _FILES]
    return "".join(caller.get(target).text for path in readable for target in _targets(path, ids))


def _targets(path: str, ids: list[str]) -> list[str]:
    path = path.replace("{provider}", "openai")
    if "{id}" not in path:
        return [_PARAMETER.sub(UNKNOWN_ID, path)]
    return [_PARAMETER.sub(UNKNOWN_ID, path.replace("{id}", one)) for one in ids]


def _without_api_key(path: str, text: str) -> str:
    if not path.startswith("/api/resolve") or '"resolution_id"' not in text:
        return text
    return json.dumps({**json.loads(text), "api_key": ""})
