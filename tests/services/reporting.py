"""Keys handed out to programs, for tests of what these report."""

from typing import Any

from sqlmodel import select

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal
from keyportal.persistence.release_batches import Batch, write_in
from keyportal.persistence.tables import UsageDayRow
from keyportal.services import audit, policies, usage_reports
from keyportal.services.portal import Portal
from keyportal.services.usage_reports import ReportView
from tests.conftest import person
from tests.services.support import row_of


def handed_out(portal: Portal, agent: Principal, credential_id: str = "", count: int = 1) -> str:
    """Put on record that a key, or else a variable of the server, was given to a program; return the id.

    Written as a resolve is, but for this very key: a resolve would choose one itself.
    """
    batch = Batch(portal.clock.now())
    row = row_of(portal, credential_id) if credential_id else None
    source = "environment" if row is None else "user" if row.owner_id else "system"
    details: dict[str, Any] = {"provider": "openai", "source": source}
    details["secret_version"] = row.secret_version if row else None
    if count > 1:
        details["count"] = count
    event = audit.event_of(
        portal, agent, Action.CREDENTIAL_RESOLVE, details,
        object_id=credential_id, object_label="", address="", at=batch.at,
    )  # fmt: skip
    batch.events.append(event)
    day = batch.at.date().isoformat()
    batch.days[(day, "openai", source, credential_id, agent.agent_key_id or "")] = count
    if credential_id:
        batch.uses[credential_id] = count
    with portal.database.transaction() as session:
        write_in(session, batch, audit.linking(portal))
    return event.uid


def report(portal: Portal, agent: Principal, credential_id: str, outcome: str, **more: Any) -> ReportView:
    """Hand a key out to a program and let it report what came of it."""
    return usage_reports.report(portal, agent, handed_out(portal, agent, credential_id), outcome, **more)


def decide(portal: Portal, **wanted: object) -> None:
    policies.change_policies(portal, person(portal, "root"), wanted)


def counted(portal: Portal) -> list[UsageDayRow]:
    with portal.database.reading() as session:
        return list(session.exec(select(UsageDayRow).order_by(UsageDayRow.day)))  # type: ignore[arg-type]
