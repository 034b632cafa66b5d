"""The calls behind the page of keys and the usage page, as the services answer them in this process."""

import time
from collections.abc import Callable
from statistics import median

from benchmarks.bench import Bench, say
from benchmarks.bulk import add_rows, add_usage
from benchmarks.quantiles import quantile
from benchmarks.seeding import add_person, spread_requests
from keyportal.domain.credentials import Ownership
from keyportal.domain.principals import Principal, Role
from keyportal.services import credential_lists, usage
from keyportal.services.credential_lists import CredentialFilter
from keyportal.services.portal import Portal

NAME = "pages"
_SIZE = 25
# A call that takes long is not repeated for ever.
_SECONDS_AT_MOST = 3.0
_BEHIND_THE_END = 1_000_000


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        _measure_usage(bench, kind)
        with bench.deployment(kind) as made, made.opened() as portal:
            person, there = add_person(portal, "owner"), 0
            for rows in bench.amounts.rows:
                say(f"pages: {kind}, filling up to {rows:,} rows")
                add_rows(portal, person, range(there, rows))
                there = rows
                for what, call in _calls(portal, person, rows).items():
                    _measure(bench, f"{kind}, {rows:,} rows: {what}", call)


def _measure_usage(bench: Bench, kind: str) -> None:
    """What the usage page asks for, of an admin who looks at everybody's last 30 days."""
    with bench.deployment(kind) as made, made.opened() as portal:
        say(f"pages: {kind}, filling the counts of usage")
        spread_requests(portal)
        admin = add_person(portal, "admin", Role.ADMIN)
        for by_everybody in (False, True):
            rows = add_usage(portal, usage.USUAL_DAYS, by_everybody=by_everybody)
            for what, call in _usage_calls(portal, admin).items():
                _measure(bench, f"{kind}, usage, {rows:,} counts: {what}", call)


def _usage_calls(portal: Portal, admin: Principal) -> dict[str, Callable[[], object]]:
    everybody = {"person": usage.EVERYONE}
    return {
        **{
            f"30 days by {by}": lambda by=by: usage.search(portal, admin, everybody, by=by)
            for by in usage.GROUPS
        },
        "filters to choose from": lambda: usage.choices(portal, admin, usage.EVERYONE),
    }


def _calls(portal: Portal, person: Principal, rows: int) -> dict[str, Callable[[], object]]:
    def search(sort: str = "-created", page: int = 1, **wanted: str) -> Callable[[], object]:
        filter_ = CredentialFilter(**wanted)
        return lambda: credential_lists.search(
            portal, person, Ownership.USER, filter_, sort, page=page, size=_SIZE
        )

    return {
        "page of 25, newest first": search(),
        "page of 25 in the middle": search(page=max(1, rows // _SIZE // 2)),
        "page of 25, most used first": search("-usage"),
        "page of 25, one provider, active": search(provider="groq", status="active"),
        "search by text, every row has it": search(text="key"),
        "search by text, few rows have it": search(text="of 123"),
        "search by text, no row has it": search(text="nowhere"),
        "count alone": search(page=_BEHIND_THE_END),
        "filters of the keys page": lambda: credential_lists.choices(portal, person, Ownership.USER),
    }


def _measure(bench: Bench, what: str, call: Callable[[], object]) -> None:
    call()
    taken, began = [], time.perf_counter()
    while len(taken) < bench.amounts.calls and time.perf_counter() - began < _SECONDS_AT_MOST:
        before = time.perf_counter()
        call()
        taken.append((time.perf_counter() - before) * 1000)
    of = f"median of {len(taken)}; 95 of 100 within {quantile(taken, 0.95):.2f} ms"
    bench.report.add(NAME, what, median(taken), "ms", of=of)
