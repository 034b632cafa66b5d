"""Keys for the pictures: many, in every status, with long and foreign names, used never or very often."""

from datetime import datetime, timedelta
from typing import Any

from keyportal.domain.checks import CheckResult, Outcome
from keyportal.domain.clock import SystemClock
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence.tables import UsageDayRow
from keyportal.services import credential_order, credential_rotation, credentials, links
from keyportal.services.check_views import details_of
from keyportal.services.credential_rotation import NewValue
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import NewCredential
from keyportal.services.portal import Portal
from tests.services.support import spoil
from tests.support import FakeClock

MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-4.1-mini",
    "o4-mini",
    "whisper-1",
    "text-embedding-3-large",
    *(f"ft:gpt-4o-mini:a-team-with-a-long-name:version-{n}:9abcDEF" for n in range(60)),
)
LONG_NAME = "Evaluations of the quarterly report for the board, second opinion by Gemini 2027"
# Provider, name, label, last test, uses, active.
_KEYS: tuple[tuple[str, str, str, str, int, bool], ...] = (
    ("openai", "Production", "prod", "valid", 412_907, True),
    ("openai", "Staging", "staging", "quota_exhausted", 1_204, True),
    ("openai", "Batch jobs at night", "prod", "valid", 88_120, True),
    ("anthropic", "Claude for the support desk", "prod", "valid", 98_311, True),
    ("gemini", LONG_NAME, "dev", "valid_limited", 77, True),
    ("openrouter", "客户支持热线的语音转写与质量检查", "", "rate_limited", 0, True),
    ("deepseek", "مفتاح الاختبار لفريق الدعم", "", "invalid", 1_000_000, False),
    ("deepgram", "Hotline transcripts", "a-label-of-some-length", "unreachable", 5, True),
    ("mistral", "Old experiments", "", "", 0, True),
    ("groq", "Fast answers", "dev", "provider_error", 12, True),
    ("xai", "Grok", "", "region_or_endpoint_mismatch", 3, True),
    ("", "Licence of the crawler", "", "", 41, True),
)
_MORE = ("Research", "Website chat", "Translations", "Search index", "Data team")
_MESSAGES = {
    Outcome.VALID: "OpenAI accepts this key, and it may use models.",
    Outcome.QUOTA_EXHAUSTED: "The quota of this account is used up. Add credit at the provider.",
    Outcome.INVALID: "The provider refused this key (invalid_api_key). Create a new one there.",
}


def add_keys(portal: Portal, clock: FakeClock, ada: Principal) -> None:
    """Give Ada sixty keys, some of them linked, ordered, half and wholly rotated."""
    by_name = {}
    for number, key in enumerate(_KEYS):
        clock.advance(timedelta(hours=26))
        by_name[key[1]] = _add(portal, ada, number, *key)
    # What was not used since is then unused for a month.
    clock.advance(timedelta(days=22))
    for number in range(52):
        provider, _, label, outcome, uses, active = _KEYS[number % 11]
        clock.advance(timedelta(hours=9))
        team = f"{_MORE[number % 5]} {number // 11 + 1} · {provider}"
        _add(portal, ada, 20 + number, provider, team, label, outcome, uses // 100, active)
    _link_and_order(portal, ada, by_name)
    _rotate(portal, clock, ada, by_name)


def add_system_keys(portal: Portal, clock: FakeClock, admin: Principal) -> None:
    for number, (provider, name, label, outcome, uses, active) in enumerate(_KEYS[:9]):
        clock.advance(timedelta(hours=5))
        name = f"Company {provider} {number + 1}" if number < 4 else name
        _add(portal, admin, 90 + number, provider, name, label, outcome, uses, active, Ownership.SYSTEM)


def add_good_keys(portal: Portal, clock: FakeClock, grace: Principal) -> None:
    """Give somebody two keys there is nothing to say about."""
    for number, provider in enumerate(("anthropic", "openai")):
        made = _add(portal, grace, 120 + number, provider, f"My {provider} key", "", "valid", 240, True)
        spoil(portal, made.id, last_used_at=clock.now())


def _add(
    portal: Portal, who: Principal, number: int, provider: str, name: str, label: str, outcome: str,
    uses: int, active: bool, ownership: Ownership = Ownership.USER,
) -> CredentialView:  # fmt: skip
    now = portal.clock.now()
    new = NewCredential(
        provider, name, Secret(f"sk-picture-{number:04d}-0123456789abcdef"), environment=label, active=active,
        expires_at=_expiry(number, now) if provider else None,
        remind_at=now + timedelta(days=1) if number == 4 else None,
        note="Asked for by the support team; the invoice goes to cost centre 4711." if number == 0 else "",
    )  # fmt: skip
    made = credentials.create(portal, who, ownership, new)
    used = {"usage_count": uses, "last_used_at": now + timedelta(hours=3)} if uses else {}
    spoil(portal, made.id, unreadable=number == 9, **used, **_health(outcome, number, now))
    _add_usage(portal, made, uses)
    return made


def _expiry(number: int, now: datetime) -> datetime | None:
    """Let one expire soon after the last was added, one long ago, some in a year."""
    days = {3: 60, 7: 2}.get(number, 365 if number % 3 == 0 else 0)
    return now + timedelta(days=days) if days else None


def _health(outcome: str, number: int, now: datetime) -> dict[str, Any]:
    if not outcome:
        return {}
    found = CheckResult(
        Outcome(outcome),
        _MESSAGES.get(Outcome(outcome), "The provider did not say more."),
        latency_ms=180 + 13 * number,
        models=MODELS if outcome == "valid" else (),
        balance="$ 41.20" if number == 0 else None,
    )
    return {
        "health_outcome": outcome,
        "health_message": found.message,
        "health_checked_at": now + timedelta(hours=2),
        "health_latency_ms": found.latency_ms,
        "health_details": details_of(found),
    }


def _add_usage(portal: Portal, made: CredentialView, uses: int) -> None:
    if uses < 1000:
        return
    today = SystemClock().now().date()
    days = [today - timedelta(days=n) for n in range(33)]
    with portal.database.transaction() as session:
        for number, day in enumerate(days):
            count = uses // 40 * (3 + number * 7 % 5) // (4 if day.weekday() > 4 else 1)
            session.add(UsageDayRow(day=day, provider=made.provider, source="user", credential_id=made.id,
                                    agent_key_id="", count=count))  # fmt: skip


def _link_and_order(portal: Portal, ada: Principal, by_name: dict[str, CredentialView]) -> None:
    general = by_name["Licence of the crawler"].id
    links.link(portal, ada, Ownership.USER, general, "perplexity")
    links.link(portal, ada, Ownership.USER, by_name["Production"].id, "openrouter", "openai/gpt-4o*")
    links.link(portal, ada, Ownership.USER, by_name["Production"].id, "openai", "gpt-4.1-mini-2026-*")
    credential_order.make_primary(portal, ada, Ownership.USER, by_name["Production"].id)


def _rotate(portal: Portal, clock: FakeClock, ada: Principal, by_name: dict[str, CredentialView]) -> None:
    """Leave one rotation half-way and finish another."""
    for name in ("Claude for the support desk", "Batch jobs at night"):
        clock.advance(timedelta(hours=1))
        value = NewValue(Secret(f"sk-picture-{len(name):04d}-new456789abcdef"))
        credential_rotation.begin(portal, ada, Ownership.USER, by_name[name].id, value)
    credential_rotation.finish(portal, ada, Ownership.USER, by_name["Batch jobs at night"].id, 7)
