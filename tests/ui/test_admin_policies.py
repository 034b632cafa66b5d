"""The Policies page: sections saved by themselves, a switch that counts at once, and two admins at once."""

from typing import Any

import pytest

from keyportal.domain.policies import LIMITS, Policies, out_of_range
from keyportal.domain.principals import Principal
from keyportal.services import policies, users
from keyportal.services.portal import Portal
from keyportal.services.users import UserEdit
from keyportal.ui.admin_policies.components import policy_sections
from keyportal.ui.admin_policies.state import PoliciesState
from keyportal.ui.admin_policies.values import SECTIONS, range_of
from keyportal.ui.shared.policies import MEMORY, POLICY_WORDS
from tests.conftest import person
from tests.ui.support import do, state_for

MINUTES = {"failover_minutes": "10"}
KEPT = {"usage_kept_days": "50", "deleted_kept_days": "5", "reports_kept_days": "9"}


@pytest.fixture
async def state(portal: Portal, root: Principal) -> PoliciesState:
    state = state_for(PoliciesState, portal, root)
    await do(state, "load")
    return state


def now(portal: Portal, root: Principal) -> Policies:
    return policies.get_policies(portal, root).policies


def test_every_policy_has_a_section_and_words() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted([*named, MEMORY]) == sorted(Policies().as_json()) == sorted(POLICY_WORDS)


async def test_the_page_begins_with_what_is_in_force(state: PoliciesState) -> None:
    assert (state.form.agent_key_days, state.form.environment_fallback) == (90, True)
    openai = next(row for row in state.rows if row.id == "openai")
    assert (openai.is_off, "OPENAI_API_KEY" in openai.variables) == (False, True)


async def test_a_section_is_saved_alone_and_counts_at_once(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    await do(state, "save_section", "keys", {"one_key_per_provider": "on", **MINUTES})
    assert now(portal, root) == Policies(one_key_per_provider=True)
    assert (state.form.one_key_per_provider, state.changed_by) == (True, "root@example.com")
    assert state.notice and not state.notice_is_problem


async def test_providers_are_ticked_and_numbers_saved(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    await do(
        state,
        "save_section",
        "environment",
        {"environment_fallback": "on", "off-openai": "on", "off-nobody": "on"},
    )
    await do(state, "save_section", "agent_keys", {"agent_key_days": " 30 ", "agent_key_longest_days": "60"})
    await do(
        state,
        "save_section",
        "retention",
        {"usage_kept_days": "50", "deleted_kept_days": "5", "reports_kept_days": "9"},
    )
    await do(state, "save_section", "keys", {"failover": "on", "failover_minutes": "45"})
    assert now(portal, root) == Policies(
        environment_off=("openai",),
        agent_key_days=30,
        agent_key_longest_days=60,
        usage_kept_days=50,
        deleted_kept_days=5,
        reports_kept_days=9,
        failover=True,
        failover_minutes=45,
    )


@pytest.mark.parametrize(
    ("section", "form", "field"),
    [
        ("agent_keys", {"agent_key_days": "x", "agent_key_longest_days": "60"}, "agent_key_days"),
        ("agent_keys", {"agent_key_days": "90", "agent_key_longest_days": "60"}, "agent_key_days"),
        ("agent_keys", {"agent_key_days": "90"}, "agent_key_longest_days"),
        ("retention", {**KEPT, "usage_kept_days": "1"}, "usage_kept_days"),
        ("retention", {**KEPT, "deleted_kept_days": "-5"}, "deleted_kept_days"),
        ("retention", {**KEPT, "reports_kept_days": "7"}, "reports_kept_days"),
        ("keys", {"failover": "on"}, "failover_minutes"),
        ("keys", {"failover_minutes": "0"}, "failover_minutes"),
        ("keys", {"failover_minutes": "1441"}, "failover_minutes"),
    ],
)
async def test_what_cannot_be_is_told_beside_its_field(
    state: PoliciesState, portal: Portal, root: Principal, section: str, form: dict[str, str], field: str
) -> None:
    await do(state, "save_section", section, form)
    assert (state.problem_field, bool(state.form_problem)) == (field, True)
    assert now(portal, root) == Policies()


async def test_a_change_of_somebody_else_is_shown_and_theirs_can_be_taken(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"failover": True, "failover_minutes": 1})
    number = state.problem_number
    await do(state, "save_section", "keys", {"one_key_per_provider": "on", "failover_minutes": "20"})
    assert (state.conflict_section, state.problem_number) == ("keys", number + 1)
    assert [(d.word, d.theirs, d.mine) for d in state.conflicts] == [
        ("A reported key steps back for", "1 minute", "20 minutes"),
    ]
    assert now(portal, root) == Policies(failover=True, failover_minutes=1)
    await do(state, "take_theirs")
    assert (state.conflict_section, state.form.failover) == ("", True)


async def test_or_mine_can_be_saved_over_it_and_nothing_that_was_not_touched(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"failover": True, "failover_minutes": 1})
    await do(state, "save_section", "keys", {"one_key_per_provider": "on", "failover_minutes": "20"})
    await do(state, "save_mine")
    assert now(portal, root) == Policies(one_key_per_provider=True, failover=True, failover_minutes=20)
    assert state.conflict_section == ""
    assert (state.form.failover, state.form.failover_minutes) == (True, 20)


async def test_what_was_not_touched_is_no_conflict_and_stays_as_somebody_else_made_it(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"environment_off": ["groq", "openai"]})
    await do(state, "load")
    both = {"off-openai": "on", "off-groq": "on"}
    policies.change_policies(portal, root, {"environment_off": ["groq"]})
    await do(state, "save_section", "environment", both)
    assert (state.conflict_section, state.notice_is_problem) == ("", False)
    assert now(portal, root) == Policies(environment_off=("groq",), environment_fallback=False)


async def test_a_conflict_names_who_changed_these_policies_and_keeps_saying_so(
    state: PoliciesState, portal: Portal, root: Principal, bob: Principal
) -> None:
    users.update(portal, root, str(bob.user_id), UserEdit(role="admin"))
    policies.change_policies(portal, person(portal, "bob"), {"failover_minutes": 1})
    await do(state, "save_section", "retention", KEPT)
    await do(state, "save_section", "keys", {"failover_minutes": "20"})
    assert (state.conflict_section, state.conflict_by) == ("keys", "bob@example.com")
    assert state.changed_by == "root@example.com"
    await do(state, "switch_memory", False)
    assert (state.conflict_section, state.conflict_by) == ("keys", "bob@example.com")
    await do(state, "take_theirs")
    assert state.form.failover_minutes == 1


async def test_a_change_elsewhere_is_no_conflict(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"usage_kept_days": 50})
    await do(state, "save_section", "keys", {"failover": "on", **MINUTES})
    assert now(portal, root) == Policies(failover=True, usage_kept_days=50)


async def test_what_is_typed_in_a_section_stays_while_another_is_saved(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    numbers = dict(state.form_numbers)
    policies.change_policies(portal, root, {"usage_kept_days": 50})
    await do(state, "save_section", "keys", {"failover": "on", **MINUTES})
    await do(state, "switch_memory", False)
    assert state.form_numbers == {**numbers, "keys": numbers["keys"] + 1}
    # What was not drawn anew was not seen either: saving it asks whose change holds.
    assert state.form.usage_kept_days == 400
    await do(state, "save_section", "retention", {**KEPT, "usage_kept_days": "60"})
    assert (state.conflict_section, [d.theirs for d in state.conflicts]) == ("retention", ["50 days"])
    await do(state, "take_theirs")
    assert (state.form.usage_kept_days, state.form.failover) == (50, True)
    await do(state, "save_section", "retention", KEPT)
    assert now(portal, root).deleted_kept_days == 5


async def test_the_switch_for_debugging_counts_at_once_and_back_again(
    state: PoliciesState, portal: Portal, root: Principal
) -> None:
    await do(state, "switch_memory", False)
    assert now(portal, root) == Policies(resolve_cache=False)
    assert not state.form.resolve_cache and "read from the database" in state.notice
    policies.change_policies(portal, root, {"resolve_cache": True})
    await do(state, "switch_memory", False)
    assert not now(portal, root).resolve_cache
    await do(state, "switch_memory", True)
    assert now(portal, root) == Policies()
    assert state.form.resolve_cache and state.notice == "Programs are answered from memory again."


@pytest.mark.parametrize("name", LIMITS)
async def test_a_number_says_between_which_it_has_to_be(state: PoliciesState, name: str) -> None:
    section = next(section for section, names in SECTIONS.items() if name in names)
    typed = dict.fromkeys(SECTIONS[section], "100")
    for wrong in ("", "many", "0", "99999", "9" * 50, "1.5", "٣"):
        await do(state, "save_section", section, {**typed, name: wrong})
        assert (state.problem_field, state.form_problem) == (name, out_of_range(name).message)
    least, most = LIMITS[name]
    assert f"from {least:,} to {most:,}" in state.form_problem and f"{least:,} to {most:,}" in range_of(name)


def test_focus_goes_to_the_question_and_back_to_save_though_the_form_is_drawn_anew() -> None:
    drawn = str(policy_sections().render())
    assert drawn.count("data-takes-focus") == drawn.count("take-theirs") == len(SECTIONS)
    for section in SECTIONS:
        assert f'id:"save-{section}"' in drawn
        assert drawn.count(f'"data-focus-after":"save-{section}"') == 2


@pytest.mark.parametrize("junk", [None, 5, [], "x"])
async def test_a_form_that_is_none_changes_only_what_it_says(
    state: PoliciesState, portal: Portal, root: Principal, junk: Any
) -> None:
    await do(state, "save_section", "agent_keys", junk)
    await do(state, "save_section", junk, {"agent_key_days": "5"})
    await do(state, "save_section", "debugging", {"resolve_cache": "on"})
    await do(state, "save_mine")
    await do(state, "take_theirs")
    assert now(portal, root) == Policies()


async def test_a_member_sees_and_changes_nothing(portal: Portal, alice: Principal, root: Principal) -> None:
    state = state_for(PoliciesState, portal, alice)
    await do(state, "load")
    await do(state, "save_section", "keys", {"failover": "on", **MINUTES})
    await do(state, "switch_memory", False)
    assert (state.is_loaded, state.notice_is_problem) == (False, True)
    assert now(portal, root) == Policies()
