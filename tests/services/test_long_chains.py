"""However many keys somebody has: as little is read as the search turns on, and it ends at the same key."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from keyportal.domain.errors import NoKey
from keyportal.domain.principals import Principal, operator_principal
from keyportal.persistence.columns import new_id
from keyportal.persistence.tables import CredentialLinkRow, CredentialRow
from keyportal.resolver import Candidate, Decision, Situation, Source, in_order, resolve
from keyportal.services import chains, links, overview, policies, resolution
from keyportal.services.credential_details import get_details
from keyportal.services.portal import Portal
from tests.conftest import person
from tests.services.support import SYSTEM, USER, row_of, save
from tests.support import START

MANY = 300
_NAMES = [column.name for column in CredentialRow.__table__.columns]  # type: ignore[attr-defined]


@dataclass
class Reading:
    statements: list[str] = field(default_factory=list)
    rows: int = 0

    def values(self) -> list[str]:
        """Return the statements that read ciphertext, and not only whether there is some."""
        read = (s.partition(" FROM ")[0] for s in self.statements if s.startswith("SELECT"))
        return [s for s in read if "credentials.sealed" in s.replace("credentials.sealed IS NOT NULL", "")]


@contextmanager
def reading(portal: Portal) -> Iterator[Reading]:
    found = Reading()

    def tell(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.statements.append(" ".join(statement.split()))

    def count(*_: Any) -> None:
        found.rows += 1

    heard = [(portal.database.engine, "before_cursor_execute", tell)]
    heard += [(table, "load", count) for table in (CredentialRow, CredentialLinkRow)]
    for args in heard:
        event.listen(*args)
    yield found
    for args in heard:
        event.remove(*args)


def copies(portal: Portal, credential_id: str, count: int = MANY, **values: Any) -> list[str]:
    """Store a key again and again behind itself, under other names."""
    row = row_of(portal, credential_id)
    like = {name: getattr(row, name) for name in _NAMES} | values
    ids = [new_id() for _ in range(count)]
    with portal.database.transaction() as session:
        for place, one in enumerate(ids, start=row.position + 1):
            name = f"copy {place} {one[:8]}"
            session.add(
                CredentialRow(**{**like, "id": one, "name": name, "name_key": name, "position": place})
            )
    return ids


def link_all(portal: Portal, who: Principal, ids: list[str], pattern: str = "") -> None:
    with portal.database.transaction() as session:
        session.add_all(
            CredentialLinkRow(
                credential_id=one,
                owner_key=who.user_id or "",
                provider="openai",
                model_pattern=pattern,
                created_at=START,
            )
            for one in ids
        )


def used(portal: Portal, agent: Principal, model: str | None = None) -> str:
    found = resolution.resolve_key(portal, agent, "openai", model=model).credential
    return found.name if found else ""


@pytest.mark.parametrize("active", [True, False])
def test_a_resolve_reads_a_few_rows_and_one_value(
    portal: Portal, alice: Principal, root: Principal, agent: Principal, active: bool
) -> None:
    save(portal, root, "system", ownership=SYSTEM)
    copies(portal, save(portal, alice, "first", active=active).id)
    with reading(portal) as found:
        assert used(portal, agent) == ("first" if active else "system")
    assert (found.rows <= 3, len(found.values())) == (True, 1)


def test_where_nothing_can_be_used_no_row_and_no_value_is_read(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    copies(portal, save(portal, alice, "first", expires_at=START).id)
    with reading(portal) as found, pytest.raises(NoKey):
        used(portal, agent)
    assert (found.rows, found.values()) == (0, [])


def test_many_that_step_back_are_not_read_one_by_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    policies.change_policies(portal, person(portal, "root"), {"failover": True})
    copies(portal, save(portal, alice, "first", active=False).id, failover=True, active=True,
           health_outcome="invalid")  # fmt: skip
    save(portal, alice, "last")
    with reading(portal) as found:
        assert used(portal, agent) == "last"
    assert (found.rows <= 4, len(found.values())) == (True, 1)


@pytest.mark.parametrize("pattern", ["", "gpt-*"])
def test_of_many_links_a_few_rows_are_read(
    portal: Portal, alice: Principal, agent: Principal, pattern: str
) -> None:
    first = save(portal, alice, "general", provider="", active=False)
    link_all(portal, alice, copies(portal, first.id), pattern)
    last = save(portal, alice, "last", provider="")
    links.link(portal, alice, USER, last.id, "openai", pattern)
    with reading(portal) as found:
        assert used(portal, agent, "gpt-4o") == "last"
    assert (found.rows <= 4, len(found.values())) == (True, 1)


def test_the_overview_shows_the_first_and_the_winner_and_counts_the_rest(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    save(portal, root, "system", ownership=SYSTEM)
    copies(portal, save(portal, alice, "first", active=False).id)
    save(portal, alice, "last")
    with reading(portal) as found:
        (view,) = overview.overview_for(portal, alice).chains
    assert (found.rows, found.values()) == (22, [])
    assert view == overview.explain(portal, operator_principal(), "openai", alice.email)
    own = [step for step in view.steps if step.source == "user"]
    assert ([own[0].name, own[-1].name], own[-1].verdict) == (["first", "last"], "used")
    assert (len(own), view.more) == (21, MANY + 2 - 21)
    assert view.reason.endswith(f"is switched off. {MANY - 1} more cannot be used.")


def test_details_tell_the_turn_without_reading_the_others(portal: Portal, alice: Principal) -> None:
    ids = copies(portal, save(portal, alice, "first").id)
    with reading(portal) as found:
        place = get_details(portal, alice, USER, ids[-1]).place
    assert place.startswith(f"Number {MANY + 1} of {MANY + 1} for OpenAI. It is used once neither first")
    assert found.rows <= 5


# --- the same as the rule over everything

_KINDS: list[dict[str, Any]] = [
    {"active": False},
    {"active": False, "sealed": None},
    {"expires_at": START},
    {"expires_at": START - timedelta(days=1), "unreadable": True},
    {"failover": True, "health_outcome": "invalid"},
    {"failover": True, "health_outcome": "invalid", "sealed": None},
    {"failover": True, "health_outcome": "quota_exhausted", "key_id": "gone"},
    {"failover": True, "health_outcome": "rate_limited"},
    {"health_outcome": "invalid"},
    {"key_id": "gone"},
    {"unreadable": True},
    {"sealed": None},
    {},
]


def fill(portal: Portal, chance: random.Random) -> None:
    """Store keys of all kinds, the rarer the more they decide, some linked."""
    with portal.database.reading() as session:
        like = [{n: getattr(row, n) for n in _NAMES} for row in session.exec(select(CredentialRow))]
    with portal.database.transaction() as session:
        for number in range(12):
            kind = chance.choices(_KINDS, weights=[*[4] * 5, *[1] * 8])[0]
            base = chance.choice(like)
            own = {"id": new_id(), "name": f"{number}", "name_key": f"k{number}"}
            place = chance.randrange(3)
            row = CredentialRow(**{**base, "active": True, **kind, **own, "position": place})
            session.add(row)
            session.flush()
            for pattern in chance.sample(["", "gpt-*", "gpt-4o*", "*4o"], k=chance.randrange(3)):
                if pattern or row.provider != "openai":
                    to = {"provider": "openai", "model_pattern": pattern, "created_at": START}
                    session.add(CredentialLinkRow(credential_id=row.id, owner_key=row.owner_key, **to))


def by_the_whole_rule(portal: Portal, user_id: str, model: str | None) -> Decision:
    """Apply the rule to every key there is, read at once."""
    with portal.database.reading() as session:
        policies_now = policies.policies_in(session)
        rule = chains.rule_of(portal, policies_now)
        rows = {r.id: r for r in session.exec(select(CredentialRow)) if r.deleted_at is None}
        linked = sorted(session.exec(select(CredentialLinkRow)), key=lambda ln: (ln.created_at, ln.id))
        levels: list[list[Candidate]] = []
        for source, owner in ((Source.USER, user_id), (Source.SYSTEM, "system")):
            bound = sorted((r for r in rows.values() if (r.owner_key, r.provider) == (owner, "openai")),
                           key=lambda r: (r.position, r.created_at, r.id))  # fmt: skip
            theirs = [ln for ln in linked if ln.owner_key == owner and ln.provider == "openai"]
            turns = in_order([r.id for r in bound], theirs, model)
            keys = [rows[one] for one, _ in turns]
            levels.append(
                [Candidate(source, k.name, chains.situation_of(portal, k, rule), k.id, k.mask) for k in keys]
            )
    variable = Candidate(Source.ENVIRONMENT, "OPENAI_API_KEY", Situation.ABSENT)
    return resolve(levels[0], levels[1], [variable])


@pytest.mark.parametrize("failover", [False, True])
def test_what_is_found_in_a_few_rows_is_what_all_of_them_say(
    portal: Portal, alice: Principal, root: Principal, failover: bool
) -> None:
    policies.change_policies(portal, root, {"failover": failover})
    for number, provider in enumerate(("openai", "openai", "")):
        save(portal, alice, f"a{number}", provider=provider, active=False)
        save(portal, root, f"s{number}", provider=provider, active=False, ownership=SYSTEM)
    user_id, seen = alice.user_id or "", set[str]()
    for seed in range(25):
        start(portal)
        fill(portal, random.Random(seed))
        for model in (None, "gpt-4o-mini"):
            whole = by_the_whole_rule(portal, user_id, model)
            with portal.database.reading() as session:
                provider = portal.providers.get("openai")
                found = chains.decide(portal, session, user_id, provider, model=model).decision
            assert (found.winner, found.blocked_by) == (whole.winner, whole.blocked_by), (seed, model)
            seen.add("blocked" if whole.blocked_by else whole.winner.source if whole.winner else "none")
        whole = by_the_whole_rule(portal, user_id, None)
        view = overview.explain(portal, operator_principal(), "openai", alice.email)
        steps = [(s.candidate.name, s.verdict) for s in whole.steps]
        assert ([(s.name, s.verdict) for s in view.steps], view.more) == (steps, 0), seed
    assert {"blocked", "user"} <= seen


def start(portal: Portal) -> None:
    """Take away what the round before stored."""
    with portal.database.transaction() as session:
        for link in session.exec(select(CredentialLinkRow)):
            session.delete(link)
        session.flush()
        for row in session.exec(select(CredentialRow)):
            if row.name_key.startswith("k"):
                session.delete(row)
