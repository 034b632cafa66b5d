"""All there is to know about one stored key: what it is, where it is used, what was done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.sentences import Sentence
from keyportal.persistence import credential_chains, credential_history, credentials, usage, usage_reports
from keyportal.persistence.tables import AuditEventRow, CredentialRow
from keyportal.services import links
from keyportal.services.check_views import CheckView, last_check_view
from keyportal.services.credential_access import READ, require_row
from keyportal.services.credential_places import place_of
from keyportal.services.credential_views import CredentialView, credential_view, credential_views
from keyportal.services.links import LinkView
from keyportal.services.policies import policies_in
from keyportal.services.portal import Portal

DAYS = 30
EVENTS = 20


@dataclass(frozen=True)
class UsageDayView:
    day: date
    count: int


@dataclass(frozen=True)
class ReportsView:
    """How often programs reported an outcome for the keys they were given in the last days."""

    outcome: str
    count: int


@dataclass(frozen=True)
class HistoryView:
    """Something done to a key. `outcome` is what a test found or a report says.

    `about` says what of it, such as the names of what was changed; behind an outcome, what came of that.
    """

    at: datetime
    who: str
    action: str
    result: str
    outcome: str
    about: Sentence


@dataclass(frozen=True)
class CredentialDetails:
    """`place` is a sentence. `waiting` is the new value that is to take this key's place.

    `related` is the name of the key whose place this one is to take, or that took its place.
    `failover_is_offered`: the policies let another key be used while this one fails.
    """

    view: CredentialView
    place: Sentence
    check: CheckView | None
    links: tuple[LinkView, ...]
    usage: tuple[UsageDayView, ...]
    reports: tuple[ReportsView, ...]
    history: tuple[HistoryView, ...]
    waiting: CredentialView | None
    related: str
    failover_is_offered: bool


def get_details(
    portal: Portal, principal: Principal, ownership: Ownership, credential_id: str
) -> CredentialDetails:
    """Return everything about one key but its value. Raises NotFound for missing and not-yours alike."""
    principal.require(READ[ownership])
    with portal.database.reading() as session:
        row = require_row(session, principal, ownership, credential_id)
        return CredentialDetails(
            view=credential_views(portal, session, [row])[0],
            place=place_of(portal, session, row),
            check=last_check_view(row),
            links=tuple(links.views_of(portal, session, row)),
            usage=_usage(portal, session, row),
            reports=_reports(portal, session, row),
            history=tuple(_history(portal, credential_history.history_of(session, row.id, EVENTS))),
            waiting=_waiting(portal, session, row),
            related=_related(session, row),
            failover_is_offered=policies_in(session).failover,
        )


def _usage(portal: Portal, session: Session, row: CredentialRow) -> tuple[UsageDayView, ...]:
    """Return the last days, also those without a use, oldest first."""
    today = portal.clock.now().date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counts = dict(usage.usage_of(session, row.id, days[0]))
    return tuple(UsageDayView(day, counts.get(day, 0)) for day in days)


def _reports(portal: Portal, session: Session, row: CredentialRow) -> tuple[ReportsView, ...]:
    """Return the outcomes that were reported at all, in the order of their list."""
    since = portal.clock.now().date() - timedelta(days=DAYS - 1)
    found = usage_reports.reports_of(session, row.id, since)
    return tuple(ReportsView(outcome, count) for outcome, count in found.items() if count)


def _waiting(portal: Portal, session: Session, row: CredentialRow) -> CredentialView | None:
    ids = credential_chains.waiting_for(session, row.owner_key, [row.id])
    found = credentials.find_credential(session, [row.owner_key], ids[row.id]) if ids else None
    return credential_view(portal, found) if found else None


def _related(session: Session, row: CredentialRow) -> str:
    other = row.replaces_id or row.replaced_by_id
    found = credentials.find_credential(session, [row.owner_key], other) if other else None
    return found.name if found else ""


def _history(portal: Portal, events: Sequence[AuditEventRow]) -> list[HistoryView]:
    return [
        HistoryView(
            at=e.at,
            who=e.principal_label,
            action=e.action,
            result=e.result,
            outcome=str(e.details.get("outcome") or ""),
            about=Sentence(_about(portal, e)),
        )
        for e in events
    ]


def _about(portal: Portal, event: AuditEventRow) -> str | Sentence:
    """Say what of it, in words: from the details that are allowed on the trail, and no others."""
    details = event.details
    if changed := details.get("changed"):
        return ", ".join(_CHANGED.get(name, str(name).replace("_", " ")) for name in changed)
    if event.action == "credential.report":
        return _came_of_report(details)
    if event.action == "credential.move" and "position" in details:
        return f"to place {details['position'] + 1}"
    if event.action == "credential.rotate":
        return _ROTATION.get(details.get("reason") or event.result, "")
    if event.action in ("credential.link", "credential.unlink"):
        provider = portal.providers.find(str(details.get("provider")))
        name = provider.name if provider else details.get("provider")
        return " ".join(str(part) for part in (name, details.get("model_pattern")) if part)
    return "" if details.get("outcome") else str(details.get("reason") or "").replace("_", " ")


def _came_of_report(details: Mapping[str, Any]) -> str | Sentence:
    if "until" not in details:
        return ""
    # Not "steps back": nobody knows by now whether there was another key to use.
    return Sentence("others come first until ", datetime.fromisoformat(details["until"]))


_CHANGED = {
    "api_key": "value",
    "active": "switched on or off",
    "expires_at": "expiry date",
    "remind_at": "reminder",
    "environment": "label",
}
_ROTATION = {
    "started": "a new value waits",
    "ok": "switched over to the new value",
    "discarded": "the new value is discarded",
}
