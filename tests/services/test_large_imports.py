"""Imports of many lines, and several at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from keyportal.domain.errors import LineRefused, VersionConflict
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence import credentials as queries
from keyportal.persistence import records
from keyportal.services import audit_verification, importing
from keyportal.services.credential_lists import search
from keyportal.services.import_rows import ImportChoice
from keyportal.services.portal import Portal
from tests.services.support import SYSTEM, USER, VALUE, save
from tests.services.test_importing import GROQ, run, saved


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


def reads_during(portal: Portal, alice: Principal, number: int) -> int:
    """Return how often an import asks the database where so many lines want one name."""
    said: list[str] = []

    def hear(*args: object) -> None:
        said.append(str(args[2]))

    text = "".join(f"K{n}_KEY=value-{n:012d}\n" for n in range(number))
    choices = [ImportChoice(n, "keep_both", "", "Same") for n in range(1, number + 1)]
    event.listen(portal.database.engine, "before_cursor_execute", hear)
    try:
        assert run(portal, alice, text, *choices).added == number
    finally:
        event.remove(portal.database.engine, "before_cursor_execute", hear)
    return sum(statement.lstrip().startswith("SELECT") for statement in said)


def test_one_name_for_many_lines_is_asked_for_once(portal: Portal, alice: Principal) -> None:
    save(portal, alice, "same")
    assert reads_during(portal, alice, 30) == reads_during(portal, alice, 3)
    names = {view.name for view in search(portal, alice, USER, size=100).items}
    assert names == {"same", *(f"Same {n}" for n in range(2, 35))}


def test_new_names_are_in_before_anything_is_sealed(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Creating a key does it in this order; the other way round, each would wait for the other."""
    save(portal, alice, "OpenAI")
    found: list[bool] = []
    count_seal = records.count_seal

    def seen(session: Session, *args: Any) -> int:
        with session.no_autoflush:
            found.append(queries.find_by_name(session, alice.user_id or "", "groq") is not None)
        return count_seal(session, *args)

    monkeypatch.setattr(records, "count_seal", seen)
    text, other = f"OPENAI_API_KEY={VALUE}2\nGROQ_API_KEY={GROQ}", ImportChoice(1, "overwrite")
    done = run(portal, alice, text, other)
    assert ((done.added, done.overwritten), found) == ((1, 1), [True, True])
    assert saved(portal, alice) == {"OpenAI": f"{VALUE}2", "Groq": GROQ}
