"""The drawer with everything about one key. Read when it is opened, and again after each act."""

from typing import Any

import reflex as rx

from keyportal.domain.errors import KeyPortalError
from keyportal.domain.principals import Permission
from keyportal.services import credential_details, links
from keyportal.services.check_views import CheckView
from keyportal.ui.shared.credentials.check_values import CheckShown, check_shown
from keyportal.ui.shared.credentials.details_values import (
    MODELS_SHOWN,
    DetailsShown,
    HistoryRow,
    LinkRow,
    UsageBar,
    details_shown,
    history_rows,
    link_rows,
    usage_bars,
)
from keyportal.ui.shared.credentials.page_state import CredentialPageState
from keyportal.ui.shared.credentials.report_values import LastReport, ReportRow, last_report, report_rows
from keyportal.ui.shared.guards import guarded
from keyportal.ui.shared.session import current_portal, require_text, text_of
from keyportal.ui.shared.widgets.provider_picker import PickerGroup, PickerOption


class DetailsState(CredentialPageState, mixin=True):
    """`opened` of the list says whose details; the address of the page names it."""

    groups: list[PickerGroup] = []
    details: DetailsShown = DetailsShown()
    details_problem: str = ""
    details_check: CheckShown = CheckShown()
    details_models: list[str] = []
    details_more_models: str = ""
    details_links: list[LinkRow] = []
    details_usage: list[UsageBar] = []
    details_report: LastReport = LastReport()
    details_reports: list[ReportRow] = []
    details_history: list[HistoryRow] = []
    link_chosen: PickerOption = PickerOption()
    link_problem: str = ""
    link_problem_field: str = ""
    # A new form for each link, so that nothing typed for the one before stays.
    link_number: int = 0

    @rx.event
    @guarded(Permission.CREDENTIALS_READ)
    async def open_links(self, credential_id: str) -> list[rx.event.EventSpec]:
        """Open the details where a link is added."""
        self.opened = require_text(credential_id)[:36]
        await self._opened_changed()
        return [*self._write(), rx.set_focus("link-provider")]

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def choose_link_provider(self, provider_id: str) -> None:
        wanted = require_text(provider_id)
        options = [option for group in self.groups for option in group.options]
        self.link_chosen = next((o for o in options if o.id == wanted), PickerOption())

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def add_link(self, form: dict[str, Any]) -> None:
        """Link the open key; a refusal stays beside its field."""
        self.link_problem = self.link_problem_field = ""
        try:
            await self._link(links.link, self.link_chosen.id, text_of(form, "link_pattern").strip())
        except KeyPortalError as refusal:
            self.link_problem, self.link_problem_field = refusal.message, refusal.field or "provider"
            return
        self.link_chosen, self.link_number = PickerOption(), self.link_number + 1
        await self._load_details()

    @rx.event
    @guarded(Permission.CREDENTIALS_WRITE)
    async def remove_link(self, link_id: str) -> None:
        await self._link(links.unlink, require_text(link_id))
        await self._load_details()

    async def _link(self, service: Any, *arguments: str) -> Any:
        return await self._call(
            service, current_portal(), self._principal(), self.ownership, self.opened, *arguments
        )

    async def _opened_changed(self) -> None:
        self.link_chosen, self.link_problem, self.link_problem_field = PickerOption(), "", ""
        self.details, self.details_problem = DetailsShown(), ""
        if self.opened:
            await self._load_details()

    async def _refresh(self) -> None:
        await super()._refresh()
        if self.opened and self.details.id:
            await self._load_details()

    async def _load_details(self) -> None:
        portal, principal = current_portal(), self._principal()
        try:
            found = await self._call(
                credential_details.get_details, portal, principal, self.ownership, self.opened
            )
        except KeyPortalError as refusal:
            self.details, self.details_problem = DetailsShown(), refusal.message
            return
        self.details, self.details_problem = details_shown(found), ""
        self.details_links, self.details_usage = link_rows(found.links), usage_bars(found.usage)
        self.details_report, self.details_reports = last_report(found.view), report_rows(found.reports)
        self.details_history = history_rows(found.history)
        self._show_details_check(found.check)

    def _show_details_check(self, check: CheckView | None) -> None:
        self.details_check = check_shown(check) if check else CheckShown()
        models = list(check.models) if check else []
        self.details_models = models[:MODELS_SHOWN]
        more = (check.models_count if check else 0) - len(self.details_models)
        self.details_more_models = f"and {more:,} more" if more > 0 else ""
