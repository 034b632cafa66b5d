"""For programs: ask a KeyPortal which API key to use, and tell it what came of it.

Needs httpx and nothing else: never imports another part of KeyPortal. Keeps no key between two calls.
"""

from keyportal.client.answers import Replaced, Resolution, ResolvedCredential
from keyportal.client.awaiting import AsyncKeyPortal
from keyportal.client.blocking import KeyPortal
from keyportal.client.errors import (
    AgentKeyRefused,
    AlreadyReported,
    BadAnswer,
    ClientError,
    KeyUnreadable,
    NeedsReentry,
    NoKey,
    NotAllowed,
    NotConfigured,
    ProviderDisabled,
    Refused,
    ReportedTooLate,
    TooManyRequests,
    Unavailable,
    UnknownProvider,
    UnknownResolution,
)
from keyportal.client.outcomes import Outcome, outcome_of

__all__ = [
    "AgentKeyRefused",
    "AlreadyReported",
    "AsyncKeyPortal",
    "BadAnswer",
    "ClientError",
    "KeyPortal",
    "KeyUnreadable",
    "NeedsReentry",
    "NoKey",
    "NotAllowed",
    "NotConfigured",
    "Outcome",
    "ProviderDisabled",
    "Refused",
    "Replaced",
    "ReportedTooLate",
    "Resolution",
    "ResolvedCredential",
    "TooManyRequests",
    "Unavailable",
    "UnknownProvider",
    "UnknownResolution",
    "outcome_of",
]
