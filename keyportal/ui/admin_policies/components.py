"""The sections of the policies page: each says in a sentence what it decides, and saves itself."""

from typing import Any

import reflex as rx

from keyportal.ui.admin_policies.state import PoliciesState
from keyportal.ui.admin_policies.values import (
    Difference,
    EnvironmentRow,
    label_of,
    range_of,
)
from keyportal.ui.shared.policies import MEMORY, POLICY_WORDS
from keyportal.ui.shared.widgets.badge import moment
from keyportal.ui.shared.widgets.forms import GUARDED, form_problem, text_field


def policy_sections() -> rx.Component:
    return rx.cond(
        PoliciesState.is_loaded,
        rx.box(
            _keys(),
            _environment(),
            _agent_keys(),
            _retention(),
            _debugging(),
            _last_change(),
            class_name="kp-policies",
        ),
        rx.box(*[rx.skeleton(height="164px") for _ in range(5)], class_name="kp-policies"),
    )


def _keys() -> rx.Component:
    return _section(
        "keys",
        "API keys",
        "How many API keys a member may have, and what programs get while a key does not work.",
        _switch(
            "one_key_per_provider",
            "A member can add one API key for each provider, and no second one.",
            "Members who have more already keep them. System keys and General keys are not limited, and a"
            " key can still be rotated.",
        ),
        _switch(
            "failover",
            "While a provider refuses a key or its quota is used up, programs get the next key in the order.",
            "Only where the key's owner agreed to it; the next key may be a system key. Turned off, programs"
            " get the failing key all the same and see the provider's error.",
        ),
        _numbers(
            (
                "failover_minutes",
                "How long a key is passed over after a program reported that it failed. A key that failed a"
                " Test is passed over until a Test finds otherwise or its value is replaced.",
            ),
        ),
    )


def _environment() -> rx.Component:
    return _section(
        "environment",
        "Environment variables",
        "Whether programs may get a key from the server's own variables, such as OPENAI_API_KEY.",
        _switch(
            "environment_fallback",
            "Where neither the person nor the organisation saved a key, the server's variable is used.",
            "Turned off, a program for which no key is saved is told that there is none.",
        ),
        rx.el.fieldset(
            rx.el.legend(POLICY_WORDS["environment_off"], class_name="kp-label"),
            rx.text(
                "The variables of a ticked provider are not used, whatever the switch above says.",
                class_name="kp-help",
            ),
            rx.el.div(rx.foreach(PoliciesState.rows, _provider_box), class_name="kp-checklist"),
            class_name="kp-fieldset",
        ),
    )


def _agent_keys() -> rx.Component:
    return _section(
        "agent_keys",
        "Agent keys",
        "How long a new agent key works until it expires. Agent keys that exist keep their expiry date.",
        _numbers(
            ("agent_key_days", "Used unless another date is chosen when the agent key is created."),
            ("agent_key_longest_days", "No agent key can be created or rotated to work longer than this."),
        ),
    )


def _retention() -> rx.Component:
    return _section(
        "retention",
        "Retention",
        "How long records are kept. What is older is deleted within an hour.",
        _numbers(
            (
                "usage_kept_days",
                "How often each key was used on each day, for the Usage page. A key's total count stays.",
            ),
            (
                "deleted_kept_days",
                "Names and masked values of deleted keys, ended sessions, used links. The value of a key is"
                " wiped as soon as the key is deleted.",
            ),
            (
                "reports_kept_days",
                "Which resolves were reported already. Programs can report for 7 days.",
            ),
        ),
        rx.el.p(
            rx.icon("scroll-text", size=14, aria_hidden="true"),
            rx.el.span("The audit trail is never deleted, whatever stands here."),
            class_name="kp-hint",
        ),
    )


def _debugging() -> rx.Component:
    is_on = PoliciesState.form.resolve_cache
    return _panel(
        "debugging",
        "Debugging",
        "For whoever looks for a fault. This switch needs no Save: it counts as soon as it is pressed.",
        rx.box(
            _switch(
                MEMORY,
                rx.cond(
                    is_on,
                    "On: which key each program gets is remembered, its value still encrypted, and looked up"
                    " again when anything changes.",
                    "Off: what programs get is read from the database each time. Switch it on again when you"
                    " are done.",
                ),
                "Programs get the same keys either way, only faster while it is on.",
                checked=is_on,
                on_change=PoliciesState.switch_memory(~is_on),
            ),
            class_name="kp-policy-form",
        ),
    )


def _section(name: str, title: str, purpose: str, *content: rx.Component) -> rx.Component:
    """A panel that is a form: with its own Save, its problem, and the question whose change holds."""
    state = PoliciesState
    is_wrong = (state.problem_section == name) & (state.problem_field == "form")
    # Its id gives focus back to it: the form is drawn anew with each save.
    save = rx.button("Save", type="submit", id=f"save-{name}", data_testid=f"save-{name}")
    return _panel(
        name,
        title,
        purpose,
        rx.form(
            *content,
            form_problem(rx.cond(is_wrong, state.form_problem, "")),
            # While two versions are to be chosen from, that is the only question.
            rx.cond(
                state.conflict_section == name, _conflict(name), rx.hstack(save, justify="end", width="100%")
            ),
            id=f"policies-form-{name}",
            key=state.form_numbers[name],
            on_submit=state.save_section(name),
            reset_on_submit=False,
            class_name="kp-policy-form",
            custom_attrs={"data-problem": state.problem_number, **GUARDED},
        ),
    )


def _panel(name: str, title: str, purpose: str, body: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.box(
            rx.heading(title, size="4", as_="h2", id=f"policies-{name}"),
            rx.text(purpose, size="2", color="var(--gray-11)"),
            class_name="kp-policy-head",
        ),
        body,
        aria_labelledby=f"policies-{name}",
        class_name="kp-policy",
        data_testid=f"policies-{name}",
    )


def _switch(name: str, sentence: Any, effect: str, **control: Any) -> rx.Component:
    """A policy that is on or off. Without a `control` of its own it is a field of its section's form."""
    in_form = {"name": name, "value": "on", "default_checked": getattr(PoliciesState.form, name)}
    return rx.el.label(
        rx.el.span(
            rx.el.span(POLICY_WORDS[name], class_name="kp-label"),
            rx.el.span(sentence, class_name="kp-policy-words"),
            rx.el.span(effect, class_name="kp-help"),
            class_name="kp-policy-text",
        ),
        rx.el.input(
            type="checkbox", role="switch", class_name="kp-switch", data_testid=name, **(control or in_form)
        ),
        class_name="kp-policy-row",
    )


def _numbers(*fields: tuple[str, str]) -> rx.Component:
    """Policies that are numbers, by name, each with what it means."""
    state = PoliciesState
    return rx.box(
        *[
            text_field(
                label_of(name),
                input_id=name,
                value=getattr(state.form, name).to_string(),
                help_text=f"{meaning} {range_of(name)}",
                error=rx.cond(state.problem_field == name, state.form_problem, ""),
                input_mode="numeric",
                max_length=5,
            )
            for name, meaning in fields
        ],
        class_name="kp-pair",
    )


def _provider_box(row: rx.Var[EnvironmentRow]) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=row.field,
            value="on",
            default_checked=row.is_off,
            custom_attrs={"data-provider": row.id},
            data_testid="environment-off",
        ),
        rx.el.span(row.name, class_name="kp-truncate"),
        title=row.variables,
        class_name="kp-check-box",
    )


def _conflict(section: str) -> rx.Component:
    state = PoliciesState
    focus_after = {"data-focus-after": f"save-{section}"}
    return rx.el.div(
        rx.el.p(
            state.conflict_by,
            " changed these policies while you were editing them. What you entered is not saved yet.",
        ),
        rx.el.table(
            rx.el.thead(rx.el.tr(rx.el.th("Policy"), rx.el.th("Theirs, saved"), rx.el.th("Yours"))),
            rx.el.tbody(rx.foreach(state.conflicts, _difference)),
        ),
        rx.el.div(
            rx.button(
                "Take theirs",
                type="button",
                variant="soft",
                color_scheme="gray",
                on_click=state.take_theirs,
                custom_attrs={**focus_after},
                data_testid="take-theirs",
            ),
            rx.button(
                "Save mine",
                type="button",
                on_click=state.save_mine,
                custom_attrs={**focus_after},
                data_testid="save-mine",
            ),
            class_name="kp-conflict-acts",
        ),
        role="alert",
        tab_index=-1,
        custom_attrs={"data-takes-focus": ""},
        class_name="kp-conflict",
        data_testid="policy-conflict",
    )


def _difference(one: rx.Var[Difference]) -> rx.Component:
    return rx.el.tr(rx.el.th(one.word, scope="row"), rx.el.td(one.theirs), rx.el.td(one.mine))


def _last_change() -> rx.Component:
    state = PoliciesState
    return rx.cond(
        state.changed_by,
        rx.text(
            "Last changed ",
            moment(state.changed_at),
            " by ",
            state.changed_by,
            ".",
            class_name="kp-sub kp-anywhere",
            data_testid="policies-changed",
        ),
    )
