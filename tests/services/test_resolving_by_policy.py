"""What policies, consent and a missing value change about which key is used; and use counted by day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from keyportal.domain.errors import KeyPortalError, NeedsReentry, NoKey, NotFound, ProviderTaken
from keyportal.domain.principals import Principal, Scope, operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence import usage
from keyportal.persistence.tables import UsageDayRow
from keyportal.resolver import Source
from keyportal.services import checks, credentials, overview, policies, resolution
from keyportal.services.credentials import CredentialEdit
from keyportal.services.overview import ChainView
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.fakes.fake_provider import FakeProvider
from tests.services.support import SYSTEM, USER, events, row_of, save, spoil
from tests.services.test_resolution import agent_of
from tests.support import FakeClock


def decide(portal: Portal, **wanted: Any) -> None:
    policies.change_policies(portal, person(portal, "root"), wanted)


def used(portal: Portal, agent: Principal) -> str:
    answer = resolution.resolve_key(portal, agent, "openai")
    return answer.credential.name if answer.credential else answer.source


def chain(portal: Portal, who: Principal) -> ChainView:
    return overview.explain(portal, operator_principal(), "openai", who.email)


# --- a key that waits for its value


def test_a_key_without_its_value_is_an_error_of_its_own_and_nothing_else_is_used(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    mine = save(portal, alice, "mine").id
    save(portal, root, "system", ownership=SYSTEM)
    spoil(portal, mine, sealed=None)
    with pytest.raises(NeedsReentry) as refusal:
        used(portal, agent)
    assert (refusal.value.code, events(portal)[-1].details["reason"]) == ("needs_reentry", "needs_reentry")
    assert (row_of(portal, mine).unreadable, row_of(portal, mine).usage_count) == (False, 0)
    assert credentials.get(portal, alice, USER, mine).status == "re_enter"
    assert chain(portal, alice).reason.startswith("mine waits for its value. Enter it")
    assert [c.source for c in overview.overview_for(portal, alice).chains] == ["blocked"]


def test_switched_off_it_is_passed_over_and_entering_the_value_makes_it_whole(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    mine = save(portal, alice, "mine").id
    save(portal, root, "system", ownership=SYSTEM)
    spoil(portal, mine, sealed=None, active=False)
    assert used(portal, agent) == "system"
    edit = CredentialEdit(active=True, api_key=Secret("sk-entered-again-0123"))
    assert credentials.update(portal, alice, USER, mine, edit).status == "active"
    assert used(portal, agent) == "mine"


async def test_a_test_of_it_asks_nobody_and_damages_nothing(
    portal: Portal, alice: Principal, openai: FakeProvider
) -> None:
    mine = save(portal, alice, "mine").id
    spoil(portal, mine, sealed=None)
    with pytest.raises(NeedsReentry):
        await checks.check_saved(portal, alice, mine)
    assert (openai.hits, row_of(portal, mine).unreadable) == (0, False)


def test_deleting_in_front_of_it_says_that_it_blocks(portal: Portal, alice: Principal) -> None:
    first, second = save(portal, alice, "first").id, save(portal, alice, "second").id
    spoil(portal, second, sealed=None)
    assert overview.after_deletion(portal, alice, USER, first) == (
        "After this, OpenAI is blocked by second, which waits for its value."
    )


# --- variables of the server


@pytest.mark.parametrize("off", [{"environment_fallback": False}, {"environment_off": ("openai",)}])
def test_a_policy_turns_the_server_s_variables_off(make_portal: MakePortal, off: dict[str, Any]) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice = person(portal, "alice")
    agent = agent_of(portal, alice, Scope.RESOLVE)
    assert used(portal, agent) == Source.ENVIRONMENT
    decide(portal, **off)
    with pytest.raises(NoKey) as refusal:
        used(portal, agent)
    assert "Variables of the server are turned off by a policy." in refusal.value.message
    assert chain(portal, alice).steps == ()
    assert chain(portal, alice).reason.endswith(
        "The server's variables are not asked: a policy turned them off."
    )


def test_variables_of_other_providers_stay_on(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    decide(portal, environment_off=("anthropic",))
    assert used(portal, agent_of(portal, person(portal, "alice"), Scope.RESOLVE)) == Source.ENVIRONMENT


# --- failing over


def fail(portal: Portal, credential_id: str, outcome: str = "invalid") -> None:
    spoil(portal, credential_id, health_outcome=outcome)


@pytest.mark.parametrize("outcome", ["invalid", "quota_exhausted"])
def test_a_failing_key_steps_back_where_policy_and_owner_agree(
    portal: Portal, alice: Principal, root: Principal, agent: Principal, outcome: str
) -> None:
    save(portal, root, "system", ownership=SYSTEM)
    mine = save(portal, alice, "mine", failover=True)
    fail(portal, mine.id, outcome)
    assert used(portal, agent) == "mine"  # the policy is off
    decide(portal, failover=True)
    assert used(portal, agent) == "system"
    said = {"invalid": "refused", "quota_exhausted": "without quota"}[outcome]
    assert chain(portal, alice).reason.endswith(f"mine was {said} when it was last tested.")
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(failover=False))
    assert used(portal, agent) == "mine"  # the owner agreed no more


@pytest.mark.parametrize("outcome", [None, "valid", "valid_limited", "rate_limited", "provider_error"])
def test_any_other_outcome_is_no_reason_to_step_back(
    portal: Portal, alice: Principal, agent: Principal, outcome: str
) -> None:
    decide(portal, failover=True)
    first = save(portal, alice, "first", failover=True)
    save(portal, alice, "second")
    fail(portal, first.id, outcome)
    assert used(portal, agent) == "first"


def test_without_another_key_the_failing_one_is_used_after_all(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    decide(portal, failover=True)
    fail(portal, save(portal, alice, "mine", failover=True).id)
    spoil(portal, save(portal, alice, "broken").id, unreadable=True)
    assert used(portal, agent) == "mine"
    assert chain(portal, alice).reason == (
        "mine is used although it was refused when it was last tested: nothing else is left."
    )


def test_a_new_value_has_not_failed_yet(portal: Portal, alice: Principal, agent: Principal) -> None:
    decide(portal, failover=True)
    mine = save(portal, alice, "mine", failover=True)
    save(portal, alice, "second")
    fail(portal, mine.id)
    credentials.update(portal, alice, USER, mine.id, CredentialEdit(api_key=Secret("sk-new-0123456789abc")))
    assert used(portal, agent) == "mine"


# --- one key per provider


def test_a_second_key_for_a_provider_is_refused_while_the_policy_is_one(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    first = save(portal, alice, "first", active=False)
    decide(portal, one_key_per_provider=True)
    with pytest.raises(ProviderTaken) as refusal:
        save(portal, alice, "second")
    assert (refusal.value.code, refusal.value.field) == ("provider_taken", "provider")
    assert refusal.value.message.startswith("API key for this provider already exists")
    save(portal, bob, "bobs")
    save(portal, alice, "other", provider="anthropic")
    credentials.delete(portal, alice, USER, first.id)
    save(portal, alice, "second")


def test_neither_general_keys_nor_system_keys_nor_rotations_count(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    decide(portal, one_key_per_provider=True)
    for number in range(2):
        save(portal, alice, f"general {number}", provider="")
        save(portal, root, f"system {number}", ownership=SYSTEM)
    old = save(portal, alice, "old")
    new = save(portal, alice, "new", replaces_id=old.id)
    with pytest.raises(ProviderTaken):
        save(portal, alice, "third")
    spoil(portal, new.id, replaces_id=None)
    spoil(portal, old.id, replaced_by_id=new.id)
    with pytest.raises(ProviderTaken):
        save(portal, alice, "third")


def test_a_key_replaces_only_one_of_its_owner_for_its_provider(
    portal: Portal, alice: Principal, bob: Principal
) -> None:
    bobs, other = save(portal, bob, "bobs"), save(portal, alice, "other", provider="anthropic")
    for wrong in (bobs.id, other.id, "", "junk"):
        with pytest.raises(NotFound):
            save(portal, alice, "new", replaces_id=wrong)


def test_of_two_keys_added_at_once_one_is_refused(portal: Portal, alice: Principal) -> None:
    decide(portal, one_key_per_provider=True)

    def add(number: int) -> str:
        try:
            return save(portal, alice, f"key {number}").name
        except KeyPortalError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(add, range(8)))
    assert told.count("provider_taken") == 7


# --- use by day


def test_use_is_counted_by_day_source_and_agent(make_portal: MakePortal, clock: FakeClock) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment-01234")
    alice = person(portal, "alice")
    agent = agent_of(portal, alice, Scope.RESOLVE)
    first_day = clock.now().date()
    resolution.resolve_key(portal, agent, "openai")
    mine = save(portal, alice)
    for _ in range(2):
        resolution.resolve_key(portal, agent, "openai")
    clock.advance(timedelta(days=1))
    resolution.resolve_key(portal, operator_principal(), "openai", user=alice.email)
    second_day = clock.now().date()
    with portal.database.reading() as session:
        found = {(r.day, r.source, r.credential_id, r.agent_key_id, r.count)
                 for r in session.exec(select(UsageDayRow))}  # fmt: skip
        assert usage.usage_of(session, mine.id, first_day) == [(first_day, 2), (second_day, 1)]
        assert usage.usage_of(session, mine.id, second_day) == [(second_day, 1)]
    assert found == {(first_day, "environment", "", agent.agent_key_id, 1),
                     (first_day, "user", mine.id, agent.agent_key_id, 2),
                     (second_day, "user", mine.id, "", 1)}  # fmt: skip


def test_what_is_refused_is_not_counted(portal: Portal, alice: Principal, agent: Principal) -> None:
    mine = save(portal, alice)
    spoil(portal, mine.id)
    with pytest.raises(KeyPortalError):
        used(portal, agent)
    with portal.database.reading() as session:
        assert session.exec(select(UsageDayRow)).all() == []
