"""Queries for stored keys: unique names, literal search, the status filter, and lists that open nothing."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, exc, text

from keyportal.domain.credentials import CredentialStatus, Ownership, status_of
from keyportal.domain.principals import Principal
from keyportal.domain.text import name_key
from keyportal.persistence import credential_lists, credentials
from keyportal.persistence.credential_lists import Slice
from keyportal.persistence.credentials import SYSTEM_OWNER, CredentialFilter
from keyportal.persistence.tables import CredentialRow
from keyportal.services import credentials as service
from keyportal.services.portal import Portal
from tests.support import START


def row(name: str, owner: str = SYSTEM_OWNER, **values: Any) -> CredentialRow:
    usual: dict[str, Any] = {
        "ownership": Ownership.SYSTEM,
        "owner_key": owner,
        "provider": "openai",
        "name": name,
        "name_key": name_key(name),
        "mask": "****...",
        "key_id": "00000001",
        "base_url": "https://api.openai.com/v1",
        "destination": "https://api.openai.com",
        "created_at": START,
        "updated_at": START,
    }
    return CredentialRow(**{**usual, **values})


def store(portal: Portal, *rows: CredentialRow) -> None:
    with portal.database.transaction() as session:
        session.add_all(rows)


def names(
    portal: Portal, key_ids: frozenset[str] = frozenset(), now: datetime = START, **wanted: str
) -> set[str]:
    with portal.database.reading() as session:
        rows, total = credential_lists.search_credentials(
            session,
            SYSTEM_OWNER,
            CredentialFilter(**wanted),
            Slice(limit=1000),
            readable_key_ids=key_ids,
            now=now,
        )
        assert total == len(rows)
        return {r.name for r in rows}


def test_two_live_system_keys_cannot_share_a_name(portal: Portal) -> None:
    with pytest.raises(exc.IntegrityError):
        store(portal, row("Main"), row("MAIN"))


def test_a_tombstone_leaves_its_name_free(portal: Portal) -> None:
    store(portal, row("Main", deleted_at=START), row("MAIN", deleted_at=START), row("main"))
    assert names(portal) == {"main"}


def test_two_owners_may_use_one_name(portal: Portal) -> None:
    store(portal, row("main"), row("main", owner="somebody"))
    assert names(portal) == {"main"}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("%", {"100%"}),
        ("_", {"a_b"}),
        ("\\", {"back\\slash"}),
        ("a_", {"a_b"}),
        ("%%", set()),
        ("b", {"a_b", "axb", "back\\slash"}),
        ("'", {"it's"}),
    ],
)
def test_search_takes_every_character_literally(portal: Portal, typed: str, found: set[str]) -> None:
    store(portal, *(row(n) for n in ("100%", "a_b", "axb", "back\\slash", "it's", "plus")))
    assert names(portal, text=typed) == found


def test_the_status_filter_agrees_with_the_domain_in_every_situation(portal: Portal) -> None:
    held = frozenset({"00000001", "00000002"})
    dates = (None, *(START + timedelta(microseconds=m) for m in (-1_000_000, -1, 0, 1, 1_000_000)))
    key_ids = ("00000001", "00000002", "99999999")
    grid = list(product((True, False), dates, (True, False), key_ids, (b"blob", None)))
    rows, expected = [], {status: set[str]() for status in CredentialStatus}
    for n, (active, expires_at, unreadable, key_id, sealed) in enumerate(grid):
        stored = {"active": active, "expires_at": expires_at, "unreadable": unreadable, "key_id": key_id}
        rows.append(row(f"{n}", sealed=sealed, **stored))
        status = status_of(
            active=active,
            expires_at=expires_at,
            readable=not unreadable and key_id in held,
            now=START,
            has_value=sealed is not None,
        )
        expected[status].add(f"{n}")
    store(portal, *rows)
    assert {s: names(portal, held, status=s) for s in CredentialStatus} == expected


def test_a_key_nobody_tested_is_unchecked(portal: Portal) -> None:
    rows = {"new": None, "told": "unchecked", "good": "valid"}
    store(portal, *(row(n, health_outcome=outcome) for n, outcome in rows.items()))
    assert names(portal, health="unchecked") == {"new", "told"}
    assert names(portal, health="valid") == {"good"}


def test_rows_with_garbage_for_a_secret_still_list(portal: Portal, root: Principal) -> None:
    store(portal, row("junk", sealed=b"\xff\x00junk"), row("none", sealed=None), row("empty", sealed=b""))
    page = service.search(portal, root, Ownership.SYSTEM)
    expected = {("junk", "unreadable"), ("none", "re_enter"), ("empty", "unreadable")}
    assert {(i.name, i.status) for i in page.items} == expected


def test_a_list_does_not_even_read_the_sealed_column(portal: Portal, root: Principal) -> None:
    statements: list[str] = []
    event.listen(
        portal.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]), named=False
    )
    store(portal, row("one", sealed=b"junk"))
    statements.clear()
    service.search(portal, root, Ownership.SYSTEM)
    assert any("FROM credentials" in s for s in statements)
    # Whether there is a value may be asked; the value itself is not read.
    assert not any(re.search(r"sealed(?! IS NOT NULL)", s.replace("is_sealed", "")) for s in statements)


def test_a_page_is_newest_first_and_stable(portal: Portal) -> None:
    rows = [row(f"{n}", created_at=START + timedelta(minutes=n // 2)) for n in range(6)]
    store(portal, *rows)
    wanted = [r.name for r in sorted(rows, key=lambda r: (r.created_at, r.id), reverse=True)]
    with portal.database.reading() as session:
        pages = [
            [r.name for r in credential_lists.search_credentials(
                session, SYSTEM_OWNER, CredentialFilter(), Slice(offset=offset, limit=2),
                readable_key_ids=frozenset(), now=START)[0]]
            for offset in (0, 2, 4)
        ]  # fmt: skip
    assert [name for page in pages for name in page] == wanted


def test_a_result_for_a_replaced_value_is_not_stored(portal: Portal) -> None:
    stored = row("one", secret_version=2)
    store(portal, stored)
    with portal.database.transaction() as session:
        assert not credentials.write_health(session, stored.id, 1, health_outcome="valid")
        assert credentials.write_health(session, stored.id, 2, health_outcome="invalid")
    assert names(portal, health="invalid") == {"one"}


def test_moments_come_back_aware_and_in_utc(portal: Portal) -> None:
    moment = datetime(2027, 1, 1, 0, 30, 0, 123456, tzinfo=UTC)
    stored = row("one", expires_at=moment)
    store(portal, stored)
    with portal.database.reading() as session:
        found = credentials.find_credential(session, [SYSTEM_OWNER], stored.id)
        assert found is not None and found.expires_at is not None
        assert (found.expires_at, found.expires_at.utcoffset()) == (moment, timedelta(0))


def test_the_longest_and_widest_name_is_stored_on_both_databases(portal: Portal) -> None:
    """NFKC makes eighteen characters of this one; an index has its limits."""
    store(portal, row("\ufdfa" * 80))
    assert names(portal, text=name_key("\ufdfa")) == {"\ufdfa" * 80}


def test_an_owner_and_an_id_are_asked_for_together(portal: Portal) -> None:
    stored = row("one")
    store(portal, stored)
    with portal.database.reading() as session:
        assert credentials.find_credential(session, ["somebody"], stored.id) is None
        assert session.connection().execute(text("SELECT count(*) FROM credentials")).scalar() == 1
