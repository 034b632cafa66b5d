"""The encryption key at one glance: what there is to do, how far it is, and what else wants looking after."""

import reflex as rx

from keyportal.ui.admin_encryption.state import EncryptionState
from keyportal.ui.admin_encryption.words import RESEAL, Note
from keyportal.ui.shared.widgets.badge import clock, look_badge
from keyportal.ui.shared.widgets.forms import form_problem
from keyportal.ui.theme import ENCRYPTION_SITUATION

# While values are re-sealed the page looks again so often.
_LOOK_EVERY_MS = 2000
_GLANCE = "encryption-glance"


def standing() -> rx.Component:
    """Where it stands and what there is to do; the rest of the page explains."""
    state = EncryptionState
    return rx.fragment(
        rx.box(
            form_problem(state.problem, "encryption-problem"),
            form_problem(state.look_problem, "look-problem"),
            class_name="kp-encryption-problem",
        ),
        rx.cond(
            state.is_loaded,
            rx.fragment(_glance(), rx.cond(state.shown.notes.length() > 0, _notes())),
            rx.cond(
                state.look_problem,
                rx.button("Look again", on_click=state.load, data_testid="try-again"),
                rx.skeleton(height="132px"),
            ),
        ),
        # Outside of what comes and goes: a listener hears only changes of what is there already.
        rx.box(
            rx.cond(
                state.shown.glance.situation == "running",
                state.shown.glance.spoken,
                state.shown.glance.sentence,
            ),
            role="status",
            class_name="kp-visually-hidden",
            data_testid="encryption-spoken",
        ),
        rx.cond(
            state.is_resealing | (state.shown.glance.situation == "running"),
            rx.el.span(
                rx.moment(interval=_LOOK_EVERY_MS, on_change=lambda _: state.keep_looking()), hidden=True
            ),
        ),
    )


def _glance() -> rx.Component:
    glance = EncryptionState.shown.glance
    return rx.el.section(
        rx.box(
            rx.box(
                look_badge(glance.situation, ENCRYPTION_SITUATION, "situation"),
                rx.heading(glance.sentence, size="4", as_="h2", data_testid="encryption-sentence"),
                rx.text(glance.detail, size="2", class_name="kp-encryption-detail"),
                rx.cond(
                    glance.by,
                    rx.text("Begun by ", glance.by, ", ", clock(glance.since), ".", class_name="kp-sub"),
                ),
                rx.cond(
                    EncryptionState.outcome,
                    rx.text(EncryptionState.outcome, size="2", role="status", data_testid="outcome"),
                ),
                class_name="kp-line-words",
            ),
            _act(),
            class_name="kp-encryption-head",
        ),
        rx.cond(
            (glance.situation == "running")
            | (glance.situation == "interrupted")
            | (glance.situation == "remaining"),
            _progress(),
        ),
        id=_GLANCE,
        tab_index=-1,
        aria_label="Where it stands",
        custom_attrs={"data-situation": glance.situation},
        class_name="kp-encryption-glance",
        data_testid="glance",
    )


def _act() -> rx.Component:
    """The one thing to do, where there is one. Focus stays in the panel when it goes."""
    state, glance = EncryptionState, EncryptionState.shown.glance
    return rx.cond(
        glance.act == RESEAL,
        rx.button(
            glance.act_word,
            loading=state.is_resealing,
            on_click=state.reseal,
            custom_attrs={"data-focus-after": _GLANCE},
            data_testid="reseal",
        ),
        rx.cond(
            glance.act,
            rx.button(glance.act_word, variant="soft", on_click=state.look, data_testid="look-again"),
        ),
    )


def _progress() -> rx.Component:
    done = EncryptionState.shown.glance.done
    return rx.box(
        rx.el.div(
            rx.el.div(class_name="kp-bar-done", width=done.to_string() + "%"),
            role="progressbar",
            aria_label="Values sealed with the current key",
            custom_attrs={"aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": done},
            class_name="kp-bar",
            data_testid="progress",
        ),
        rx.el.span(done, " %", class_name="kp-sub", aria_hidden="true"),
        class_name="kp-encryption-progress",
    )


def _notes() -> rx.Component:
    return rx.el.ul(
        rx.foreach(EncryptionState.shown.notes, _note),
        aria_label="To look after",
        class_name="kp-encryption-notes",
    )


def _note(note: rx.Var[Note]) -> rx.Component:
    return rx.el.li(
        rx.icon("circle-alert", size=15, aria_hidden="true"),
        rx.el.span(note.text),
        rx.cond(note.link, rx.link(note.link_word, href=note.link, size="2", data_testid="note-link")),
        key=note.name,
        custom_attrs={"data-note": note.name},
        data_testid="note",
    )
