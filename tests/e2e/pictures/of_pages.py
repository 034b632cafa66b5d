"""The pages, full and empty and in trouble."""

from playwright.sync_api import Page, expect

from tests.e2e.pictures.picture import Picture
from tests.e2e.pictures.seed import ADA, GRACE, NEW

_LISTS = {
    "api-keys": "/api-keys",
    "agent-keys": "/agent-keys",
    "system-keys": "/admin/system-keys",
    "users": "/admin/users",
    "providers": "/admin/providers",
    "audit": "/admin/audit",
}
_TWO = (1280, 390)
_NO_MATCH = {name: f"{path}?q=nothing+like+this" for name, path in _LISTS.items()}


def _days_as_a_table(page: Page) -> None:
    page.get_by_test_id("days-as-table").click()
    expect(page.get_by_test_id("day-line").first).to_be_visible()


def _list_refused(page: Page) -> None:
    expect(page.get_by_test_id("list-problem")).to_be_visible()


PICTURES = (
    Picture("set-up", "/set-up", who="", where="fresh"),
    Picture("set-up-refused", "/set-up?problem=invalid_input&field=password", who="", where="fresh"),
    Picture("sign-in", "/sign-in", who=""),
    Picture("sign-in-refused", "/sign-in?problem=sign_in_failed", who=""),
    Picture("join", "/join#picture", who=""),
    Picture("join-refused", "/join?problem=invalid_input&field=password#picture", who=""),
    Picture("join-ended", "/join?problem=link_ended", who=""),
    Picture("reset", "/reset#picture", who=""),
    Picture("not-found", "/no-such-page", who=""),
    Picture("broken", "/api-keys", is_broken=True, widths=_TWO),
    Picture("overview-empty", "/", who=NEW, where="empty", whole=True),
    Picture("overview-attention", "/", whole=True),
    Picture("overview-done", "/", who=GRACE, whole=True),
    *(Picture(f"{name}-full", path) for name, path in _LISTS.items()),
    *(Picture(f"{name}-empty", path, who=NEW, where="empty", widths=_TWO) for name, path in _LISTS.items()),
    *(Picture(f"{name}-no-match", path, widths=_TWO) for name, path in _NO_MATCH.items()),
    Picture("api-keys-narrowed", "/api-keys?provider=openai&status=active&sort=-usage&size=50"),
    Picture("api-keys-problem", "/api-keys?status=nonsense", _list_refused, widths=_TWO),
    Picture("audit-narrowed", "/admin/audit?within=days&action=credential.create&result=ok"),
    Picture("usage-full", "/usage", whole=True),
    Picture("usage-everyone", "/usage?person=everyone&by=key&days=90", whole=True),
    Picture("usage-by-agent-key", "/usage?by=agent_key&days=7&source=user", whole=True, widths=_TWO),
    Picture("usage-days", "/usage?by=key&sort=rate", _days_as_a_table, whole=True, widths=_TWO),
    Picture("usage-empty", "/usage", who=NEW, where="empty", widths=_TWO),
    Picture("usage-no-match", "/usage?q=nothing+like+this", widths=_TWO),
    Picture("usage-problem", "/usage?days=365", _list_refused, widths=_TWO),
    Picture("policies", "/admin/policies", whole=True),
    Picture("account", "/account", who=ADA, whole=True),
    Picture(
        "account-refused",
        "/account?problem=invalid_input&field=current_password",
        whole=True,
        widths=_TWO,
    ),
)
