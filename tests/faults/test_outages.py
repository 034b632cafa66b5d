"""PostgreSQL goes away in the middle of the work and comes back; the portal is not restarted."""

import pytest

from tests.faults.outages import go_away
from tests.faults.places import Places


@pytest.mark.parametrize(
    ("outage", "workload"),
    [
        ("stopped", "create"),
        ("stopped", "desk"),
        ("crashed", "create"),
        ("crashed", "desk"),
        ("kill -9 of one of its processes", "resolve"),
        ("frozen", "create"),
        ("frozen", "desk"),
        ("connections cut", "import"),
        ("connections cut", "rotate"),
    ],
)
def test_nothing_is_lost_and_work_goes_on_when_postgresql_is_back(
    places: Places, outage: str, workload: str
) -> None:
    assert go_away(places, workload, outage).verdict() == []
