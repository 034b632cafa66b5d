"""What a call can end with besides an answer. No message holds a key, an address or what was sent."""


class ClientError(Exception):
    """Base of all. `code` is the portal's own where it gave one, and stable."""

    code = "client_error"

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        self.message = message
        self.code = code or type(self).code
        self.status = status
        super().__init__(f"{self.code}: {message}")

    def __reduce__(self) -> tuple[object, ...]:
        # An exception with keywords does not unpickle by itself, and pools of workers pickle them.
        return _again, (type(self), self.message, self.__dict__)


class NotConfigured(ClientError):
    """The address or the agent key is missing or unusable. Nothing was sent."""

    code = "not_configured"


class Unavailable(ClientError):
    """No answer within the budget: not reachable, or an error of the server each time."""

    code = "unavailable"


class BadAnswer(ClientError):
    """What answered does not speak as KeyPortal does, such as a proxy with a page of its own."""

    code = "bad_answer"


class Refused(ClientError):
    """The portal said no, and asking again would not help."""

    code = "refused"


class TooManyRequests(Refused):
    """Asked too often, and the wait is longer than the budget. `retry_after` is in seconds."""

    code = "too_many_attempts"

    def __init__(
        self, message: str, *, code: str | None = None, status: int | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, code=code, status=status)
        self.retry_after = retry_after


class AgentKeyRefused(Refused):
    """The agent key is wrong, expired or revoked; `code` says which."""

    code = "agent_key_refused"


class NotAllowed(Refused):
    """The agent key lacks a scope, or may not act for this person."""

    code = "forbidden"


class NoKey(Refused):
    """Nothing is configured for this provider. The message names every place that was asked."""

    code = "no_key"


class UnknownProvider(Refused):
    code = "unknown_provider"


class ProviderDisabled(Refused):
    code = "provider_disabled"


class KeyUnreadable(Refused):
    """A saved key comes first and cannot be decrypted; nothing else is used in its place."""

    code = "key_unreadable"


class NeedsReentry(KeyUnreadable):
    """A saved key comes first and has lost its value: somebody has to enter it again."""

    code = "needs_reentry"


class UnknownResolution(Refused):
    """There is no such resolution, or another agent key asked for it."""

    code = "not_found"


class AlreadyReported(Refused):
    """Something else was reported for this resolution before."""

    code = "already_reported"


class ReportedTooLate(Refused):
    """Reports are taken for seven days."""

    code = "reported_too_late"


_BY_CODE: dict[str, type[Refused]] = {
    "not_signed_in": AgentKeyRefused,
    "agent_key_expired": AgentKeyRefused,
    "agent_key_revoked": AgentKeyRefused,
    **{
        kind.code: kind
        for kind in (
            AgentKeyRefused,
            NotAllowed,
            NoKey,
            UnknownProvider,
            ProviderDisabled,
            KeyUnreadable,
            NeedsReentry,
            UnknownResolution,
            AlreadyReported,
            ReportedTooLate,
        )
    },
}


def refusal(status: int, code: str, message: str) -> Refused:
    """Return the error that fits a refusal of the portal."""
    return _BY_CODE.get(code, Refused)(message, code=code, status=status)


def _again(kind: type[ClientError], message: str, state: dict[str, object]) -> ClientError:
    error = kind(message, code=str(state["code"]))
    error.__dict__.update(state)
    return error
