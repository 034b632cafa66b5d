"""What is resolved and by whom, made by the services: people, keys sealed as always, agent keys."""

from dataclasses import dataclass

from benchmarks.http_load import request_of
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Role, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.users import find_user_by_email
from keyportal.services import agent_keys, credentials, sessions, users
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from keyportal.services.sessions import begin_session, principal_of

PROVIDERS = ("openai", "anthropic", "groq", "mistral", "openrouter", "deepseek", "xai", "together")
AGENTS = 32
_PASSWORD = Secret("a long password of the benchmarks")
_SCOPES = (Scope.RESOLVE, Scope.KEYS_READ, Scope.KEYS_WRITE)


@dataclass(frozen=True)
class Owner:
    """A person, and the value of an agent key of theirs that may do all a program may."""

    principal: Principal
    token: str

    @property
    def id(self) -> str:
        assert self.principal.user_id is not None
        return self.principal.user_id


def add_owner(portal: Portal, name: str, role: Role = Role.MEMBER) -> Owner:
    """Add a person with an agent key."""
    principal = add_person(portal, name, role)
    made = agent_keys.create(portal, principal, NewAgentKey(f"agent of {name}", _SCOPES))
    return Owner(principal, made.token.reveal())


def add_person(portal: Portal, name: str, role: Role = Role.MEMBER) -> Principal:
    email = f"{name}@example.com"
    users.add_user(portal, operator_principal(), users.NewUser(email, _PASSWORD, role, name))
    with portal.database.reading() as session:
        row = find_user_by_email(session, email)
        assert row is not None
        return principal_of(row)


def add_key(portal: Portal, owner: Principal, provider: str, name: str = "") -> str:
    """Save a key for a provider, as the form does, and return its id."""
    value = Secret(f"sk-proj-benchmark{provider}0123456789abcdefghijkl")
    new = NewCredential(provider, name or f"Key for {provider}", value)
    return credentials.create(portal, owner, Ownership.USER, new).id


def sign_in(portal: Portal, person: Principal) -> str:
    """Return the cookie of a new session."""
    with portal.database.transaction() as session:
        row = find_user_by_email(session, person.label)
        assert row is not None
        token = begin_session(portal, session, row, "127.0.0.1")
    return f"{sessions.cookie_name(portal.settings)}={token.reveal()}"


def one_request(portal: Portal) -> list[bytes]:
    """Return the request of one agent key for one provider, after adding both."""
    owner = add_owner(portal, "one")
    add_key(portal, owner.principal, "openai")
    return [resolve_request(owner.token, "openai")]


def spread_requests(portal: Portal, agents: int = AGENTS) -> list[bytes]:
    """Return the requests of many agent keys, each for several providers, as teams really call."""
    requests: list[bytes] = []
    for number in range(agents):
        owner = add_owner(portal, f"agent{number}")
        for provider in PROVIDERS:
            add_key(portal, owner.principal, provider)
            requests.append(resolve_request(owner.token, provider))
    return requests


def resolve_request(token: str, provider: str) -> bytes:
    return request_of("POST", f"/api/resolve/{provider}", token)


def with_body(request: bytes) -> bytes:
    """Return the same resolve asked for with a body."""
    head, _, _ = request.partition(b"\r\n")
    provider = head.split()[1].rpartition(b"/")[2].decode()
    token = request.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
    return request_of("POST", "/api/resolve", token, b'{"provider":"%s"}' % provider.encode())
