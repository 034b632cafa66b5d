"""A process whose clock is put back and forward while it runs: told on stdin what to do, says how it went.

Runs with libfaketime in front of the system's clock; the monotonic one is left alone, as by a real jump.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import KeyPortalError
from keyportal.domain.secret import Secret
from keyportal.services import (
    access,
    agent_keys,
    audit_verification,
    credentials,
    resolution,
    sessions,
    sign_in,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import open_desk
from keyportal.services.start_up import open_portal
from tests.conftest import person
from tests.support import PASSWORDS, make_settings


class Clockwork:
    """A portal with a person signed in, a program, and a key that expires in front of one that does not."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.portal = open_portal(make_settings(Path(told["folder"]), **told["settings"]))
        self.alice = person(self.portal, "alice")
        expires_at = datetime.now(UTC) + timedelta(days=30)
        self._save("first", expires_at=expires_at)
        self._save("second")
        self.token = agent_keys.create(self.portal, self.alice, NewAgentKey("clock")).token.reveal()
        self.session = self._sign_in()

    def now(self) -> str:
        return datetime.now(UTC).isoformat()

    def resolve(self) -> str:
        agent = access.require_agent(self.portal, self.token)
        found = resolution.resolve_key(self.portal, agent, "mistral")
        return found.credential.name if found.credential else ""

    def renew(self) -> str:
        self.token = agent_keys.create(self.portal, self.alice, NewAgentKey(self.now())).token.reveal()
        return ""

    def desk(self) -> str:
        return asyncio.run(self._from_memory())

    def is_signed_in(self) -> bool:
        return sessions.find_principal(self.portal, self.session) is not None

    def save(self) -> str:
        self._save(f"saved {self.now()}")
        return ""

    def chain(self) -> int | None:
        return audit_verification.verify_chain(self.portal).broken_at

    async def _from_memory(self) -> str:
        """Ask twice: the second answer is from memory."""
        names = []
        async with open_desk(self.portal) as desk:
            for _ in range(2):
                found = await desk.release(self.token.encode(), Wanted("mistral"), "192.0.2.1")
                names.append(found.release.name if found else "the long way")
        return names[-1]

    def _save(self, name: str, **more: Any) -> None:
        new = NewCredential("mistral", name, Secret(f"sk-{name}-0123456789abcdef"), **more)
        credentials.create(self.portal, self.alice, Ownership.USER, new)

    def _sign_in(self) -> str:
        email = "alice@example.com"
        entered = sign_in.sign_in(self.portal, email, Secret(PASSWORDS[email]))
        return sessions.digest_of(entered.token.reveal())


def main() -> None:
    clockwork = Clockwork(json.loads(sys.stdin.readline()))
    _say("ready")
    for line in sys.stdin:
        act: Callable[[], Any] = getattr(clockwork, line.strip())
        try:
            _say(act())
        except KeyPortalError as refusal:
            _say(refusal.code)


def _say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
