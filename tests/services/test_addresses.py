"""Where a released key is to be used, after its provider moved."""

from keyportal.domain.principals import Principal
from keyportal.persistence.tables import ProviderRow
from keyportal.services import overview, resolution
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person
from tests.services.support import row_of, save


def move(portal: Portal, url: str) -> None:
    now = portal.clock.now()
    with portal.database.transaction() as session:
        session.merge(ProviderRow(id="groq", base_url=url, created_at=now, updated_at=now))
    portal.live_registry.forget()


def test_a_new_path_at_the_same_origin_is_what_programs_get(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    move(portal, "https://llm.example/v1")
    save(portal, alice, provider="groq")
    move(portal, "https://llm.example/openai/v1")
    assert resolution.resolve_key(portal, agent, "groq").base_url == "https://llm.example/openai/v1"


def test_another_origin_is_not(portal: Portal, alice: Principal, agent: Principal) -> None:
    move(portal, "https://llm.example/v1")
    save(portal, alice, provider="groq")
    for elsewhere in ("https://other.example/v1", "http://llm.example/v1", "https://llm.example:8443/v1"):
        move(portal, elsewhere)
        assert resolution.resolve_key(portal, agent, "groq").base_url == "https://llm.example/v1"


def test_the_overview_says_where_a_key_stays(portal: Portal, alice: Principal) -> None:
    save(portal, alice, provider="groq")
    (before,) = overview.overview_for(portal, alice).chains
    move(portal, "https://llm.example/v1")
    (after,) = overview.overview_for(portal, alice).chains
    assert "stays with" not in before.reason
    assert "It stays with api.groq.com, which it was saved for" in after.reason


def test_a_place_without_its_field_leaves_the_key_where_it_was(make_portal: MakePortal) -> None:
    portal = make_portal()
    alice = person(portal, "alice")
    made = save(portal, alice, provider="azure_speech", value="a" * 32, fields={"region": "westeurope"})
    row = row_of(portal, made.id)
    row.fields = {}
    assert resolution.address_of(portal.providers.get("azure_speech"), row) == row.base_url
