"""One chain whoever writes: threads, portals, and processes, all at once, on either database."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from keyportal.domain.audit import Action
from keyportal.domain.principals import Principal, anonymous_principal
from keyportal.services import audit
from keyportal.services.audit_verification import verify_chain
from keyportal.services.portal import Portal
from tests.conftest import MakePortal
from tests.services.support import events, save
from tests.services.test_audit import write
from tests.support import ENCRYPTION_KEY, clean_environment

THREADS, EACH = 8, 25
# What another process does: it opens the portal and records sign-ins, as fast as it can.
PROCESS = """
from keyportal.domain.audit import Action
from keyportal.domain.principals import anonymous_principal
from keyportal.services import audit
from keyportal.services.start_up import open_portal
from keyportal.settings import load_settings

portal = open_portal(load_settings())
for number in range(100):
    with portal.database.transaction() as session:
        audit.record(portal, session, anonymous_principal(), Action.SIGN_IN, object_id=str(number))
portal.close()
"""


def start_process(portal: Portal) -> "subprocess.Popen[bytes]":
    settings = {
        "API_KEY_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "DATABASE_URL": portal.settings.database_url,
        "KEYPORTAL_DATA_DIR": str(portal.settings.data_dir),
        "KEYPORTAL_ENV_FILE": str(portal.settings.data_dir / "no.env"),
    }
    return subprocess.Popen([sys.executable, "-c", PROCESS], env={**clean_environment(), **settings})


def test_eight_threads_and_two_processes_keep_one_chain(portal: Portal, alice: Principal) -> None:
    before, processes = len(events(portal)), [start_process(portal) for _ in range(2)]
    written = 0
    with ThreadPoolExecutor(THREADS) as pool:
        # Until both are done, so that all ten write at the same time.
        while written == 0 or any(process.poll() is None for process in processes):
            list(pool.map(lambda _: write(portal, alice, EACH), range(THREADS)))
            written += THREADS * EACH
    assert [process.wait(60) for process in processes] == [0, 0]
    report = verify_chain(portal)
    assert (report.events, report.broken_at) == (before + written + 200, None)


def test_two_processes_portals_keep_one_chain(make_portal: MakePortal) -> None:
    portals = [make_portal(), make_portal()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda p: write(p, anonymous_principal(), 10), portals))
    assert verify_chain(portals[0]).broken_at is None


def test_who_gives_up_leaves_no_gap(portal: Portal, alice: Principal) -> None:
    """A transaction that is rolled back behind its event takes the event along, and the next one fits."""

    def write_or_give_up(number: int) -> None:
        try:
            with portal.database.transaction() as session:
                audit.record(portal, session, alice, Action.SIGN_IN, object_id=str(number))
                if number % 2:
                    raise LookupError
        except LookupError:
            return

    before = len(events(portal))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write_or_give_up, range(80)))
    report = verify_chain(portal)
    assert (report.events, report.broken_at) == (before + 40, None)
    save(portal, alice)
    assert verify_chain(portal).broken_at is None
