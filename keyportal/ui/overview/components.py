"""The checklist of a first run, what needs attention, and one card per provider with its chain."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.overview.state import AttentionRow, ChainRow, OverviewState, StepRow
from keyportal.ui.shared.widgets.badge import look_badge, moment, tile
from keyportal.ui.shared.widgets.sentence import sentence
from keyportal.ui.theme import CONCERN, SOURCE, VERDICT


def overview() -> rx.Component:
    """What needs somebody first, then what is used."""
    return rx.cond(
        OverviewState.is_loaded,
        rx.vstack(
            rx.cond(OverviewState.is_started, rx.fragment(), _checklist()),
            rx.cond(OverviewState.attention.length() > 0, _attention_list()),
            rx.cond(OverviewState.chains.length() > 0, _chains()),
            width="100%",
            spacing="5",
        ),
        rx.vstack(*[rx.skeleton(height="92px", width="100%") for _ in range(3)], width="100%"),
    )


def _chains() -> rx.Component:
    return rx.el.section(
        rx.heading("What is used for you", size="4", as_="h2", class_name="kp-section-title"),
        rx.box(rx.foreach(OverviewState.chains, _chain), class_name="kp-chains"),
        _without_key(),
        class_name="kp-section",
    )


def _checklist() -> rx.Component:
    start = OverviewState.start
    return rx.el.section(
        rx.box(
            rx.heading("Get started", size="4", as_="h2", class_name="kp-section-title"),
            rx.text(start.done, " of 4 done", class_name="kp-sub", data_testid="start-done"),
            class_name="kp-section-head",
        ),
        rx.el.ol(
            _start_step(
                start.has_key,
                "Save an API key",
                "Paste a provider's key once. It is encrypted and never shown again.",
                routes.API_KEYS,
                "Add key",
            ),
            _start_step(
                start.has_checked_key,
                "Test it",
                "KeyPortal asks the provider whether the key works and what it may do.",
                routes.API_KEYS,
                "Test",
            ),
            _start_step(
                start.has_agent_key,
                "Create an agent key",
                "A program shows it to be given the right key. Give each program its own.",
                routes.AGENT_KEYS,
                "Create",
            ),
            _start_step(
                start.has_used_agent_key,
                "Let a program ask",
                "POST /api/resolve/openai with its agent key. The snippet after creating one is ready to"
                " run.",
                "/api/docs",
                "Documentation",
                is_external=True,
            ),
            class_name="kp-start",
        ),
        rx.cond(
            start.is_served & ~start.has_key,
            rx.text(
                "A system key serves you already; a key of your own comes before it.",
                class_name="kp-sub kp-start-hint",
                data_testid="is-served",
            ),
        ),
        rx.cond(OverviewState.is_admin, _admin_hints()),
        class_name="kp-section",
        data_testid="checklist",
    )


def _start_step(
    is_done: rx.Var[bool], title: str, teach: str, href: str, act: str, *, is_external: bool = False
) -> rx.Component:
    link = rx.el.a if is_external else rx.link
    return rx.el.li(
        rx.cond(
            is_done,
            rx.icon("circle-check", size=18, aria_label="Done"),
            rx.icon("circle", size=18, aria_label="To do"),
        ),
        rx.box(
            rx.text(title, weight="medium", size="2"),
            rx.cond(is_done, rx.fragment(), rx.text(teach, class_name="kp-sub")),
            class_name="kp-start-words",
        ),
        rx.cond(
            is_done,
            rx.fragment(),
            link(act, href=href, class_name="kp-act", custom_attrs={"aria-label": f"{act}: {title}"}),
        ),
        custom_attrs={"data-done": rx.cond(is_done, "true", "false")},
        data_testid="start-step",
    )


def _admin_hints() -> rx.Component:
    return rx.text(
        "As an admin you can also ",
        rx.link("add a system key", href=routes.SYSTEM_KEYS, underline="always"),
        " that everybody falls back to, and ",
        rx.link("invite your team", href=routes.USERS, underline="always"),
        ".",
        class_name="kp-sub kp-start-hint",
    )


def _attention_list() -> rx.Component:
    return rx.el.section(
        rx.heading("Needs attention", size="4", as_="h2", class_name="kp-section-title"),
        rx.el.ul(rx.foreach(OverviewState.attention, _attention_row), class_name="kp-attention-list"),
        rx.cond(
            OverviewState.has_more_attention,
            rx.text(
                "There are more. Filter your ",
                rx.link("API keys", href=routes.API_KEYS, underline="always"),
                " by status and health to see them all.",
                class_name="kp-sub",
                data_testid="more-attention",
            ),
        ),
        class_name="kp-section",
        data_testid="attention",
    )


def _attention_row(item: rx.Var[AttentionRow]) -> rx.Component:
    return rx.el.li(
        tile(item.initials),
        rx.box(
            rx.hstack(
                rx.text(item.name, weight="medium", size="2", class_name="kp-truncate", title=item.name),
                look_badge(item.concern, CONCERN, "concern"),
                rx.cond(item.source == "system", look_badge("system", SOURCE)),
                spacing="2",
                align="center",
                wrap="wrap",
            ),
            rx.text(
                sentence(item.sentence),
                rx.cond(item.at, rx.el.span(" · ", moment(item.at))),
                class_name="kp-sub kp-anywhere",
            ),
            class_name="kp-start-words",
        ),
        rx.link(
            item.act,
            href=item.href,
            class_name="kp-act",
            custom_attrs={"aria-label": item.act + " " + item.name},
        ),
        key=item.key,
        custom_attrs={"data-concern": item.concern, "data-name": item.name},
        data_testid="attention-item",
    )


def _without_key() -> rx.Component:
    count = OverviewState.without_key
    return rx.cond(
        count > 0,
        rx.box(
            rx.text(
                count,
                rx.cond(count == 1, " more provider has no key yet.", " more providers have no key yet."),
                size="2",
                color="var(--gray-11)",
                data_testid="without-key",
            ),
            rx.link(rx.button("Add an API key", variant="soft", size="1"), href=routes.API_KEYS),
            class_name="kp-quiet-line",
        ),
    )


def _chain(chain: rx.Var[ChainRow]) -> rx.Component:
    return rx.box(
        rx.box(
            tile(chain.initials),
            rx.box(
                rx.heading(chain.provider_name, size="3", as_="h3"),
                rx.text(sentence(chain.reason), size="2", color="var(--gray-11)", data_testid="reason"),
                class_name="kp-chain-words",
            ),
            look_badge(chain.source, SOURCE, "chain-source"),
            class_name="kp-chain-head",
        ),
        rx.el.ol(rx.foreach(chain.steps, _step), class_name="kp-steps"),
        rx.cond(chain.hidden_steps.length() > 0, _folded(chain)),
        rx.cond(
            chain.more != "",
            rx.text(chain.more, size="2", color="var(--gray-11)", data_testid="steps-not-shown"),
        ),
        class_name="kp-chain",
        data_testid="chain",
        custom_attrs={"data-provider": chain.provider, "data-source": chain.source},
    )


def _folded(chain: rx.Var[ChainRow]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            chain.hidden_steps.length(), " more not needed", class_name="kp-summary", data_testid="more-steps"
        ),
        rx.el.ol(rx.foreach(chain.hidden_steps, _step), class_name="kp-steps"),
        class_name="kp-folded",
    )


def _step(step: rx.Var[StepRow]) -> rx.Component:
    return rx.el.li(
        look_badge(step.source, SOURCE),
        rx.box(
            rx.text.span(step.name, overflow_wrap="anywhere"),
            " ",
            rx.text.span(step.mask, class_name="kp-mono kp-sub"),
            rx.text.span(" · ", sentence(step.situation), class_name="kp-sub"),
        ),
        look_badge(step.verdict, VERDICT),
        class_name="kp-step",
        custom_attrs={"data-verdict": step.verdict},
    )
