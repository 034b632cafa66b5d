"""Rows changed behind the portal's back: refused, never another key's bill, put right by their owner."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import col, select, update

from keyportal.domain.errors import KeyUnreadable
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence.tables import CredentialRow
from keyportal.services import access, agent_keys, audit_verification, credentials, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.credentials import CredentialEdit, CredentialFilter
from keyportal.services.portal import Portal
from keyportal.services.release_desk import open_desk
from tests.conftest import MakePortal, person
from tests.services.desk_support import ask, value_of
from tests.services.support import SYSTEM, USER, VALUE, row_of, save, spoil

_NEW = "sk-proj-entered-again-0123456789abcdef"
_REST = "sk-proj-of-another-row-0123456789abcdef"
# A bit of each class of bytes in a sealed value: version, key id, nonce, what was saved, tag.
_PLACES = {"version": 0, "key id": 1, "nonce": 5, "the value": 17, "tag": -1}
# What the value is bound to, besides its row and its owner.
_COLUMNS: dict[str, Any] = {
    "base_url": "https://evil.example.com/v1",
    "destination": "https://evil.example.com",
    "secret_version": 2,
    "secret_fields": ["region"],
    "key_id": "00000000",
}


@dataclass
class Scene:
    """Alice's key, which is about to be damaged, beside two that others could be given in its place."""

    portal: Portal
    alice: Principal
    key_id: str
    token: str

    def resolve(self) -> str:
        agent = access.require_agent(self.portal, self.token)
        return resolution.resolve_key(self.portal, agent, "openai").api_key.reveal()

    def names(self) -> dict[str, str]:
        page = credentials.search(self.portal, self.alice, USER, CredentialFilter())
        return {view.name: view.status for view in page.items}


@pytest.fixture
def scene(make_portal: MakePortal) -> Scene:
    portal = make_portal(OPENAI_API_KEY="sk-of-the-environment-0123456789")
    alice, root = person(portal, "alice"), person(portal, "root")
    mine = save(portal, alice)
    save(portal, alice, "second", _REST)
    save(portal, root, "shared", "sk-of-everybody-0123456789abcdef", SYSTEM)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    return Scene(portal, alice, mine.id, token)


async def require_honesty(scene: Scene) -> None:
    """Refused on both ways, listed all the same, others unharmed, and right again once it is entered anew."""
    for _ in range(2):
        with pytest.raises(KeyUnreadable):
            scene.resolve()
    async with open_desk(scene.portal) as desk:
        assert await ask(desk, scene.token) is None
    assert scene.names() == {"mine": "unreadable", "second": "active"}
    credentials.update(scene.portal, scene.alice, USER, scene.key_id, CredentialEdit(api_key=Secret(_NEW)))
    assert scene.resolve() == _NEW and scene.names()["mine"] == "active"
    assert audit_verification.verify_chain(scene.portal).broken_at is None


async def test_one_bit_of_a_sealed_value_changed_is_an_unreadable_key(scene: Scene) -> None:
    for place in _PLACES.values():
        sealed = bytearray(row_of(scene.portal, scene.key_id).sealed or b"")
        sealed[place] ^= 1
        spoil(scene.portal, scene.key_id, sealed=bytes(sealed))
        await require_honesty(scene)


async def test_a_sealed_value_cut_off_or_overwritten_is_an_unreadable_key(scene: Scene) -> None:
    for content in (b"", b"\x01", b"\x01" * 32, b"\x00" * 200):
        spoil(scene.portal, scene.key_id, sealed=content)
        await require_honesty(scene)


@pytest.mark.parametrize("column", _COLUMNS)
async def test_a_column_changed_that_a_value_is_bound_to_is_an_unreadable_key(
    scene: Scene, column: str
) -> None:
    spoil(scene.portal, scene.key_id, **{column: _COLUMNS[column]})
    await require_honesty(scene)


async def test_two_rows_whose_values_were_swapped_are_both_unreadable(scene: Scene) -> None:
    mine, other = _rows(scene.portal, "mine", "second")
    spoil(scene.portal, mine.id, sealed=other.sealed, secret_version=other.secret_version)
    spoil(scene.portal, other.id, sealed=mine.sealed, secret_version=mine.secret_version)
    with pytest.raises(KeyUnreadable):
        scene.resolve()
    credentials.delete(scene.portal, scene.alice, USER, mine.id)
    with pytest.raises(KeyUnreadable):
        scene.resolve()
    assert scene.names() == {"second": "unreadable"}


def test_a_key_given_to_another_person_in_the_database_is_no_use_to_them(scene: Scene) -> None:
    bob = person(scene.portal, "bob")
    spoil(scene.portal, scene.key_id, owner_id=bob.user_id, owner_key=bob.user_id)
    token = agent_keys.create(scene.portal, bob, NewAgentKey("ci")).token.reveal()
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(scene.portal, access.require_agent(scene.portal, token), "openai")
    assert scene.resolve() == _REST


def test_a_key_made_a_shared_one_in_the_database_is_no_use_to_others(scene: Scene) -> None:
    (shared,) = _rows(scene.portal, "shared")
    with scene.portal.database.transaction() as session:
        session.exec(update(CredentialRow).where(col(CredentialRow.id) == shared.id).values(position=9))
    spoil(scene.portal, scene.key_id, ownership="system", owner_id=None, owner_key="system")
    bob = person(scene.portal, "bob")
    token = agent_keys.create(scene.portal, bob, NewAgentKey("ci")).token.reveal()
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(scene.portal, access.require_agent(scene.portal, token), "openai")


def test_a_key_moved_to_another_provider_in_the_database_is_not_sent_there(scene: Scene) -> None:
    spoil(scene.portal, scene.key_id, provider="groq")
    agent = access.require_agent(scene.portal, scene.token)
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(scene.portal, agent, "groq")
    assert scene.resolve() == _REST


def test_a_name_is_no_part_of_what_is_sealed_and_a_changed_one_harms_nothing(scene: Scene) -> None:
    spoil(scene.portal, scene.key_id, name="other", name_key="other")
    assert scene.resolve() == VALUE and set(scene.names()) == {"other", "second"}


async def test_a_key_in_memory_is_not_handed_out_once_its_row_was_changed(scene: Scene) -> None:
    async with open_desk(scene.portal) as desk:
        assert [await value_of(desk, scene.token) for _ in range(2)] == [VALUE, VALUE]
        spoil(scene.portal, scene.key_id)
        assert await ask(desk, scene.token) is None


def test_a_portal_starts_with_every_row_damaged_and_says_so_of_each(
    scene: Scene, make_portal: MakePortal
) -> None:
    with scene.portal.database.transaction() as session:
        session.exec(update(CredentialRow).values(sealed=b"\x01junk", secret_fields=json.loads("[]")))
    again = make_portal(OPENAI_API_KEY="sk-of-the-environment-0123456789")
    seen = Scene(again, scene.alice, scene.key_id, scene.token)
    with pytest.raises(KeyUnreadable):
        seen.resolve()
    assert seen.names() == {"mine": "unreadable", "second": "active"}


def _rows(portal: Portal, *names: str) -> list[CredentialRow]:
    with portal.database.reading() as session:
        rows = session.exec(select(CredentialRow).where(col(CredentialRow.name).in_(names))).all()
    return sorted(rows, key=lambda row: names.index(row.name))
