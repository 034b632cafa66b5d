"""The one portal the screens call, put here by the composition root when the server starts."""

from keyportal.services.portal import Portal

_opened: list[Portal] = []


def use_portal(portal: Portal | None) -> None:
    """Set the portal for this process, or take it away at the end."""
    _opened[:] = [portal] if portal else []


def current_portal() -> Portal:
    if not _opened:
        raise RuntimeError("no portal is open: the composition root opens it in the lifespan")
    return _opened[0]
