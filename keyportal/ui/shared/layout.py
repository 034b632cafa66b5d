"""The frame of every page: the rail, the drawer on a phone, the header row, the notice line."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.shared.session import SessionState

_MEMBER_LINKS = (
    ("Overview", "layout-dashboard", routes.OVERVIEW),
    ("API keys", "key-round", routes.API_KEYS),
    ("Agent keys", "bot", routes.AGENT_KEYS),
    ("Usage", "chart-column", routes.USAGE),
)
_ADMIN_LINKS = (
    ("System keys", "shield", routes.SYSTEM_KEYS),
    ("Users", "users", routes.USERS),
    ("Providers", "blocks", routes.PROVIDERS),
    ("Policies", "sliders-horizontal", routes.POLICIES),
    ("Audit", "scroll-text", routes.AUDIT),
    ("Encryption key", "lock-keyhole", routes.ENCRYPTION),
)


def page(
    title: str, purpose: str, *content: rx.Component, route: str, action: rx.Component | None = None
) -> rx.Component:
    """A signed-in page. Until the server said who is there, only the frame's outline shows."""
    return rx.cond(
        SessionState.is_signed_in,
        rx.box(
            rx.el.a("Skip to content", href="#content", class_name="kp-skip"),
            _rail(route),
            _phone_bar(route),
            rx.el.main(
                rx.box(
                    rx.box(
                        rx.heading(title, size="6", as_="h1"),
                        rx.text(purpose, color="var(--gray-11)", size="2"),
                    ),
                    action or rx.fragment(),
                    class_name="kp-page-header",
                ),
                *content,
                id="content",
                tab_index=-1,
                class_name="kp-main",
            ),
            notice_line(),
            class_name="kp-shell",
        ),
        rx.center(rx.spinner(size="3"), height="100vh", aria_label="Loading", role="status"),
    )


def outside_page(title: str, *content: rx.Component) -> rx.Component:
    """A page for somebody who is not signed in: one card in the middle."""
    return rx.el.main(
        rx.box(_brand(), padding_bottom="20px"),
        rx.card(rx.heading(title, size="5", as_="h1", padding_bottom="16px"), *content, class_name="kp-card"),
        class_name="kp-outside",
    )


def notice_line() -> rx.Component:
    """How the last act went, over the foot of the window. Works without evaluating scripts."""
    return rx.box(
        rx.cond(
            SessionState.notice,
            rx.hstack(
                rx.cond(
                    SessionState.notice_is_problem,
                    rx.icon("circle-alert", size=16, aria_hidden="true"),
                    rx.icon("circle-check", size=16, aria_hidden="true"),
                ),
                rx.text(SessionState.notice, size="2", data_testid="notice"),
                rx.spacer(),
                rx.icon_button(
                    rx.icon("x", size=14),
                    variant="ghost",
                    color_scheme="gray",
                    on_click=SessionState.dismiss_notice,
                    aria_label="Dismiss",
                    data_testid="dismiss-notice",
                ),
                class_name=rx.cond(
                    SessionState.notice_is_problem, "kp-notice kp-notice-problem", "kp-notice"
                ),
                align="center",
                key=SessionState.notice_number.to_string(),
            ),
        ),
        role="status",
        aria_live="polite",
        class_name="kp-notice-place",
    )


def _brand() -> rx.Component:
    return rx.hstack(
        rx.image(src="/logo.svg", width="24px", height="24px", alt=""),
        rx.text("KeyPortal", weight="bold", size="4"),
        align="center",
        spacing="2",
    )


def _rail(route: str) -> rx.Component:
    return rx.el.aside(_brand(), _navigation(route), rx.spacer(), _foot(), class_name="kp-rail")


def _phone_bar(route: str) -> rx.Component:
    return rx.el.header(
        rx.drawer.root(
            rx.drawer.trigger(
                rx.icon_button(
                    rx.icon("menu", size=18),
                    variant="ghost",
                    color_scheme="gray",
                    aria_label="Open the menu",
                    data_testid="open-menu",
                )
            ),
            rx.drawer.overlay(z_index="10"),
            rx.drawer.portal(
                rx.drawer.content(
                    rx.drawer.title("Menu", class_name="kp-visually-hidden"),
                    _brand(),
                    _navigation(route),
                    rx.spacer(),
                    _foot(),
                    class_name="kp-drawer",
                )
            ),
            direction="left",
        ),
        _brand(),
        class_name="kp-phone-bar",
    )


def _navigation(route: str) -> rx.Component:
    return rx.el.nav(
        *[_link(label, icon, to, route) for label, icon, to in _MEMBER_LINKS],
        rx.cond(
            SessionState.is_admin,
            rx.fragment(
                rx.text("Admin", class_name="kp-nav-group"),
                *[_link(label, icon, to, route) for label, icon, to in _ADMIN_LINKS],
            ),
        ),
        aria_label="Main",
        class_name="kp-nav",
    )


def _link(label: str, icon: str, to: str, route: str) -> rx.Component:
    current = {"aria-current": "page"} if to == route else {}
    return rx.link(
        rx.icon(icon, size=16, aria_hidden="true"),
        label,
        _attention_count() if to == routes.OVERVIEW else rx.fragment(),
        href=to,
        underline="none",
        class_name="kp-nav-link",
        custom_attrs=current,
        data_testid=f"nav-{label.lower().replace(' ', '-')}",
    )


def _attention_count() -> rx.Component:
    count = SessionState.attention_count
    return rx.cond(
        count > 0,
        rx.el.span(
            count,
            rx.el.span(rx.cond(count == 1, " key needs attention", " keys need attention"),
                       class_name="kp-visually-hidden"),
            class_name="kp-count",
            data_testid="attention-count",
        ),
    )  # fmt: skip


def _foot() -> rx.Component:
    return rx.box(
        rx.link(
            rx.box(
                rx.text(SessionState.person_name, size="2", weight="medium", class_name="kp-truncate"),
                rx.text(
                    SessionState.person_email,
                    size="1",
                    color="var(--gray-11)",
                    class_name="kp-truncate",
                    data_testid="who-am-i",
                ),
                min_width="0",
                flex="1 1 auto",
            ),
            rx.icon("chevron-right", size=14, aria_hidden="true"),
            href=routes.ACCOUNT,
            underline="none",
            title="Your account",
            class_name="kp-nav-link kp-me",
            data_testid="nav-account",
        ),
        rx.hstack(
            rx.color_mode.button(
                size="2", variant="ghost", color_scheme="gray", aria_label="Switch between light and dark"
            ),
            rx.spacer(),
            # A native form: the answer takes the cookie away, which no event could.
            rx.el.form(
                rx.button(
                    rx.icon("log-out", size=14, aria_hidden="true"),
                    "Sign out",
                    type="submit",
                    variant="ghost",
                    color_scheme="gray",
                    size="2",
                    data_testid="sign-out",
                ),
                action="/api/auth/sign-out",
                method="post",
                on_submit=None,
            ),
            width="100%",
            align="center",
            padding="8px 10px 0",
        ),
        class_name="kp-foot",
    )
