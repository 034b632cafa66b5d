"""Uses for the pictures: three months of working days, with bad weeks, long names and what is gone."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from keyportal.domain.clock import SystemClock
from keyportal.domain.principals import Principal
from keyportal.persistence.tables import AgentKeyRow, CredentialRow, UsageDayRow
from keyportal.services.portal import Portal

_DAYS = 90
_GONE = str(UUID(int=1))


def add_usage(portal: Portal, who: Principal) -> None:
    """Let a person's agent keys use their keys, the system's, the server's, and one that is gone."""
    today = SystemClock().now().date()
    with portal.database.transaction() as session:
        agents = _ids(session, AgentKeyRow, AgentKeyRow.user_id == who.user_id)[:7]
        own = _ids(session, CredentialRow, CredentialRow.owner_id == who.user_id)[:9]
        system = _ids(session, CredentialRow, col(CredentialRow.owner_id).is_(None))[:3]
        gone = [(_GONE, "together")]
        kinds = [*((k, "user") for k in [*own, *gone]), *((k, "system") for k in system)]
        for number, ((key, provider), source) in enumerate([*kinds, (("", "openai"), "environment")]):
            agent = agents[number % len(agents)][0]
            for back in range(0, _DAYS, 1 + number % 3):
                row = _row(today - timedelta(days=back), number, provider or "perplexity", source, key, agent)
                session.add(row)


def _ids(session: Session, table: type[CredentialRow] | type[AgentKeyRow], which: object) -> Sequence[tuple]:
    query = select(table).where(which).order_by(col(table.created_at), col(table.id))  # type: ignore[arg-type]
    return [(row.id, getattr(row, "provider", "")) for row in session.exec(query).all()]


def _row(day: date, number: int, provider: str, source: str, key: str, agent: str) -> UsageDayRow:
    weekday = 1 if day.weekday() < 5 else 6
    count = (4000 // (number + 1) + day.toordinal() * (number + 3) % 97 * 3) // weekday
    failed = count // 40 if number % 4 == 1 else count // 900
    return UsageDayRow(
        day=day,
        provider=provider,
        source=source,
        credential_id=key,
        agent_key_id=agent,
        count=count,
        ok=count - failed if number % 3 != 2 else 0,
        auth_failed=failed if number % 4 == 1 else 0,
        rate_limited=failed,
        quota_exhausted=failed // 2,
    )
