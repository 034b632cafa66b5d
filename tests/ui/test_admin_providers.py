"""The Providers page without a browser: search, switch, address, added providers, refusals."""

from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

import keyportal.keyportal  # noqa: F401  registers every state
from keyportal.domain.principals import Principal, Role, user_principal
from keyportal.services import provider_edits
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider
from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.shared import guards
from tests.services.support import save
from tests.ui.support import do, state_for

MEMBER = user_principal(user_id="m", email="m@example.com", name="m", role=Role.MEMBER)
HANDLERS = sorted(n for n in RegistrationContext.get().event_handlers if "providers_state" in n)
FORM = {
    "name": "Our cluster",
    "base_url": "https://llm.example.com/v1",
    "auth_style": "x-api-key",
    "environment_names": "OUR_CLUSTER_API_KEY, OTHER_CLUSTER_API_KEY",
}


@pytest.fixture
async def state(portal: Portal, root: Principal) -> ProvidersState:
    state = state_for(ProvidersState, portal, root)
    await do(state, "load")
    return state


def row(state: ProvidersState, provider_id: str) -> Any:
    return next(row for row in state.rows if row.id == provider_id)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_member_is_refused_by_every_handler(name: str) -> None:
    assert guards.refusal_of(name, MEMBER) is not None


def test_there_are_handlers_to_walk() -> None:
    assert len(HANDLERS) > 12


async def test_a_member_is_refused_by_the_service_too(portal: Portal, alice: Principal) -> None:
    state = state_for(ProvidersState, portal, alice)
    await do(state, "load")
    await do(state, "switch_enabled", "openai", False)
    assert state.rows == []
    assert state.list_problem
    assert portal.providers.is_enabled("openai")


async def test_the_list_is_searched_and_filtered(state: ProvidersState, portal: Portal) -> None:
    assert state.total == len(portal.providers.all())
    await do(state, "search", " DEEPGR")
    assert [r.id for r in state.rows] == ["deepgram"]
    await do(state, "search", "")
    await do(state, "filter_by", "kind", "speech")
    assert {r.kind for r in state.rows} == {"Speech"}
    await do(state, "search", "%")
    assert state.total == 0
    await do(state, "clear_filters")
    assert (state.query, state.filters, state.total) == ("", {}, len(portal.providers.all()))


async def test_the_list_is_narrowed_to_what_was_decided(
    state: ProvidersState, portal: Portal, root: Principal
) -> None:
    provider_edits.set_enabled(portal, root, "deepgram", False)
    await do(state, "filter_by", "state", "off")
    assert [r.id for r in state.rows] == ["deepgram"]
    await do(state, "filter_by", "state", "nonsense")
    assert state.list_problem == "A provider is on, off, custom or moved."


async def test_the_switch_says_what_it_does(state: ProvidersState, portal: Portal, alice: Principal) -> None:
    save(portal, alice)
    await do(state, "switch_enabled", "openai", False)
    assert (row(state, "openai").enabled, row(state, "openai").key_count) == (False, "1")
    assert state.notice.endswith("programs get none. Its saved key stays.")
    await do(state, "switch_enabled", "openai", True)
    assert state.notice == "OpenAI is on again."


async def test_a_move_says_what_follows(state: ProvidersState, portal: Portal, alice: Principal) -> None:
    save(portal, alice, provider="anthropic")
    await do(state, "open_address", "anthropic")
    assert state.address.consequence.startswith("1 saved key here. On another host its value has")
    await do(state, "submit_address", {"base_url": "https://llm.example.com/v1"})
    assert state.notice.startswith("The address of Anthropic is saved. 1 key has to be entered again")
    found = row(state, "anthropic")
    assert (found.host, found.mark, found.keys_to_reenter) == ("llm.example.com", "moved", "1 to enter again")
    await do(state, "open_address", "anthropic")
    assert state.address.base_url == "https://llm.example.com/v1"
    await do(state, "submit_address", {"base_url": ""})
    assert (row(state, "anthropic").mark, state.address_is_open) == ("", False)


async def test_a_refused_address_stays_in_the_dialog(state: ProvidersState) -> None:
    await do(state, "open_address", "anthropic")
    await do(state, "submit_address", {"base_url": "ftp://llm.example.com"})
    assert (state.address_is_open, state.problem_field) == (True, "base_url")
    assert state.form_problem


async def test_a_stale_form_says_so_and_saves_nothing(
    state: ProvidersState, portal: Portal, root: Principal
) -> None:
    await do(state, "open_address", "anthropic")
    provider_edits.set_enabled(portal, root, "anthropic", False)
    await do(state, "submit_address", {"base_url": "https://llm.example.com"})
    assert (state.address_is_open, state.problem_field) == (True, "form")
    assert "changed in the meantime" in state.form_problem


async def test_an_address_of_the_operators_names_its_setting(state: ProvidersState) -> None:
    assert row(state, "openai").mark == "fixed"
    await do(state, "open_address", "openai")
    assert state.address.fixed_by == "KEYPORTAL_BASE_URL_OPENAI"


async def test_a_provider_is_added_edited_and_deleted(state: ProvidersState) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", FORM)
    assert "Programs ask for it as our_cluster." in state.notice
    await do(state, "open_edit", "our_cluster")
    assert (state.form.auth_style, state.form.environment_names) == (
        "x-api-key", "OUR_CLUSTER_API_KEY, OTHER_CLUSTER_API_KEY")  # fmt: skip
    await do(state, "submit_form", {**FORM, "name": "Ours", "environment_names": ""})
    assert (row(state, "our_cluster").name, state.form_is_open) == ("Ours", False)
    await do(state, "ask_delete", "our_cluster")
    assert state.doomed_name == "Ours"
    await do(state, "keep", False)
    assert state.doomed_id == ""
    await do(state, "ask_delete", "our_cluster")
    await do(state, "confirm_delete")
    assert state.notice == "Ours is deleted." and all(r.id != "our_cluster" for r in state.rows)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "OpenAI"}, "name"),
        ({"base_url": ""}, "base_url"),
        ({"auth_style": "odd"}, "auth_style"),
        ({"environment_names": "PATH"}, "environment_names"),
    ],
)
async def test_a_refused_form_stays_open_and_says_where(
    state: ProvidersState, values: dict[str, str], field: str
) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", {**FORM, **values})
    assert (state.form_is_open, state.problem_field) == (True, field)
    assert state.form_problem


async def test_deleting_one_with_keys_is_refused_before_it_is_asked(
    state: ProvidersState, portal: Portal, root: Principal
) -> None:
    provider_edits.add_custom(portal, root, NewProvider("Our cluster", "https://llm.example.com"))
    save(portal, root, provider="our_cluster")
    await do(state, "ask_delete", "our_cluster")
    assert (state.doomed_id, state.notice_is_problem) == ("", True)
    assert state.notice == "Our cluster has 1 saved key. Delete what is saved for it first, or turn it off."


@pytest.mark.parametrize("odd", [None, 1, [], {}, "nobody", "x" * 10_000])
async def test_odd_events_change_nothing(state: ProvidersState, portal: Portal, odd: Any) -> None:
    for handler in ("open_address", "open_edit", "ask_delete", "search", "sort_by"):
        await do(state, handler, odd)
    await do(state, "switch_enabled", odd, False)
    await do(state, "submit_form", odd)
    assert portal.providers == portal.live_registry.base


async def test_a_page_loaded_anew_has_no_dialog_open(state: ProvidersState) -> None:
    await do(state, "open_new")
    await do(state, "open_address", "anthropic")
    await do(state, "forget_dialogs")
    assert (state.form_is_open, state.address_is_open) == (False, False)
