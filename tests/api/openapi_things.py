"""What ids and names in made-up requests stand for, so that they lead further than to a 404."""

from collections.abc import Callable
from itertools import count
from typing import Any

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Role, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.users import find_user_by_email
from keyportal.services import (
    agent_keys,
    credential_rotation,
    credentials,
    links,
    provider_edits,
    sessions,
    users,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credential_rotation import NewValue
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider
from keyportal.services.sessions import begin_session
from keyportal.services.users import NewUser
from tests.api.openapi_support import Send
from tests.api.support import OTHER_VALUE, VALUE, browser
from tests.conftest import person
from tests.support import PASSWORDS

_numbers = count()
_BEGINNINGS = ("POST /api/api-keys/{id}/rotation", "POST /api/admin/api-keys/{id}/rotation")


class Things:
    """Makes things of Root, and new ones for each operation: some operations end them."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._root = person(portal, "root")

    def ids_for(self, label: str) -> dict[str, str]:
        path = label.partition(" ")[2]
        if "{" not in path:
            return {}
        if path == "/api/resolve/{provider}":
            return {"provider": "openai"}
        if path.startswith("/api/admin/users"):
            return self._of_a_person()
        if path.startswith("/api/admin/providers"):
            new = NewProvider(self._name("Lab"), "http://127.0.0.1:9/v1")
            return {"id": provider_edits.add_custom(self._portal, self._root, new).id}
        if path.startswith("/api/agent-keys"):
            new_key = NewAgentKey(self._name("Bot"))
            return {"id": agent_keys.create(self._portal, self._root, new_key).view.id}
        if path.startswith("/api/account/sessions"):
            return {"id": self._session_of(self._root)}
        found = self._of_a_key(path, is_rotating="/rotation" in path and label not in _BEGINNINGS)
        if path.endswith("/test"):
            browser(self._portal, "root").post(path.format(**found))
        return found

    def query_for(self, label: str) -> dict[str, str]:
        return {"keys": "wipe"} if label == "DELETE /api/admin/users/{id}" else {}

    def body_for(self, label: str, required: list[str], send: Send) -> dict[str, Any]:
        if label == "POST /api/auth/sign-in":
            return {"email": self._root.email, "password": PASSWORDS[self._root.email]}
        if label == "POST /api/auth/password":
            return {"current_password": PASSWORDS[self._root.email], "password": "root has another one now"}
        if label.endswith("/links"):
            return {"provider": "openai", "model_pattern": "o3*"}
        real: dict[str, Callable[[], object]] = {
            "provider": lambda: "openai",
            "name": lambda: self._name("Key"),
            "api_key": lambda: VALUE,
            "resolution_id": lambda: _resolved(send),
            "outcome": lambda: "ok",
            "email": lambda: f"{self._name('p')}@example.com",
            "text": lambda: f"OPENAI_API_KEY={OTHER_VALUE}\n",
            "base_url": lambda: "http://127.0.0.1:9/v1",
        }
        return {name: real[name]() for name in required if name in real}

    def _of_a_key(self, path: str, *, is_rotating: bool) -> dict[str, str]:
        ownership = Ownership.SYSTEM if path.startswith("/api/admin/") else Ownership.USER
        key_id = self._key_of(self._root, ownership)
        link = links.link(self._portal, self._root, ownership, key_id, "openai", "gpt-4o*")
        if is_rotating:
            value = NewValue(Secret(OTHER_VALUE))
            credential_rotation.begin(self._portal, self._root, ownership, key_id, value)
        return {"id": key_id, "link_id": link.id}

    def _of_a_person(self) -> dict[str, str]:
        email = f"{self._name('carol')}@example.com"
        new = NewUser(email, Secret(PASSWORDS["alice@example.com"]), Role.MEMBER)
        carol_id = users.add_user(self._portal, operator_principal(), new).id
        carol = person(self._portal, email.partition("@")[0])
        return {
            "id": carol_id,
            "session_id": self._session_of(carol),
            "key_id": self._key_of(carol, Ownership.USER),
        }

    def _key_of(self, whose: Principal, ownership: Ownership) -> str:
        new = NewCredential("openai", self._name("Key"), Secret(VALUE))
        return credentials.create(self._portal, whose, ownership, new).id

    def _session_of(self, whose: Principal) -> str:
        with self._portal.database.transaction() as session:
            row = find_user_by_email(session, whose.email)
            assert row is not None
            begin_session(self._portal, session, row, "127.0.0.1")
        return sessions.own_sessions(self._portal, whose)[0].id

    def _name(self, kind: str) -> str:
        return f"{kind}-{next(_numbers)}"


def _resolved(send: Send) -> str:
    """Return the id of a resolve of the caller, or nothing where it may not resolve."""
    headers = {"Content-Type": "application/json"}
    return send("POST", "/api/resolve", b'{"provider": "openai"}', headers).json().get("resolution_id", "")
