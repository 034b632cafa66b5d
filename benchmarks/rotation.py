"""How long a rotation of the encryption key takes while programs resolve, and what it costs them."""

import secrets
import subprocess
import sys
import time
from statistics import median

from sqlalchemy import update
from sqlmodel import col, select

from benchmarks import http_load
from benchmarks.amounts import RATE
from benchmarks.bench import Bench, say
from benchmarks.bulk import add_rows_among, add_users
from benchmarks.children import Child
from benchmarks.deployments import DATA_PLANE, Deployment
from benchmarks.figures import Goal
from benchmarks.quantiles import quantile, ratio_of_medians
from benchmarks.seeding import add_person, spread_requests
from benchmarks.servers import ROOT
from keyportal.domain.principals import operator_principal
from keyportal.domain.secret import Secret
from keyportal.persistence.tables import CredentialRow
from keyportal.services import encryption_keys
from keyportal.services.portal import Portal
from keyportal.services.sealing import seal_row

NAME = "rotation"
_GOAL = Goal(30, at_least=False, unit="s")
_GOAL_FOR = 100_000
# Keys a second at which it is given up.
_SLOWEST = 2000
_AT_ONCE = 5_000


def run(bench: Bench) -> None:
    for kind in bench.kinds:
        with bench.deployment(kind) as made:
            say(f"rotation: filling {kind} with {bench.amounts.credentials:,} credentials")
            requests = _filled(bench, made)
            former = made.settings["API_KEY_ENCRYPTION_KEY"]
            made.settings["API_KEY_ENCRYPTION_KEY_PREVIOUS"] = former
            made.settings["API_KEY_ENCRYPTION_KEY"] = secrets.token_hex(32)
            with made.server(DATA_PLANE) as server:
                say(f"rotation: {kind}, while programs resolve")
                calm = http_load.run(server.port, requests, 1, count=4 * len(requests)).latencies
                took, meanwhile = _rotated(bench, made, server.port, requests)
            _require_done(made)
        _report(bench, kind, took, [one * 1000 for one in calm], meanwhile)


def _filled(bench: Bench, made: Deployment) -> list[bytes]:
    with made.opened() as portal:
        add_users(portal, bench.amounts.users, "copy")
        person = add_person(portal, "filler")
        add_rows_among(portal, person, bench.amounts.credentials, "copy", bench.amounts.users)
        _seal_copies(portal)
        return spread_requests(portal)


def _seal_copies(portal: Portal) -> None:
    """Give every copied row a ciphertext of its own: a copied one opens nowhere else."""
    after = ""
    while True:
        with portal.database.transaction() as session:
            query = select(CredentialRow).where(col(CredentialRow.id) > after).order_by(col(CredentialRow.id))
            rows = session.exec(query.limit(_AT_ONCE)).all()
            if not rows:
                return
            for row in rows:
                session.expunge(row)
                seal_row(portal, row, Secret(f"sk-proj-{row.id}"), {})
            changes = [{"id": row.id, "sealed": row.sealed} for row in rows]
            session.execute(update(CredentialRow), changes)
            after = rows[-1].id


def _rotated(bench: Bench, made: Deployment, port: int, requests: list[bytes]) -> tuple[float, list[float]]:
    """Rotate by the command line while resolves come at a steady rate.

    Returns the seconds it took, and the milliseconds of each resolve that was due meanwhile.
    """
    told = {
        "port": port,
        "requests": [one.decode() for one in requests],
        "rate": RATE,
        "seconds": bench.amounts.credentials / _SLOWEST + 2,
    }
    with Child("steady_load", told) as resolving:
        resolving.wait_until_ready()
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "keyportal", "encryption-key", "rotate"],
            cwd=ROOT,
            env=made.environment(port),
            check=True,
            capture_output=True,
            timeout=600,
        )
        ended = time.monotonic()
        found = resolving.result(600)
    meanwhile = [(ms, status) for due, ms, status in found if began <= due <= ended]
    refused = sum(status != 200 for _, status in meanwhile)
    if refused or ended > found[-1][0]:
        raise RuntimeError(f"{refused} of {len(meanwhile)} resolves refused, or too few were made")
    return ended - began, [ms for ms, _ in meanwhile]


def _require_done(made: Deployment) -> None:
    with made.opened() as portal:
        found = encryption_keys.status(portal, operator_principal())
        if found.remaining or not found.removable_ids:
            raise RuntimeError(f"{found.remaining} values are not re-sealed")


def _report(bench: Bench, kind: str, took: float, calm: list[float], meanwhile: list[float]) -> None:
    number = bench.amounts.credentials
    goal = _GOAL if number == _GOAL_FOR else None
    what = f"{kind}: {number:,} keys re-sealed, with {RATE} resolves a second"
    bench.report.add(NAME, what, took, "s", of=f"{number / took:,.0f} keys/s", goal=goal)
    of = f"median {median(meanwhile):.1f} ms of {median(calm):.1f} ms, 99th percentile"
    of += f" {quantile(meanwhile, 0.99):.0f} ms, none of {len(meanwhile):,} refused"
    bench.report.add(NAME, f"{kind}: latency of resolves meanwhile", ratio_of_medians(meanwhile, calm), of=of)
