"""The drawer at the right with everything about one key, and what can be done about it."""

from typing import Any

import reflex as rx

from keyportal.ui.shared.credentials.check_result import check_result
from keyportal.ui.shared.credentials.drawer_parts import history, links, usage
from keyportal.ui.shared.credentials.reported import in_use_now, instead_note, reports
from keyportal.ui.shared.credentials.table import label_badge, turned_off
from keyportal.ui.shared.widgets.badge import look_badge, moment
from keyportal.ui.shared.widgets.sentence import sentence
from keyportal.ui.shared.widgets.sheet import section, sheet
from keyportal.ui.theme import ROTATION, STATUS


def details_drawer(state: Any) -> rx.Component:
    details = state.details
    return sheet(
        rx.cond(
            state.details_problem != "",
            rx.text(state.details_problem, size="2", data_testid="details-problem"),
            rx.cond(details.id != "", _details(state), _loading()),
        ),
        is_open=state.opened != "",
        on_open_change=state.close_row,
        title=rx.cond(
            details.name != "",
            details.name,
            rx.cond(state.details_problem != "", "This key cannot be shown", "Loading…"),
        ),
        subtitle=rx.fragment(
            details.provider_name,
            " ",
            rx.text.span(details.mask, class_name="kp-mono", data_testid="details-mask"),
        ),
        test_id="details",
    )


def _loading() -> rx.Component:
    return rx.vstack(*[rx.skeleton(height="64px", width="100%") for _ in range(5)], spacing="5", width="100%")


def _details(state: Any) -> rx.Component:
    details = state.details
    return rx.fragment(
        rx.box(
            _rotation_note(state),
            instead_note(details),
            _facts(state),
            section("In the chain", rx.text(sentence(state.details.place), size="2", data_testid="place")),
            _last_test(state),
            reports(state),
            usage(state),
            links(state),
            history(state),
            _dates(state),
            class_name="kp-sheet-body",
        ),
        _foot(state),
    )


def _rotation_note(state: Any) -> rx.Component:
    """Where a key stands in its rotation, and the way on."""
    details = state.details
    return rx.match(
        details.mark,
        (
            "waiting",
            rx.box(
                rx.text("A new value waits to take this one's place.", size="2"),
                rx.button(
                    "Finish or discard",
                    size="1",
                    variant="soft",
                    on_click=state.open_rotation(details.id),
                    data_testid="go-on-rotating",
                ),
                class_name="kp-details-note",
            ),
        ),
        (
            "waits",
            rx.box(
                rx.text("This is the new value for ", rx.text.strong(details.related), ".", size="2"),
                class_name="kp-details-note",
            ),
        ),
        (
            "retired",
            rx.box(
                rx.text(
                    "Retired: ",
                    rx.cond(details.related != "", rx.text.strong(details.related), "another key"),
                    " took its place.",
                    size="2",
                ),
                class_name="kp-details-note",
            ),
        ),
        rx.fragment(),
    )


def _facts(state: Any) -> rx.Component:
    details = state.details
    return rx.el.dl(
        rx.el.dt("Status"),
        rx.el.dd(
            look_badge(details.status, STATUS, "details-status"),
            rx.cond(
                details.is_primary,
                rx.badge("Primary", color_scheme="iris", variant="soft", high_contrast=True),
            ),
            rx.cond(details.stands_in != "", in_use_now(details.stands_in)),
            rx.cond(details.mark != "", look_badge(details.mark, ROTATION)),
            rx.cond(details.environment != "", label_badge(details.environment)),
            rx.cond(details.provider_enabled, rx.fragment(), turned_off()),
            class_name="kp-badges",
        ),
        rx.cond(
            ~details.is_general,
            rx.fragment(
                rx.el.dt("Expires"),
                rx.el.dd(
                    moment(details.expires_at),
                    class_name=rx.cond(details.expires_soon, "kp-attention", ""),
                ),
            ),
        ),
        rx.cond(
            details.remind_at != "",
            rx.fragment(
                rx.el.dt("Rotate by"),
                rx.el.dd(
                    moment(details.remind_at),
                    class_name=rx.cond(details.reminder_due, "kp-attention", ""),
                ),
            ),
        ),
        rx.cond(
            details.when_it_fails != "",
            rx.fragment(rx.el.dt("When it fails"), rx.el.dd(details.when_it_fails)),
        ),
        rx.cond(
            details.note != "",
            rx.fragment(rx.el.dt("Note"), rx.el.dd(details.note, class_name="kp-note")),
        ),
        class_name="kp-facts",
    )


def _last_test(state: Any) -> rx.Component:
    is_running = state.testing_ids.contains(state.details.id)
    return section(
        "Last test",
        rx.cond(
            (state.details_check.outcome == "") & ~is_running,
            rx.text(
                "Not tested yet. Test asks the provider whether it accepts this key.", class_name="kp-help"
            ),
        ),
        check_result(state.details_check, is_running=is_running, test_id="details-check"),
        rx.cond(
            state.details_models.length() > 0,
            rx.el.p(
                rx.foreach(state.details_models, lambda model: rx.el.code(model, class_name="kp-model-name")),
                rx.cond(state.details_more_models != "", rx.el.span(state.details_more_models)),
                tab_index=0,
                role="group",
                aria_label="Models it can see",
                class_name="kp-model-names",
                data_testid="details-models",
            ),
        ),
    )


def _dates(state: Any) -> rx.Component:
    details = state.details
    return rx.el.p(
        "Added ",
        moment(details.created_at),
        " · changed ",
        moment(details.updated_at),
        " · version ",
        details.version,
        class_name="kp-sub",
    )


def _foot(state: Any) -> rx.Component:
    details = state.details
    return rx.box(
        rx.button(
            rx.spinner("Test", loading=state.testing_ids.contains(details.id), size="1"),
            variant="soft",
            aria_busy=state.testing_ids.contains(details.id),
            on_click=state.test(details.id),
            data_testid="details-test",
        ),
        _act("Edit", state.open_edit(details.id), "details-edit"),
        rx.cond(details.can_rotate, _act("Rotate…", state.open_rotation(details.id), "details-rotate")),
        rx.spacer(),
        rx.button(
            "Delete",
            variant="soft",
            color_scheme="red",
            on_click=state.ask_delete(details.id),
            data_testid="details-delete",
        ),
        class_name="kp-sheet-foot",
    )


def _act(word: str, on_click: Any, test_id: str) -> rx.Component:
    return rx.button(
        word,
        variant="soft",
        color_scheme="gray",
        high_contrast=True,
        on_click=on_click,
        data_testid=test_id,
    )
