"""The guard's table: every handler of every state says who may call it, and nobody else may."""

import dataclasses
import typing
from collections.abc import Callable
from typing import Any

import pytest
import reflex as rx
from reflex.state import BaseState
from reflex_base.registry import RegistrationContext
from sqlmodel import SQLModel

import keyportal.keyportal  # noqa: F401  registers every state
from keyportal.domain.principals import Role, anonymous_principal, user_principal
from keyportal.domain.secret import Secret
from keyportal.ui.shared import guards

# Whoever adds a name here lets strangers call it: it must tell them nothing and change nothing.
OPEN_TO_STRANGERS = {
    "SessionState.dismiss_notice",
    "SessionState.show_unexpected",
    "SessionState.show_outage",
    "SignInState.load",
    "SetUpState.load",
    "OneTimeLinkState.load",
}
FRAMEWORK_OPEN = {
    "hydrate",
    "hydrate_and_load",
    "on_load_internal",
    "set_is_hydrated",
    "update_vars_internal",
    "handle_frontend_exception",
}
MEMBER = user_principal(user_id="m", email="m@example.com", name="m", role=Role.MEMBER)
ADMIN = user_principal(user_id="a", email="a@example.com", name="a", role=Role.ADMIN)


def handlers() -> dict[str, Callable[..., Any]]:
    return {name: r.handler.fn for name, r in RegistrationContext.get().event_handlers.items()}


def own_handlers() -> dict[str, Callable[..., Any]]:
    return {n: fn for n, fn in handlers().items() if not str(fn.__module__).startswith("reflex")}


def test_there_are_handlers_to_walk() -> None:
    assert len(own_handlers()) > 50


def test_every_handler_says_who_may_call_it() -> None:
    assert [name for name, fn in own_handlers().items() if not guards.is_marked(fn)] == []


def test_only_the_listed_handlers_are_open_to_strangers() -> None:
    found = {fn.__qualname__ for fn in own_handlers().values() if guards.is_public(fn)}
    assert found == OPEN_TO_STRANGERS


@pytest.mark.parametrize("name", sorted(own_handlers()))
def test_a_stranger_is_refused_by_every_other_handler(name: str) -> None:
    is_open = guards.is_public(own_handlers()[name])
    assert (guards.refusal_of(name, None) is None) == is_open
    if not is_open:
        assert guards.refusal_of(name, anonymous_principal()) is not None


@pytest.mark.parametrize("name", sorted(n for n in own_handlers() if "system_credentials_state" in n))
def test_a_member_is_refused_by_every_admin_handler(name: str) -> None:
    assert guards.refusal_of(name, MEMBER) is not None
    assert guards.refusal_of(name, ADMIN) is None


def test_the_framework_s_own_events_are_refused_but_for_the_few_that_load_a_page() -> None:
    framework = {n for n, fn in handlers().items() if str(fn.__module__).startswith("reflex")}
    allowed = {n.rpartition(".")[2] for n in framework if guards.refusal_of(n, ADMIN) is None}
    assert allowed <= FRAMEWORK_OPEN


def test_an_unknown_event_is_refused() -> None:
    assert guards.refusal_of("state.no_such_state.do", ADMIN) is not None


def test_no_var_of_a_state_holds_a_table_row_or_a_secret() -> None:
    found = {
        f"{state.__name__}.{name}": types_within(var._var_type)
        for state in all_states(rx.State)
        for name, var in state.base_vars.items()
    }
    assert len(found) > 30
    assert {n for n, types in found.items() if any(issubclass(t, (SQLModel, Secret)) for t in types)} == set()


def all_states(parent: type[BaseState]) -> list[type[BaseState]]:
    return [parent, *(s for child in parent.get_substates() for s in all_states(child))]


def types_within(declared: object) -> set[type]:
    """Return every class a var's type is made of, through containers and dataclasses."""
    found = {declared} if isinstance(declared, type) else set()
    for inner in typing.get_args(declared):
        found |= types_within(inner)
    if isinstance(declared, type) and dataclasses.is_dataclass(declared):
        for hint in typing.get_type_hints(declared).values():
            found |= types_within(hint)
    return found
