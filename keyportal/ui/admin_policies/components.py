"""The sections of the policies page: each a form with a sentence for what it does."""

from typing import Any

import reflex as rx

from keyportal.ui.admin_policies.state import PoliciesState
from keyportal.ui.admin_policies.values import WORDS, Difference, EnvironmentRow
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
    state = PoliciesState
    return _section(
        "keys",
        "Keys",
        "How many keys a member has, and what happens while one fails.",
        _switch(
            "one_key_per_provider",
            state.form.one_key_per_provider,
            "A member has at most one key for each provider.",
            "Members with two keys for a provider keep both; nobody can add another. System keys, General"
            " keys and a rotation under way do not count.",
        ),
        _switch(
            "failover",
            state.form.failover,
            "While a key is refused or without quota, the next one in its order may be used.",
            "Only for keys whose owner agreed to it. Turned off, a failing key is used all the same and"
            " the program sees the provider's refusal.",
        ),
        rx.box(
            _number(
                "failover_minutes",
                state.form.failover_minutes,
                "So long a key is left out once a program reported it. After a failed test it is left out"
                " until the next test.",
                unit="minutes",
            ),
            class_name="kp-pair",
        ),
        on_submit=state.save_keys,
    )


def _environment() -> rx.Component:
    state = PoliciesState
    return _section(
        "environment",
        "Environment",
        "Whether a key in the server's own environment is used where nobody saved one.",
        _switch(
            "environment_fallback",
            state.form.environment_fallback,
            "Variables such as OPENAI_API_KEY are the last place that is asked.",
            "Turned off, a program without a saved key gets no_key, whatever the server's variables hold.",
        ),
        rx.el.fieldset(
            rx.el.legend(WORDS["environment_off"], class_name="kp-label"),
            rx.text(
                "Tick a provider, and its variables are passed over even while the others are used.",
                class_name="kp-help",
            ),
            rx.el.div(rx.foreach(state.rows, _provider_box), class_name="kp-checklist"),
            class_name="kp-fieldset",
        ),
        on_submit=state.save_environment,
    )


def _agent_keys() -> rx.Component:
    state = PoliciesState
    return _section(
        "agent_keys",
        "Agent keys",
        "How long the keys of programs live. Keys that exist keep their day.",
        rx.box(
            _days(
                "agent_key_days",
                state.form.agent_key_days,
                "A new agent key lives so long unless its maker says otherwise.",
            ),
            _days(
                "agent_key_longest_days",
                state.form.agent_key_longest_days,
                "Nobody can make one that lives longer, not by rotating either.",
            ),
            class_name="kp-pair",
        ),
        on_submit=state.save_agent_keys,
    )


def _retention() -> rx.Component:
    state = PoliciesState
    return _section(
        "retention",
        "Retention",
        "What is forgotten, and when. Once an hour whatever is older goes.",
        rx.box(
            _days(
                "usage_kept_days",
                state.form.usage_kept_days,
                "How often each key was used on each day. Totals stay.",
            ),
            _days(
                "deleted_kept_days",
                state.form.deleted_kept_days,
                "Names and masks of deleted keys, ended sessions, used links. Values are wiped at once,"
                " always.",
            ),
            _days(
                "reports_kept_days",
                state.form.reports_kept_days,
                "Which uses programs reported on, so that none counts twice. What they counted stays with"
                " the usage.",
            ),
            class_name="kp-pair",
        ),
        rx.el.p(
            rx.icon("scroll-text", size=14, aria_hidden="true"),
            rx.el.span("The audit trail is kept for ever. No policy shortens it."),
            class_name="kp-hint",
        ),
        on_submit=state.save_retention,
    )


def _debugging() -> rx.Component:
    state = PoliciesState
    return _section(
        "debugging",
        "Debugging",
        "What is only of use while you look for a fault.",
        _switch(
            "resolve_cache",
            state.form.resolve_cache,
            "Turn it off to have each resolve read everything anew while you look for a fault.",
            "The answers are the same either way, only slower without.",
        ),
        on_submit=state.save_debugging,
    )


def _section(name: str, title: str, purpose: str, *content: rx.Component, on_submit: Any) -> rx.Component:
    state = PoliciesState
    is_wrong = (state.problem_section == name) & (state.problem_field == "form")
    return rx.el.section(
        rx.box(
            rx.heading(title, size="4", as_="h2", id=f"policies-{name}"),
            rx.text(purpose, size="2", color="var(--gray-11)"),
            class_name="kp-policy-head",
        ),
        rx.form(
            *content,
            form_problem(rx.cond(is_wrong, state.form_problem, "")),
            rx.cond(state.conflict_section == name, _conflict()),
            # While two versions are to be chosen from, that is the only question.
            rx.cond(
                state.conflict_section == name,
                rx.fragment(),
                rx.hstack(
                    rx.button("Save", type="submit", data_testid=f"save-{name}"), justify="end", width="100%"
                ),
            ),
            id=f"policies-form-{name}",
            key=state.form_number,
            on_submit=on_submit,
            reset_on_submit=False,
            class_name="kp-policy-form",
            custom_attrs={"data-problem": state.problem_number, **GUARDED},
        ),
        aria_labelledby=f"policies-{name}",
        class_name="kp-policy",
        data_testid=f"policies-{name}",
    )


def _switch(name: str, is_on: Any, sentence: str, effect: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(
            rx.el.span(WORDS[name], class_name="kp-label"),
            rx.el.span(sentence, class_name="kp-policy-words"),
            rx.el.span(effect, class_name="kp-help"),
            class_name="kp-policy-text",
        ),
        rx.el.input(
            type="checkbox",
            role="switch",
            name=name,
            value="on",
            default_checked=is_on,
            class_name="kp-switch",
            data_testid=name,
        ),
        class_name="kp-policy-row",
    )


def _days(name: str, value: Any, help_text: str) -> rx.Component:
    return _number(name, value, help_text, unit="days")


def _number(name: str, value: Any, help_text: str, *, unit: str) -> rx.Component:
    state = PoliciesState
    return text_field(
        f"{WORDS[name]} ({unit})",
        input_id=name,
        value=value.to_string(),
        help_text=help_text,
        error=rx.cond(state.problem_field == name, state.form_problem, ""),
        input_mode="numeric",
        max_length=5,
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


def _conflict() -> rx.Component:
    state = PoliciesState
    return rx.el.div(
        rx.el.p(state.changed_by, " changed this while you were at it. Nothing of yours is saved yet."),
        rx.el.table(
            rx.el.thead(rx.el.tr(rx.el.th("Policy"), rx.el.th("Theirs, in force"), rx.el.th("Yours"))),
            rx.el.tbody(rx.foreach(state.conflicts, _difference)),
        ),
        rx.el.div(
            rx.button(
                "Take theirs",
                type="button",
                variant="soft",
                color_scheme="gray",
                on_click=state.take_theirs,
                data_testid="take-theirs",
            ),
            rx.button("Save mine", type="button", on_click=state.save_mine, data_testid="save-mine"),
            class_name="kp-conflict-acts",
        ),
        role="alert",
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
