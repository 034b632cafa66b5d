"""Imports of many lines, and several at once."""

from concurrent.futures import ThreadPoolExecutor

from keyportal.domain.errors import LineRefused, VersionConflict
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import audit_verification, importing
from keyportal.services.credential_lists import search
from keyportal.services.import_rows import ImportChoice
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER
from tests.services.test_importing import run


def test_a_thousand_lines_come_in_at_once(portal: Portal, alice: Principal) -> None:
    text = "".join(f"K{n}_KEY=value-{n:012d}\n" for n in range(1000))
    assert run(portal, alice, text).added == 1000
    assert search(portal, alice, USER).total == 1000
    assert audit_verification.verify_chain(portal).broken_at is None


def test_of_two_imports_at_once_one_comes_in_and_nothing_is_double(portal: Portal, root: Principal) -> None:
    text = Secret("".join(f"K{n}_KEY=value-{n:012d}\n" for n in range(20)))
    choices = [ImportChoice(n, "add") for n in range(1, 21)]

    def attempt(_: int) -> str:
        try:
            return f"{importing.run(portal, root, SYSTEM, text, choices).added} added"
        except (LineRefused, VersionConflict) as refusal:
            return refusal.code

    with ThreadPoolExecutor(3) as threads:
        ends = list(threads.map(attempt, range(3)))
    assert ends.count("20 added") == 1
    assert search(portal, root, SYSTEM).total == 20
