"""Rotation: the old value is used until the switch, then the new one, and nothing in between."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from keyportal.domain.credentials import Ownership
from keyportal.domain.errors import Forbidden, InvalidInput, NotFound, ProviderTaken, RotationUnderWay
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.domain.secret import Secret
from keyportal.services import (
    bulk,
    credential_lists,
    credential_rotation,
    credentials,
    links,
    policies,
    resolution,
)
from keyportal.services.credential_rotation import NewValue, abandon, begin, find_waiting, finish
from keyportal.services.credential_views import CredentialView
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from tests.services.provider_support import set_base_url
from tests.services.support import SYSTEM, USER, VALUE, events, row_of, save
from tests.support import START, FakeClock, all_text_of

NEW = "sk-proj-rotatedT3BlbkFJ9876543210zyxw"


def rotate(portal: Portal, who: Principal, credential_id: str, ownership: Ownership = USER) -> CredentialView:
    return begin(portal, who, ownership, credential_id, NewValue(Secret(NEW)))


def used(portal: Portal, agent: Principal) -> str:
    return resolution.resolve_key(portal, agent, "openai").api_key.reveal()


def names(portal: Portal, who: Principal) -> list[str]:
    found = credential_lists.search(portal, who, USER, sort="provider").items
    return [view.name for view in found]


def test_programs_get_the_old_value_until_the_switch_and_then_the_new_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    old = save(portal, alice, "Production")
    seen = [used(portal, agent)]
    waiting = rotate(portal, alice, old.id)
    seen.append(used(portal, agent))
    assert (waiting.name, waiting.status, waiting.replaces_id) == ("Production (new)", "inactive", old.id)
    new = finish(portal, alice, USER, old.id)
    seen.append(used(portal, agent))
    assert seen == [VALUE, VALUE, NEW]
    assert (new.id, new.name, new.status) == (waiting.id, "Production", "active")


def test_the_new_one_takes_place_name_label_note_and_links(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production", note="n", environment="prod", failover=True)
    save(portal, alice, "Other")
    links.link(portal, alice, USER, old.id, "openai", "gpt-4o*")
    rotate(portal, alice, old.id)
    new = finish(portal, alice, USER, old.id, 30)
    assert names(portal, alice) == ["Production", "Production (retired 21 Nov 2026)", "Other"]
    assert (new.position, new.note, new.environment, new.failover) == (0, "n", "prod", True)
    assert [link.model_pattern for link in links.links_of(portal, alice, USER, new.id)] == ["gpt-4o*"]
    assert links.links_of(portal, alice, USER, old.id) == []


def test_the_old_one_stays_usable_for_its_grace_and_is_expired_after_it(
    portal: Portal, alice: Principal, agent: Principal, clock: FakeClock
) -> None:
    old = save(portal, alice, "Production")
    rotate(portal, alice, old.id)
    new = finish(portal, alice, USER, old.id, 7)
    retired = credentials.get(portal, alice, USER, old.id)
    assert (retired.status, retired.expires_at, retired.replaced_by_id) == (
        "active",
        START + timedelta(days=7),
        new.id,
    )
    credentials.delete(portal, alice, USER, new.id)
    assert used(portal, agent) == VALUE
    clock.advance(timedelta(days=7))
    assert credentials.get(portal, alice, USER, old.id).status == "expired"


@pytest.mark.parametrize("grace", [0, 1, 7, 30])
def test_a_grace_never_outlives_the_old_ones_own_expiry(portal: Portal, alice: Principal, grace: int) -> None:
    own_expiry = START + timedelta(days=3)
    old = save(portal, alice, "Production", expires_at=own_expiry)
    rotate(portal, alice, old.id)
    finish(portal, alice, USER, old.id, grace)
    retired = credentials.get(portal, alice, USER, old.id)
    assert retired.expires_at == min(own_expiry, START + timedelta(days=grace))
    assert retired.status == ("expired" if grace == 0 else "active")


@pytest.mark.parametrize("grace", [2, -1, True, "7", None])
def test_another_grace_is_refused_and_changes_nothing(portal: Portal, alice: Principal, grace: Any) -> None:
    old = save(portal, alice, "Production")
    rotate(portal, alice, old.id)
    with pytest.raises(InvalidInput) as refusal:
        finish(portal, alice, USER, old.id, grace)
    assert refusal.value.field == "grace_days"
    assert names(portal, alice) == ["Production", "Production (new)"]


def test_giving_up_wipes_the_new_value_and_leaves_the_old_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    old = save(portal, alice, "Production")
    waiting = rotate(portal, alice, old.id)
    abandon(portal, alice, USER, old.id)
    assert row_of(portal, waiting.id).sealed is None
    assert (names(portal, alice), used(portal, agent)) == (["Production"], VALUE)
    assert find_waiting(portal, alice, USER, old.id) is None
    rotate(portal, alice, old.id)  # and it can be begun again


def test_a_rotation_left_halfway_is_found_again(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    waiting = rotate(portal, alice, old.id)
    assert find_waiting(portal, alice, USER, old.id) == waiting
    marked = {view.name for view in credential_lists.search(portal, alice, USER).items if view.has_waiting}
    assert marked == {"Production"}


def test_names_are_made_free_and_fit(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "n" * 80)
    save(portal, alice, "n" * 74 + " (new)")
    waiting = rotate(portal, alice, old.id)
    assert waiting.name == "n" * 72 + " (new 2)"
    assert finish(portal, alice, USER, old.id).name == "n" * 80


def test_the_second_of_two_tabs_is_told(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    rotate(portal, alice, old.id)
    with pytest.raises(RotationUnderWay):
        rotate(portal, alice, old.id)
    new = finish(portal, alice, USER, old.id)
    for act in (finish, abandon):
        with pytest.raises(NotFound, match="No new value"):
            act(portal, alice, USER, old.id)
    assert names(portal, alice) == ["Production", "Production (retired 21 Nov 2026)"]
    rotate(portal, alice, new.id)  # the new one can be rotated in its turn, the retired one cannot
    with pytest.raises(RotationUnderWay):
        rotate(portal, alice, old.id)


def test_a_key_that_waits_is_not_switched_on_by_hand_nor_rotated(portal: Portal, alice: Principal) -> None:
    waiting = rotate(portal, alice, save(portal, alice, "Production").id)
    with pytest.raises(RotationUnderWay):
        bulk.set_active(portal, alice, USER, [waiting.id], active=True)
    with pytest.raises(RotationUnderWay):
        credentials.update(portal, alice, USER, waiting.id, CredentialEdit(active=True))
    assert credentials.update(portal, alice, USER, waiting.id, CredentialEdit(note="n")).status == "inactive"
    with pytest.raises(RotationUnderWay):
        rotate(portal, alice, waiting.id)


@pytest.mark.parametrize("expires_at", [None, START + timedelta(days=60)])
def test_the_end_of_a_key_that_was_rotated_out_is_not_put_off(
    portal: Portal, alice: Principal, expires_at: datetime | None
) -> None:
    old = save(portal, alice, "Production")
    rotate(portal, alice, old.id)
    finish(portal, alice, USER, old.id)
    with pytest.raises(InvalidInput, match="It ends on 28 Nov 2026; rotate the new one instead") as refusal:
        credentials.update(portal, alice, USER, old.id, CredentialEdit(expires_at=expires_at))
    assert refusal.value.field == "expires_at"
    sooner = CredentialEdit(note="n", expires_at=START + timedelta(days=2))
    assert credentials.update(portal, alice, USER, old.id, sooner).expires_at == START + timedelta(days=2)


def test_a_general_key_that_was_rotated_out_ends_whatever_its_form_sends(
    portal: Portal, alice: Principal
) -> None:
    old = save(portal, alice, "Anything", provider="")
    rotate(portal, alice, old.id)
    finish(portal, alice, USER, old.id)
    edit = CredentialEdit(note="n", expires_at=None, remind_at=None, fields={})
    assert credentials.update(portal, alice, USER, old.id, edit).expires_at == START + timedelta(days=7)


@pytest.mark.parametrize("in_bulk", [False, True])
def test_where_the_new_key_is_deleted_the_old_one_counts_again(
    portal: Portal, alice: Principal, root: Principal, in_bulk: bool
) -> None:
    policies.change_policies(portal, root, {"one_key_per_provider": True})
    old = save(portal, alice, "Production")
    new = rotate(portal, alice, old.id)
    finish(portal, alice, USER, old.id)
    if in_bulk:
        bulk.delete(portal, alice, USER, [new.id])
    else:
        credentials.delete(portal, alice, USER, new.id)
    with pytest.raises(ProviderTaken):
        save(portal, alice, "third")
    assert credentials.update(portal, alice, USER, old.id, CredentialEdit(expires_at=None)).status == "active"
    assert rotate(portal, alice, old.id).replaces_id == old.id


def test_a_new_value_of_a_general_key_takes_over_no_link_its_provider_has_left(
    portal: Portal, alice: Principal, root: Principal, agent: Principal
) -> None:
    old = save(portal, alice, "Anything", provider="")
    for provider in ("openai", "groq"):
        links.link(portal, alice, USER, old.id, provider)
    new = rotate(portal, alice, old.id)
    set_base_url(portal, root, "groq", "https://elsewhere.example/v1")
    finish(portal, alice, USER, old.id)
    assert [ln.provider for ln in links.links_of(portal, alice, USER, new.id)] == ["openai"]
    assert [ln.provider for ln in links.links_of(portal, alice, USER, old.id)] == ["groq"]
    answer = resolution.resolve_key(portal, agent, "groq")
    assert (answer.api_key.reveal(), answer.base_url) == (VALUE, "https://api.groq.com/openai/v1")


def test_a_new_value_outlives_the_deletion_of_the_old_key(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    waiting = rotate(portal, alice, old.id)
    credentials.delete(portal, alice, USER, old.id)
    assert credentials.get(portal, alice, USER, waiting.id).replaces_id is None


def test_a_general_key_is_rotated_too(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Anything", provider="")
    rotate(portal, alice, old.id)
    assert finish(portal, alice, USER, old.id, 0).name == "Anything"
    assert credentials.get(portal, alice, USER, old.id).status == "expired"


def test_a_value_that_is_none_leaves_nothing(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    with pytest.raises(InvalidInput):
        begin(portal, alice, USER, old.id, NewValue(Secret("****...cdef")))
    assert names(portal, alice) == ["Production"]


@pytest.mark.parametrize("act", ["begin", "finish", "abandon", "find_waiting"])
def test_strangers_rotate_nothing(
    portal: Portal, alice: Principal, bob: Principal, root: Principal, act: str
) -> None:
    own = save(portal, alice, "Production").id
    system = save(portal, root, "Fallback", ownership=SYSTEM).id
    for who, ownership, credential_id in ((alice, USER, own), (root, SYSTEM, system)):
        rotate(portal, who, credential_id, ownership)
    before = len(events(portal))
    more = [NewValue(Secret(NEW))] if act == "begin" else []
    for who, ownership, credential_id, error in (
        (bob, USER, own, NotFound),
        (root, SYSTEM, own, NotFound),
        (alice, SYSTEM, system, Forbidden),
        (anonymous_principal(), USER, own, Forbidden),
    ):
        with pytest.raises(error):
            getattr(credential_rotation, act)(portal, who, ownership, credential_id, *more)
    assert len(events(portal)) == before


def test_each_step_is_one_event_without_the_value(portal: Portal, alice: Principal) -> None:
    old = save(portal, alice, "Production")
    before = len(events(portal))
    rotate(portal, alice, old.id)
    abandon(portal, alice, USER, old.id)
    rotate(portal, alice, old.id)
    new = finish(portal, alice, USER, old.id)
    trail = events(portal)[before:]
    assert [(e.action, e.result) for e in trail] == [
        ("credential.rotate", result) for result in ("started", "ok", "started", "ok")
    ]
    assert [e.object_id for e in trail] == [old.id, old.id, old.id, new.id]
    assert (trail[1].details["reason"], trail[3].details["replaces"]) == ("discarded", old.id)
    assert NEW.encode() not in all_text_of(portal)
