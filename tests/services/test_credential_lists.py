"""Lists of keys: what they are narrowed and sorted by, and the marks of each row."""

from datetime import timedelta

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, UnknownProvider
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.persistence.credentials import CredentialFilter
from keyportal.services import credential_lists
from keyportal.services.credential_lists import labels_in_use, providers_in_use, search
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER, save
from tests.support import START


def names(portal: Portal, who: Principal, sort: str = "name", **wanted: str) -> list[str]:
    return [view.name for view in search(portal, who, USER, CredentialFilter(**wanted), sort).items]


def test_a_list_is_sorted_and_narrowed(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "b", environment="prod")
    save(portal, alice, "a", provider="anthropic")
    save(portal, alice, "c", provider="")
    assert names(portal, alice) == ["a", "b", "c"]
    assert names(portal, alice, "-name") == ["c", "b", "a"]
    assert names(portal, alice, provider="General") == ["c"]
    assert names(portal, alice, environment="PROD") == ["b"]
    assert names(portal, alice, status="re_enter") == []


@pytest.mark.parametrize("sort", ["", "-", "status", "name_key", "--name", "created desc", "id; --"])
def test_a_column_nobody_offers_is_refused(portal: Portal, alice: Principal, sort: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        search(portal, alice, USER, sort=sort)
    assert refusal.value.field == "sort"


def test_a_filter_nobody_offers_is_refused(portal: Portal, alice: Principal) -> None:
    for wanted, error in (
        (CredentialFilter(status="odd"), InvalidInput),
        (CredentialFilter(health="odd"), InvalidInput),
        (CredentialFilter(environment="not a label"), InvalidInput),
        (CredentialFilter(provider="nobody"), UnknownProvider),
    ):
        with pytest.raises(error):
            search(portal, alice, USER, wanted)


def test_what_needs_a_look_soon_is_marked(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "far", expires_at=START + timedelta(days=15), remind_at=START + timedelta(days=1))
    save(portal, alice, "near", expires_at=START + timedelta(days=14), remind_at=START)
    save(portal, alice, "over", expires_at=START)
    marks = {v.name: (v.expires_soon, v.reminder_due) for v in search(portal, alice, USER).items}
    assert marks == {"far": (False, False), "near": (True, True), "over": (False, False)}


def test_the_choices_of_the_filters_are_the_owners_own(
    portal: Portal, alice: Principal, bob: Principal, root: Principal
) -> None:
    save(portal, alice, "a", environment="prod")
    save(portal, alice, "g", provider="")
    save(portal, root, "s", ownership=SYSTEM, provider="groq", environment="shared")
    assert (labels_in_use(portal, alice, USER), providers_in_use(portal, alice, USER)) == (
        ["prod"],
        ["general", "openai"],
    )
    assert (labels_in_use(portal, bob, USER), providers_in_use(portal, bob, USER)) == ([], [])
    assert providers_in_use(portal, root, SYSTEM) == ["groq"]


@pytest.mark.parametrize("act", ["search", "labels_in_use", "providers_in_use"])
def test_members_do_not_list_system_keys_and_strangers_nothing(
    portal: Portal, alice: Principal, act: str
) -> None:
    for who, ownership in ((alice, SYSTEM), (anonymous_principal(), USER), (anonymous_principal(), SYSTEM)):
        with pytest.raises(Forbidden):
            getattr(credential_lists, act)(portal, who, ownership)
