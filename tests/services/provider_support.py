"""Short ways to what admins decide about providers."""

from typing import Any

from sqlalchemy import update
from sqlmodel import col

from keyportal.domain.principals import Principal
from keyportal.persistence.tables import ProviderRow
from keyportal.services import provider_edits, providers
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider, ProviderEdit
from keyportal.services.provider_views import DecisionView, list_decisions

ELSEWHERE = "https://llm.example.com/v1"


def decision(portal: Portal, root: Principal, provider_id: str) -> DecisionView:
    return next(view for view in list_decisions(portal, root) if view.id == provider_id)


def add(portal: Portal, root: Principal, name: str = "Our cluster", **more: Any) -> DecisionView:
    return provider_edits.add_custom(portal, root, NewProvider(name, more.pop("base_url", ELSEWHERE), **more))


def spoil_provider(portal: Portal, provider_id: str, **values: Any) -> None:
    """Change a decision behind the services' back."""
    with portal.database.transaction() as session:
        session.exec(update(ProviderRow).where(col(ProviderRow.id) == provider_id).values(**values))
    portal.live_registry.forget()


def ids(portal: Portal, who: Principal, **more: bool) -> set[str]:
    return {view.id for view in providers.list_providers(portal, who, **more)}


# --- who may, and what is there


def set_base_url(portal: Portal, principal: Principal, provider_id: str, url: str) -> DecisionView:
    """Move a provider, or with an empty address back."""
    return provider_edits.update(portal, principal, provider_id, ProviderEdit(base_url=url))
