"""Who acts, and the one table that says what each role and scope may do."""

from dataclasses import dataclass
from enum import StrEnum

from keyportal.domain.errors import Forbidden


class Role(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an agent key was made for. `RESOLVE_ANY` acts for any person and is an admin's to give."""

    RESOLVE = "resolve"
    RESOLVE_ANY = "resolve:any"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"


class Permission(StrEnum):
    """One allowed act, `resource:action`."""

    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    ACTIVITY_READ = "activity:read"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    CREDENTIALS_CHECK = "credentials:check"
    SYSTEM_CREDENTIALS_READ = "system_credentials:read"
    SYSTEM_CREDENTIALS_WRITE = "system_credentials:write"
    AGENT_KEYS_READ = "agent_keys:read"
    AGENT_KEYS_WRITE = "agent_keys:write"
    AGENT_KEYS_GRANT_ANY = "agent_keys:grant_any"
    CHAIN_READ = "chain:read"
    SECRETS_RELEASE = "secrets:release"
    SECRETS_RELEASE_ANY = "secrets:release_any"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    PEOPLES_CREDENTIALS_READ = "peoples_credentials:read"
    PEOPLES_CREDENTIALS_DELETE = "peoples_credentials:delete"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    AUDIT_READ = "audit:read"
    USAGE_READ = "usage:read"
    USAGE_READ_ALL = "usage:read_all"
    ENCRYPTION_KEY_READ = "encryption_key:read"
    ENCRYPTION_KEY_ROTATE = "encryption_key:rotate"
    ENCRYPTION_KEY_ABANDON = "encryption_key:abandon"
    BACKUPS_WRITE = "backups:write"


_MEMBER = frozenset(
    {
        Permission.PROFILE_READ,
        Permission.PROFILE_WRITE,
        Permission.ACTIVITY_READ,
        Permission.PROVIDERS_READ,
        Permission.CREDENTIALS_READ,
        Permission.CREDENTIALS_WRITE,
        Permission.CREDENTIALS_CHECK,
        Permission.AGENT_KEYS_READ,
        Permission.AGENT_KEYS_WRITE,
        Permission.CHAIN_READ,
        Permission.USAGE_READ,
    }
)

# A person never reads a saved secret back, so no role holds SECRETS_RELEASE.
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _MEMBER
    | {
        Permission.SYSTEM_CREDENTIALS_READ,
        Permission.SYSTEM_CREDENTIALS_WRITE,
        Permission.AGENT_KEYS_GRANT_ANY,
        Permission.PROVIDERS_WRITE,
        Permission.USERS_READ,
        Permission.USERS_WRITE,
        Permission.PEOPLES_CREDENTIALS_READ,
        Permission.PEOPLES_CREDENTIALS_DELETE,
        Permission.POLICIES_READ,
        Permission.POLICIES_WRITE,
        Permission.AUDIT_READ,
        Permission.USAGE_READ_ALL,
        Permission.ENCRYPTION_KEY_READ,
        Permission.ENCRYPTION_KEY_ROTATE,
    },
}

SCOPE_PERMISSIONS: dict[Scope, frozenset[Permission]] = {
    Scope.RESOLVE: frozenset({Permission.SECRETS_RELEASE, Permission.PROVIDERS_READ}),
    Scope.RESOLVE_ANY: frozenset(
        {
            Permission.SECRETS_RELEASE,
            Permission.SECRETS_RELEASE_ANY,
            Permission.PROVIDERS_READ,
        }
    ),
    Scope.KEYS_READ: frozenset(
        {Permission.CREDENTIALS_READ, Permission.PROVIDERS_READ, Permission.USAGE_READ}
    ),
    Scope.KEYS_WRITE: frozenset(
        {
            Permission.CREDENTIALS_READ,
            Permission.CREDENTIALS_WRITE,
            Permission.CREDENTIALS_CHECK,
            Permission.PROVIDERS_READ,
            Permission.USAGE_READ,
        }
    ),
}

OPERATOR_PERMISSIONS = frozenset(
    {
        Permission.USERS_WRITE,
        Permission.AGENT_KEYS_WRITE,
        Permission.AGENT_KEYS_GRANT_ANY,
        Permission.CHAIN_READ,
        Permission.SECRETS_RELEASE,
        Permission.SECRETS_RELEASE_ANY,
        Permission.ENCRYPTION_KEY_READ,
        Permission.ENCRYPTION_KEY_ROTATE,
        Permission.ENCRYPTION_KEY_ABANDON,
        Permission.BACKUPS_WRITE,
        Permission.AUDIT_READ,
    }
)


class PrincipalKind(StrEnum):
    USER = "user"
    AGENT = "agent"
    OPERATOR = "operator"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Principal:
    """Who acts in one call. `user_id` is the person acted for; None for operator and anonymous."""

    kind: PrincipalKind
    permissions: frozenset[Permission]
    label: str
    user_id: str | None = None
    name: str = ""
    email: str = ""
    role: Role | None = None
    agent_key_id: str | None = None
    session_digest: str | None = None
    address: str = ""

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless this principal holds the permission."""
        if not self.can(permission):
            raise Forbidden


def user_principal(
    *,
    user_id: str,
    email: str,
    name: str,
    role: Role,
    session_digest: str | None = None,
    address: str = "",
) -> Principal:
    return Principal(
        PrincipalKind.USER,
        ROLE_PERMISSIONS[role],
        label=email,
        user_id=user_id,
        name=name,
        email=email,
        role=role,
        session_digest=session_digest,
        address=address,
    )


def agent_principal(
    *,
    agent_key_id: str,
    user_id: str,
    email: str,
    name: str,
    scopes: frozenset[Scope],
    role: Role,
    address: str = "",
) -> Principal:
    """Build an agent's principal. `RESOLVE_ANY` counts only while its owner is still an admin."""
    held = scopes if role is Role.ADMIN else scopes - {Scope.RESOLVE_ANY}
    permissions = frozenset().union(*(SCOPE_PERMISSIONS[s] for s in held))
    return Principal(
        PrincipalKind.AGENT,
        permissions,
        label=f"{name} ({email})",
        user_id=user_id,
        name=name,
        email=email,
        agent_key_id=agent_key_id,
        address=address,
    )


def operator_principal() -> Principal:
    """The person at the server's own shell."""
    return Principal(PrincipalKind.OPERATOR, OPERATOR_PERMISSIONS, label="operator")


def anonymous_principal(address: str = "") -> Principal:
    return Principal(PrincipalKind.ANONYMOUS, frozenset(), label="anonymous", address=address)
