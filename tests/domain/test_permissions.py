"""The permission table, written out: every role and scope against every permission."""

from datetime import timedelta

import pytest

from keyportal.domain.agent_keys import AgentKeyStatus, agent_key_status
from keyportal.domain.audit import DETAILS
from keyportal.domain.errors import Forbidden
from keyportal.domain.principals import (
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    Permission,
    Role,
    Scope,
    agent_principal,
    anonymous_principal,
    operator_principal,
    user_principal,
)
from tests.support import START

COLUMNS = ("member", "admin", "resolve", "resolve:any", "keys:read", "keys:write", "operator", "anonymous")
TABLE = {
    "profile:read":             "yes yes -   -   -   -   -   -",
    "profile:write":            "yes yes -   -   -   -   -   -",
    "activity:read":            "yes yes -   -   -   -   -   -",
    "providers:read":           "yes yes yes yes yes yes -   -",
    "providers:write":          "-   yes -   -   -   -   -   -",
    "credentials:read":         "yes yes -   -   yes yes -   -",
    "credentials:write":        "yes yes -   -   -   yes -   -",
    "credentials:check":        "yes yes -   -   -   yes -   -",
    "system_credentials:read":  "-   yes -   -   -   -   -   -",
    "system_credentials:write": "-   yes -   -   -   -   -   -",
    "agent_keys:read":          "yes yes -   -   -   -   -   -",
    "agent_keys:write":         "yes yes -   -   -   -   yes -",
    "agent_keys:grant_any":     "-   yes -   -   -   -   yes -",
    "chain:read":               "yes yes -   -   -   -   yes -",
    "secrets:release":          "-   -   yes yes -   -   yes -",
    "secrets:release_any":      "-   -   -   yes -   -   yes -",
    "users:read":               "-   yes -   -   -   -   -   -",
    "users:write":              "-   yes -   -   -   -   yes -",
    "peoples_credentials:read": "-   yes -   -   -   -   -   -",
    "peoples_credentials:delete": "- yes -   -   -   -   -   -",
    "policies:read":            "-   yes -   -   -   -   -   -",
    "policies:write":           "-   yes -   -   -   -   -   -",
    "audit:read":               "-   yes -   -   -   -   yes -",
    "usage:read":               "yes yes -   -   yes yes -   -",
    "usage:read_all":           "-   yes -   -   -   -   -   -",
    "encryption_key:read":      "-   yes -   -   -   -   yes -",
    "encryption_key:rotate":    "-   yes -   -   -   -   yes -",
    "encryption_key:abandon":   "-   -   -   -   -   -   yes -",
    "backups:write":            "-   -   -   -   -   -   yes -",
}  # fmt: skip
PERMITTED = {
    (who, permission): word == "yes"
    for permission, line in TABLE.items()
    for who, word in zip(COLUMNS, line.split(), strict=True)
}


def _agent(scope: Scope, role: Role = Role.ADMIN):
    return agent_principal(
        agent_key_id="k", user_id="u", email="e", name="n", scopes=frozenset({scope}), role=role
    )


PRINCIPALS = {
    **{str(r): user_principal(user_id="u", email="e", name="n", role=r) for r in Role},
    **{str(s): _agent(s) for s in Scope},
    "operator": operator_principal(),
    "anonymous": anonymous_principal(),
}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("who", PRINCIPALS)
def test_who_may_do_what(who: str, permission: Permission) -> None:
    assert PRINCIPALS[who].can(permission) is PERMITTED[who, permission]


def test_the_table_names_nothing_that_does_not_exist() -> None:
    assert set(TABLE) == set(Permission)
    assert set(COLUMNS) == set(PRINCIPALS)


def test_every_role_and_every_scope_has_its_line() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set(SCOPE_PERMISSIONS) == set(Scope)


def test_require_refuses_what_can_denies() -> None:
    with pytest.raises(Forbidden):
        PRINCIPALS["member"].require(Permission.USERS_WRITE)
    PRINCIPALS["admin"].require(Permission.USERS_WRITE)


def test_no_person_may_read_a_saved_secret_back() -> None:
    assert not any(Permission.SECRETS_RELEASE in held for held in ROLE_PERMISSIONS.values())


def test_resolve_any_counts_only_while_its_owner_is_an_admin() -> None:
    demoted = _agent(Scope.RESOLVE_ANY, Role.MEMBER)
    assert demoted.permissions == frozenset()


@pytest.mark.parametrize(
    "word", ["api_key", "value", "secret", "password", "token", "note", "message", "body"]
)
def test_free_text_is_not_on_the_list_of_audit_details(word: str) -> None:
    assert word not in DETAILS


@pytest.mark.parametrize(
    ("seconds_left", "revoked", "status"),
    [
        (1, False, AgentKeyStatus.ACTIVE),
        (0, False, AgentKeyStatus.EXPIRED),
        (-1, False, AgentKeyStatus.EXPIRED),
        (1, True, AgentKeyStatus.REVOKED),
        (-1, True, AgentKeyStatus.REVOKED),
    ],
)
def test_an_agent_key_has_one_status(seconds_left: int, revoked: bool, status: AgentKeyStatus) -> None:
    expires_at, revoked_at = START + timedelta(seconds=seconds_left), START if revoked else None
    assert agent_key_status(expires_at=expires_at, revoked_at=revoked_at, now=START) is status
