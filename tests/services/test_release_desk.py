"""Handing out from memory: the same answers as the long way, and those who come together counted exactly."""

import asyncio
from datetime import timedelta

from keyportal.domain.principals import Principal
from keyportal.persistence import usage
from keyportal.services import agent_keys, audit_verification, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.release_cache import Wanted
from keyportal.services.release_desk import ReleaseDesk, open_desk
from keyportal.services.releases import Resolution
from tests.conftest import MakePortal, person
from tests.services.desk_support import OPENAI, ask, value_of
from tests.services.desk_support import desk as desk
from tests.services.desk_support import token as token
from tests.services.support import events, row_of, save
from tests.support import START, FakeClock


def without_id(found: Resolution | None) -> tuple[object, ...]:
    assert found is not None
    return (found.provider, found.source, found.credential, found.failed_over_from,
            found.api_key.reveal(), dict(found.fields), found.base_url)  # fmt: skip


async def test_the_answer_is_the_one_of_the_long_way(
    portal: Portal, alice: Principal, agent: Principal, desk: ReleaseDesk, token: str
) -> None:
    save(portal, alice, fields={"organization": "org-1"})
    expected = without_id(resolution.resolve_key(portal, agent, "openai"))
    for _ in range(3):
        assert without_id(await ask(desk, token, OPENAI, "")) == expected


async def test_secret_fields_and_variables_come_too(make_portal: MakePortal) -> None:
    portal = make_portal(GROQ_API_KEY="gsk_environment-0123456789")
    alice = person(portal, "alice")
    fields = {"region": "eu-central-1", "access_key_id": "AKIAIOSFODNN7EXAMPLE"}
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY1234"
    save(portal, alice, "aws", secret, provider="aws_transcribe", fields=fields)
    token = agent_keys.create(portal, alice, NewAgentKey("ci")).token.reveal()
    async with open_desk(portal) as desk:
        for _ in range(2):
            found = await ask(desk, token, Wanted("aws_transcribe"), "")
            assert found is not None and dict(found.fields) == fields
            assert await value_of(desk, token, Wanted("groq")) == "gsk_environment-0123456789"


async def test_uses_that_come_together_are_one_event_with_an_id_for_each(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    await ask(desk, token, OPENAI, "192.0.2.1")
    before = len(events(portal))
    found = await asyncio.gather(*[ask(desk, token, OPENAI, "192.0.2.1") for _ in range(5)])
    (event,) = events(portal)[before:]
    assert [f.resolution_id for f in found if f] == [event.uid, *(f"{event.uid}-{n}" for n in range(1, 5))]
    assert (event.object_id, event.object_label, event.address) == (mine.id, "mine", "192.0.2.1")
    assert event.details == {
        "provider": "openai", "for_user": "alice@example.com", "source": "user", "mask": mine.mask,
        "secret_version": 1, "count": 5}  # fmt: skip


async def test_other_callers_other_keys_and_other_addresses_are_events_of_their_own(
    portal: Portal, alice: Principal, bob: Principal, desk: ReleaseDesk, token: str
) -> None:
    for owner in (alice, bob):
        save(portal, owner)
    save(portal, alice, "g", "gsk_0123456789abcdef", provider="groq")
    theirs = agent_keys.create(portal, bob, NewAgentKey("ci")).token.reveal()
    asked = [(token, OPENAI, "a"), (token, OPENAI, "b"), (theirs, OPENAI, "a"), (token, Wanted("groq"), "a")]
    before = 0
    for _ in range(2):
        before = len(events(portal))
        await asyncio.gather(*[ask(desk, *one) for one in asked])
    found = {(e.principal_label, e.address, e.details["provider"]) for e in events(portal)[before:]}
    mine, her = "ci (alice@example.com)", "ci (bob@example.com)"
    assert found == {(mine, "a", "openai"), (mine, "b", "openai"), (her, "a", "openai"), (mine, "a", "groq")}


async def test_every_call_of_many_at_once_is_counted_and_the_chain_holds(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str
) -> None:
    mine = save(portal, alice)
    found = await asyncio.gather(*[ask(desk, token, OPENAI, str(n % 7)) for n in range(500)])
    ids = {f.resolution_id for f in found if f}
    listed = {e.uid: e.details.get("count", 1) for e in events(portal) if e.action == "credential.resolve"}
    assert ids == {uid if n == 0 else f"{uid}-{n}" for uid, count in listed.items() for n in range(count)}
    assert (len(ids), sum(listed.values()), row_of(portal, mine.id).usage_count) == (500, 500, 500)
    with portal.database.reading() as session:
        assert usage.usage_of(session, mine.id, START.date()) == [(START.date(), 500)]
    assert audit_verification.verify_chain(portal).broken_at is None


async def test_several_processes_count_exactly(make_portal: MakePortal) -> None:
    portals = [make_portal() for _ in range(3)]
    alice = person(portals[0], "alice")
    mine = save(portals[0], alice)
    token = agent_keys.create(portals[0], alice, NewAgentKey("ci")).token.reveal()
    desks = [ReleaseDesk(portal) for portal in portals]
    found = await asyncio.gather(*[ask(one, token, OPENAI, "") for _ in range(40) for one in desks])
    for one in desks:
        await one.close()
    assert len({f.resolution_id for f in found if f}) == 120
    assert row_of(portals[0], mine.id).usage_count == 120
    assert audit_verification.verify_chain(portals[0]).broken_at is None


async def test_the_last_use_of_agent_key_and_key_is_true_to_the_minute(
    portal: Portal, alice: Principal, desk: ReleaseDesk, token: str, clock: FakeClock
) -> None:
    mine = save(portal, alice)
    seen = []
    for seconds in (0, 30, 31):
        clock.advance(timedelta(seconds=seconds))
        await ask(desk, token, OPENAI, "")
        row = row_of(portal, mine.id)
        seen.append(
            (agent_keys.search(portal, alice).items[0].last_used_at, row.last_used_at, row.usage_count)
        )
    later = START + timedelta(seconds=61)
    assert seen == [(START, START, 1), (START, START, 2), (later, later, 3)]
