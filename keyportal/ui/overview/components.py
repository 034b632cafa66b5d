"""One card per provider: the chain in order, with the winner marked and why."""

import reflex as rx

from keyportal.ui import routes
from keyportal.ui.overview.state import ChainRow, OverviewState, StepRow
from keyportal.ui.shared.widgets.badge import look_badge, tile
from keyportal.ui.shared.widgets.states import empty_state
from keyportal.ui.theme import SOURCE, VERDICT


def chains() -> rx.Component:
    return rx.cond(
        OverviewState.is_loaded,
        rx.vstack(
            rx.cond(
                OverviewState.chains.length() == 0,
                empty_state(
                    "key-round",
                    "No provider has a key yet",
                    "Add your first API key and test it. Programs then ask for it by the provider's name.",
                    rx.link(rx.button("Add an API key"), href=routes.API_KEYS),
                    test_id="empty-overview",
                ),
                rx.fragment(
                    rx.box(rx.foreach(OverviewState.chains, _chain), class_name="kp-chains", width="100%"),
                    _without_key(),
                ),
            ),
            width="100%",
            spacing="4",
        ),
        rx.vstack(*[rx.skeleton(height="92px", width="100%") for _ in range(3)], width="100%"),
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
                rx.text(chain.reason, size="2", color="var(--gray-11)", data_testid="reason"),
                class_name="kp-chain-words",
            ),
            look_badge(chain.source, SOURCE, "chain-source"),
            class_name="kp-chain-head",
        ),
        rx.el.ol(rx.foreach(chain.steps, _step), class_name="kp-steps"),
        rx.cond(chain.hidden_steps.length() > 0, _folded(chain)),
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
            rx.text.span(" · ", step.situation, class_name="kp-sub"),
        ),
        look_badge(step.verdict, VERDICT),
        class_name="kp-step",
        custom_attrs={"data-verdict": step.verdict},
    )
