"""The vocabulary of the audit trail. Only the detail names listed here may be written."""

from enum import StrEnum


class Action(StrEnum):
    SET_UP = "set_up"
    SET_UP_CODE = "set_up.code"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    PROFILE_UPDATE = "profile.update"
    PASSWORD_CHANGE = "password.change"
    SESSION_END = "session.end"
    USER_CREATE = "user.create"
    USER_INVITE = "user.invite"
    USER_JOIN = "user.join"
    USER_UPDATE = "user.update"
    USER_DEACTIVATE = "user.deactivate"
    USER_REACTIVATE = "user.reactivate"
    USER_RESET = "user.reset"
    USER_REMOVE = "user.remove"
    CREDENTIAL_CREATE = "credential.create"
    CREDENTIAL_UPDATE = "credential.update"
    CREDENTIAL_DELETE = "credential.delete"
    CREDENTIAL_MOVE = "credential.move"
    CREDENTIAL_LINK = "credential.link"
    CREDENTIAL_UNLINK = "credential.unlink"
    CREDENTIAL_ROTATE = "credential.rotate"
    CREDENTIAL_HAND_OVER = "credential.hand_over"
    CREDENTIAL_EXPORT = "credential.export"
    CREDENTIAL_CHECK = "credential.check"
    CREDENTIAL_RESOLVE = "credential.resolve"
    CREDENTIAL_REPORT = "credential.report"
    PROVIDER_CREATE = "provider.create"
    PROVIDER_UPDATE = "provider.update"
    PROVIDER_DELETE = "provider.delete"
    AGENT_KEY_CREATE = "agent_key.create"
    AGENT_KEY_UPDATE = "agent_key.update"
    AGENT_KEY_ROTATE = "agent_key.rotate"
    AGENT_KEY_REVOKE = "agent_key.revoke"
    AGENT_KEY_DELETE = "agent_key.delete"
    POLICY_UPDATE = "policy.update"
    USAGE_EXPORT = "usage.export"
    AUDIT_EXPORT = "audit.export"
    AUDIT_VERIFY = "audit.verify"
    ENCRYPTION_KEY_ROTATE = "encryption_key.rotate"
    ENCRYPTION_KEY_RETIRE = "encryption_key.retire"
    ENCRYPTION_KEY_VERIFY = "encryption_key.verify"
    ENCRYPTION_KEY_ABANDON = "encryption_key.abandon"
    BACKUP_CREATE = "backup.create"
    BACKUP_RESTORE = "backup.restore"
    ACCESS_REFUSED = "access.refused"


class Result(StrEnum):
    OK = "ok"
    STARTED = "started"
    REFUSED = "refused"
    FAILED = "failed"


# A detail whose name is not here is a programming error: free text is how secrets reach a trail.
DETAILS = frozenset(
    {
        "provider",
        "source",
        "mask",
        "ownership",
        "outcome",
        "http_status",
        "latency_ms",
        "changed",
        "scopes",
        "role",
        "reason",
        "for_user",
        "model",
        "expires_at",
        "route",
        "enabled",
        "destination",
        "position",
        "model_pattern",
        "replaces",
        "count",
        "unproven",
        "to",
        "owned",
        "browser",
        "secret_version",
        "failed_over_from",
        "until",
        "resolution_id",
        "at",
    }
)
