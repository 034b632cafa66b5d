"""The policies: changed at once, refused with a reason, and two admins at a time."""

from typing import Any

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, UnknownProvider, VersionConflict
from keyportal.domain.policies import Policies
from keyportal.domain.principals import Principal
from keyportal.services import policies, users
from keyportal.services.portal import Portal
from keyportal.services.users import UserEdit
from tests.conftest import person
from tests.services.support import events


def test_a_change_counts_at_once_and_leaves_the_rest(portal: Portal, root: Principal) -> None:
    before = policies.get_policies(portal, root)
    assert (before.policies, before.changed_by) == (Policies(), "")
    after = policies.change_policies(portal, root, {"failover": True})
    assert after.policies == Policies(failover=True)
    assert (after.changed_by, after.version == before.version) == ("root@example.com", False)
    with portal.database.reading() as session:
        assert policies.policies_in(session).failover


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agent_key_days": 0}, "agent_key_days"),
        ({"agent_key_days": 366}, "agent_key_days"),
        ({"agent_key_longest_days": 3651}, "agent_key_longest_days"),
        ({"usage_kept_days": 30}, "usage_kept_days"),
        ({"deleted_kept_days": 0}, "deleted_kept_days"),
        ({"deleted_kept_days": True}, "deleted_kept_days"),
        ({"reports_kept_days": 7}, "reports_kept_days"),
        ({"failover_minutes": 0}, "failover_minutes"),
        ({"failover_minutes": 1441}, "failover_minutes"),
        ({"failover_minutes": True}, "failover_minutes"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    portal: Portal, root: Principal, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        policies.change_policies(portal, root, changes)
    assert refusal.value.field == field
    assert policies.get_policies(portal, root).policies == Policies()


def test_providers_are_kept_once_by_their_own_id(portal: Portal, root: Principal) -> None:
    wanted = {"environment_off": ["OpenAI", "openai", "groq"]}
    assert policies.change_policies(portal, root, wanted).policies.environment_off == ("groq", "openai")
    with pytest.raises(UnknownProvider):
        policies.change_policies(portal, root, {"environment_off": ["nobody"]})


def test_two_admins_on_one_policy_collide_and_on_two_do_not(portal: Portal, root: Principal) -> None:
    seen = policies.get_policies(portal, root)
    policies.change_policies(portal, root, {"failover": True})
    both = policies.change_policies(portal, root, {"usage_kept_days": 50}, seen=seen.policies)
    assert (both.policies.failover, both.policies.usage_kept_days) == (True, 50)
    with pytest.raises(VersionConflict):
        policies.change_policies(portal, root, {"failover": False}, seen=seen.policies)
    with pytest.raises(VersionConflict):
        policies.change_policies(portal, root, {"deleted_kept_days": 5}, version=seen.version)


def test_a_change_is_one_event_with_what_changed_and_no_change_is_none(
    portal: Portal, root: Principal
) -> None:
    policies.change_policies(portal, root, {"failover": True, "usage_kept_days": 400})
    said = events(portal)[-1]
    assert (said.action, said.details) == (
        "policy.update",
        {"changed": ["failover"], "to": {"failover": True}},
    )
    policies.change_policies(portal, root, {"failover": True})
    assert events(portal)[-1].uid == said.uid


def test_who_changed_a_policy_last_is_told_of_that_policy(
    portal: Portal, root: Principal, bob: Principal
) -> None:
    users.update(portal, root, str(bob.user_id), UserEdit(role="admin"))
    policies.change_policies(portal, person(portal, "bob"), {"failover": True, "failover_minutes": 1})
    policies.change_policies(portal, root, {"failover": False, "usage_kept_days": 50})
    assert policies.who_changed(portal, root, ["failover_minutes"]) == "bob@example.com"
    assert policies.who_changed(portal, root, ["failover_minutes", "failover"]) == "root@example.com"
    assert policies.who_changed(portal, root, ["deleted_kept_days"]) == ""
    assert policies.who_changed(portal, root, []) == ""


def test_a_member_neither_reads_nor_changes_them(portal: Portal, alice: Principal, root: Principal) -> None:
    with pytest.raises(Forbidden):
        policies.get_policies(portal, alice)
    with pytest.raises(Forbidden):
        policies.who_changed(portal, alice, ["failover"])
    with pytest.raises(Forbidden):
        policies.change_policies(portal, alice, {"failover": True})
    assert policies.get_policies(portal, root).policies == Policies()
