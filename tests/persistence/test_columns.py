"""Ids that sort by time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from keyportal.persistence.columns import new_id_of


def test_an_id_of_a_moment_is_a_uuid_of_version_7_that_sorts_by_it() -> None:
    start = datetime(2026, 11, 21, 12, 0, 0, 123_456, tzinfo=UTC)
    ids = [new_id_of(start + timedelta(milliseconds=n)) for n in range(50)]
    assert ids == sorted(ids)
    assert {(UUID(one).version, UUID(one).variant) for one in ids} == {(7, UUID(int=2 << 62).variant)}
    assert UUID(ids[0]).int >> 80 == int(start.timestamp() * 1000)


def test_no_two_ids_of_one_moment_are_alike() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    assert len({new_id_of(moment) for _ in range(10_000)}) == 10_000
