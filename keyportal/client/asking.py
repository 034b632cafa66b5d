"""What both clients have in common: where they ask and how, what an answer means, what is worth another try.

The agent key travels in one header, to one origin; no redirect, proxy or netrc of the environment.
"""

import re
import ssl
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlencode

import httpx

import keyportal
from keyportal.client.answers import Resolution, error_in
from keyportal.client.attempts import BUDGET_S, Failure, retry_after_in
from keyportal.client.errors import BadAnswer, TooManyRequests, Unavailable
from keyportal.client.outcomes import Outcome
from keyportal.client.places import place_of, trust

_IN_ADDRESS = re.compile(r"[a-z0-9_-]{1,64}")
_LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request to the portal, as it is sent with each try."""

    method: str
    path: str
    body: dict[str, Any] | None = field(default=None, repr=False)


LIST_PROVIDERS = Call("GET", "/api/providers")


def call_to_resolve(provider: str, user: str | None, model: str | None) -> Call:
    if user is None and _IN_ADDRESS.fullmatch(provider):
        # The portal's quickest way. A person's address does not belong into the logs of what is between.
        query = f"?{urlencode({'model': model})}" if model is not None else ""
        return Call("POST", f"/api/resolve/{provider}{query}")
    given = {"provider": provider, "user": user, "model": model}
    return Call("POST", "/api/resolve", {k: v for k, v in given.items() if v is not None})


def call_to_report(resolution: Resolution | str, outcome: Outcome | str, http_status: int | None) -> Call:
    """Raises ValueError for a word that is no outcome."""
    resolution_id = resolution if isinstance(resolution, str) else resolution.resolution_id
    body = {"resolution_id": resolution_id, "outcome": str(Outcome(outcome)), "http_status": http_status}
    return Call("POST", "/api/usage", {k: v for k, v in body.items() if v is not None})


class Asker:
    """What both clients know of the portal and of themselves."""

    def __init__(
        self,
        url: str | None = None,
        agent_key: str | None = None,
        *,
        allow_http: bool = False,
        budget_s: float = BUDGET_S,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        """Read what is not given from KEYPORTAL_URL, and KEYPORTAL_AGENT_KEY or KEYPORTAL_AGENT_KEY_FILE.

        `allow_http` lets the agent key travel in the clear to another machine. `budget_s` is the longest
        a call takes with all its tries. `verify` replaces what certificates are checked against.
        Raises NotConfigured.
        """
        self._place = place_of(url, agent_key, allow_http=allow_http)
        self._budget_s = budget_s
        self._verify = verify

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place.origin!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a KeyPortal client cannot be pickled: make one in each process")

    def _options(self) -> dict[str, Any]:
        """Return what an httpx client is made with."""
        return {
            "base_url": self._place.origin,
            "headers": {
                "Authorization": self._place.authorization,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"keyportal-client/{keyportal.__version__}",
            },
            "follow_redirects": False,
            # A proxy of the environment would see keys on their way to a portal that is usually near,
            # and a .netrc would replace the agent key.
            "trust_env": False,
            # Reading all authorities takes a while; over plain http there is nothing to check.
            "verify": (self._verify or trust()) if self._place.is_https else False,
        }


def require_small(content: bytearray) -> None:
    """Raises BadAnswer for an answer no portal gives."""
    if len(content) > _LARGEST_ANSWER:
        raise BadAnswer("What answered sends more than a KeyPortal does. Check the portal's address.")


def failure_in(answer: httpx.Response, content: bytes) -> Failure | None:
    """Return why an answer is worth another try, None for a good one. Raises what is final."""
    status = answer.status_code
    if 200 <= status < 300:
        return None
    error = error_in(status, content)
    wait_s = retry_after_in(answer.headers)
    code = None if isinstance(error, BadAnswer) else error.code
    if status == 429:
        return Failure(TooManyRequests(error.message, code=code, status=status, retry_after=wait_s), wait_s)
    if status >= 500:
        message = "The portal has a problem of its own. Try again in a moment."
        return Failure(Unavailable(message, code=code, status=status), wait_s)
    raise error
