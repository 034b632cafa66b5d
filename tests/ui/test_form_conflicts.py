"""Two tabs edit one key: the second sees both versions. And General keys, dates and consent in the form."""

from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import credentials, policies
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit, NewCredential
from keyportal.services.portal import Portal
from keyportal.ui.admin_system_keys.state import SystemCredentialsState
from keyportal.ui.credentials.state import OwnCredentialsState
from keyportal.ui.shared.credentials.form_fields import consent, details
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import save, spoil
from tests.support import all_text_of
from tests.ui.support import do, state_for
from tests.ui.test_key_form import VALUE, form, paste, vars_of

USER = Ownership.USER
TYPED = "sk-proj-TYPEDcanary0123456789abcd"


@pytest.fixture
def state(portal: Portal, alice: Principal) -> OwnCredentialsState:
    return state_for(OwnCredentialsState, portal, alice)


@pytest.fixture
def saved(portal: Portal, alice: Principal) -> str:
    new = NewCredential("openai", "Production", Secret(VALUE), {"organization": "org-1"})
    return credentials.create(portal, alice, USER, new).id


def edit(portal: Portal, alice: Principal, key: str, **values: Any) -> CredentialView:
    return credentials.update(portal, alice, USER, key, CredentialEdit(**values))


def typed(**values: str) -> dict[str, Any]:
    return form(**{"api_key": "", "remind_on": "", "field-organization": "org-1", **values})


async def meet(state: OwnCredentialsState, portal: Portal, alice: Principal, key: str, **mine: str) -> None:
    """Open the form, let somebody else save, and save too."""
    await do(state, "open_edit", key)
    edit(portal, alice, key, name="Theirs", note="their note", active=False)
    await do(state, "submit_form", typed(**mine))


async def test_the_second_is_shown_both_versions_and_nothing_is_saved(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await meet(state, portal, alice, saved, name="Mine", api_key=TYPED)
    shown = {row.label: (row.mine, row.theirs, row.differs) for row in state.conflict}
    assert shown["Name"] == ("Mine", "Theirs", True)
    assert shown["Note"] == ("–", "their note", True)
    assert "Environment" not in shown  # empty here and there
    assert shown["Organization"] == ("org-1", "org-1", False)
    assert shown["Value"] == ("A new value, typed here", "****...cdef", True)
    assert shown["Switch"] == ("Not part of this form", "Off", True)
    assert (state.form_is_open, state.problem_number) == (True, 1)
    assert credentials.get(portal, alice, USER, saved).name == "Theirs"


async def test_neither_value_is_in_a_var_or_anywhere_else(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await meet(state, portal, alice, saved, api_key=TYPED)
    assert "TYPEDcanary" not in vars_of(state) and "FORMcanary" not in vars_of(state)
    assert TYPED.encode() not in all_text_of(portal)


async def test_overwriting_saves_what_is_typed(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await meet(state, portal, alice, saved, name="Mine")
    await do(state, "overwrite_form", typed(name="Mine"))
    now = credentials.get(portal, alice, USER, saved)
    assert (now.name, now.note, now.active, state.form_is_open) == ("Mine", "", False, False)
    assert state.conflict == []


async def test_a_third_version_is_not_overwritten_unseen(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await meet(state, portal, alice, saved, name="Mine")
    edit(portal, alice, saved, name="Third", api_key=Secret("sk-third-0123456789"))
    await do(state, "overwrite_form", typed(name="Mine"))
    shown = {row.label: row.theirs for row in state.conflict}
    assert (shown["Name"], shown["Value"]) == ("Third", "A new value (****...6789)")
    assert (state.form_is_open, credentials.get(portal, alice, USER, saved).name) == (True, "Third")


async def test_taking_theirs_begins_again_with_what_is_saved(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await meet(state, portal, alice, saved, name="Mine")
    number = state.form_number
    await do(state, "take_theirs")
    assert (state.form.name, state.form.note, state.form_is_open) == ("Theirs", "their note", True)
    assert (state.conflict, state.form_problem, state.form_number) == ([], "", number + 1)
    await do(state, "submit_form", typed(name="After"))
    assert credentials.get(portal, alice, USER, saved).name == "After"


async def test_without_a_conflict_there_is_nothing_to_overwrite_or_take(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await do(state, "open_edit", saved)
    number = state.form_number
    await do(state, "overwrite_form", typed(name="Forced"))
    await do(state, "take_theirs")
    assert (credentials.get(portal, alice, USER, saved).name, state.form_number) == ("Production", number)


async def test_a_key_deleted_meanwhile_says_so(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    await do(state, "open_edit", saved)
    credentials.delete(portal, alice, USER, saved)
    await do(state, "submit_form", typed())
    assert (state.problem_field, state.conflict, state.form_is_open) == ("form", [], True)
    assert "may have been deleted" in state.form_problem


async def test_a_general_key_is_added_without_provider_fields_or_dates(
    state: OwnCredentialsState, portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "general-key")
    assert (state.chosen.name, state.chosen.is_general, state.extra_fields) == ("General key", True, [])
    await paste(state, VALUE)
    assert (state.chosen.is_general, state.pasted.guessed_id, state.pasted.warning) == (True, "openai", "")
    await do(state, "test_form", form())
    assert (state.form_check.outcome, openai.hits) == ("unchecked", 0)
    await do(state, "submit_form", form(name="Anything"))
    assert (state.form_is_open, [r.name for r in state.rows]) == (False, ["Anything"])
    await do(state, "open_edit", state.rows[0].id)
    assert (state.chosen.is_general, state.form.provider_name) == (True, "General key")
    await do(state, "submit_form", form(name="Other", api_key=""))
    assert [r.name for r in state.rows] == ["Other"]


async def test_what_the_key_gives_away_is_one_press_away_from_a_general_key(
    state: OwnCredentialsState,
) -> None:
    await do(state, "open_new")
    await do(state, "choose_provider", "general-key")
    await paste(state, VALUE)
    await do(state, "switch_to_recognised")
    assert (state.chosen.id, state.chosen.is_general) == ("openai", False)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"expires_on": "soon"}, "expires_on"),
        ({"remind_on": "31.01.2027"}, "remind_on"),
        ({"expires_on": "9999-01-01"}, "expires_on"),
        ({"remind_on": "9999-01-01"}, "remind_on"),
        ({"environment": "two words"}, "environment"),
        ({"note": "x" * 1001}, "note"),
        ({"name": ""}, "name"),
    ],
)
async def test_each_refusal_stands_beside_its_field(
    state: OwnCredentialsState, values: dict[str, str], field: str
) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", form(**values))
    assert (state.problem_field, state.form_is_open) == (field, True)


async def test_both_dates_are_saved_and_come_back(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    await do(state, "open_new")
    await do(state, "submit_form", form(expires_on="2027-03-01", remind_on="2027-02-01"))
    await do(state, "open_edit", state.rows[0].id)
    assert (state.form.expires_on, state.form.remind_on, state.form_has_details) == (
        "2027-03-01", "2027-02-01", True)  # fmt: skip


async def test_a_second_key_for_a_provider_is_refused_beside_the_picker(
    state: OwnCredentialsState, portal: Portal, root: Principal, saved: str
) -> None:
    policies.change_policies(portal, root, {"one_key_per_provider": True})
    await do(state, "open_new")
    await do(state, "submit_form", form(name="Second"))
    assert state.problem_field == "provider"
    assert state.form_problem.startswith("API key for this provider already exists")


async def test_consent_is_asked_for_only_where_the_policy_offers_it(
    state: OwnCredentialsState, portal: Portal, root: Principal, alice: Principal, saved: str
) -> None:
    await do(state, "open_edit", saved)
    await do(state, "submit_form", typed(failover="on"))
    assert (state.failover_is_offered, credentials.get(portal, alice, USER, saved).failover) == (False, False)
    policies.change_policies(portal, root, {"failover": True})
    await do(state, "open_edit", saved)
    await do(state, "submit_form", typed(failover="on"))
    assert (state.failover_is_offered, credentials.get(portal, alice, USER, saved).failover) == (True, True)
    policies.change_policies(portal, root, {"failover": False})
    await do(state, "open_edit", saved)
    await do(state, "submit_form", typed())
    assert credentials.get(portal, alice, USER, saved).failover is True


@pytest.mark.parametrize(
    ("page", "who_pays"),
    [
        (
            OwnCredentialsState,
            "another of your own keys, else a system key of your organisation, else the server",
        ),
        (SystemCredentialsState, "account pays: another system key, else the server"),
    ],
)
def test_consent_stands_in_sight_and_says_who_pays(page: type, who_pays: str) -> None:
    assert who_pays in str(consent(page).render())
    assert "failover" not in str(details(page).render())


async def test_consent_opens_no_more_fields(
    state: OwnCredentialsState, portal: Portal, alice: Principal
) -> None:
    mine = save(portal, alice, failover=True)
    await do(state, "open_edit", mine.id)
    assert (state.form.failover, state.form_has_details) == (True, False)


async def test_a_key_without_its_value_asks_for_it(
    state: OwnCredentialsState, portal: Portal, alice: Principal, saved: str
) -> None:
    spoil(portal, saved, sealed=None)
    await do(state, "open_edit", saved)
    assert state.form.needs_value is True
    await do(state, "submit_form", typed(api_key=TYPED))
    assert credentials.get(portal, alice, USER, saved).status == "active"


async def test_a_provider_is_found_by_what_its_models_are_called(state: OwnCredentialsState) -> None:
    await do(state, "load_providers")
    found = {o.id for g in state.groups for o in g.options if "grok" in o.words}
    assert found == {"xai"}
    kinds = {o.id: o.kind for g in state.groups for o in g.options}
    assert (kinds["xai"], kinds["general-key"]) == ("Language models", "No provider")
