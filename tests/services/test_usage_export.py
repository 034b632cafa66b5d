"""Usage as a file: what is in it, for whom, and that a spreadsheet computes nothing of it."""

import csv
import io

import pytest

from keyportal.domain.errors import Forbidden, InvalidInput, TooManyAttempts
from keyportal.domain.principals import Principal
from keyportal.services import usage_export
from keyportal.services.portal import Portal
from keyportal.services.usage import EVERYONE
from tests.services.support import SYSTEM, VALUE, events, save
from tests.services.usage_support import GONE, agent_key, use


def lines(portal: Portal, who: Principal, days: int = 30, **wanted: str) -> list[dict[str, str]]:
    text = "".join(usage_export.export(portal, who, wanted, days=days).parts)
    return list(csv.DictReader(io.StringIO(text)))


def test_each_line_is_one_day_of_one_key_and_agent_key(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    mine, robot = save(portal, alice, "mine").id, agent_key(portal, alice)
    system = save(portal, root, "spare", ownership=SYSTEM).id
    use(portal, mine, robot, 3, ok=1, auth_failed=2, rate_limited=3, quota_exhausted=4, error=5)
    use(portal, mine, robot, 1, days_ago=1)
    use(portal, system, robot, 2, days_ago=2, source="system")
    use(portal, "", robot, 4, days_ago=3)
    use(portal, mine, "", 9, days_ago=31)
    found = lines(portal, alice)
    assert [(f["day"], f["source"], f["key_name"], f["count"]) for f in found] == [
        ("2026-11-18", "environment", "Environment variable", "4"),
        ("2026-11-19", "system", "spare", "2"),
        ("2026-11-20", "user", "mine", "1"),
        ("2026-11-21", "user", "mine", "3"),
    ]
    last = found[-1]
    assert [last[name] for name in ("ok", "auth_failed", "rate_limited", "quota_exhausted", "error")] == [
        "1", "2", "3", "4", "5",
    ]  # fmt: skip
    assert (last["provider_name"], last["key_id"], last["agent_key_name"]) == ("OpenAI", mine, "robot")
    assert last["key_mask"] == f"****...{VALUE[-4:]}"
    assert len(lines(portal, alice, 90)) == 5 and len(lines(portal, alice, key=system)) == 1


def test_an_export_is_of_the_same_uses_as_the_page(portal: Portal, alice: Principal, root: Principal) -> None:
    use(portal, save(portal, alice, "mine").id, "", 3)
    use(portal, GONE, GONE, 4)
    assert lines(portal, root) == []
    found = lines(portal, root, person=EVERYONE)
    assert {(f["key_name"], f["key_owner"], f["agent_key_name"]) for f in found} == {
        ("mine", "alice@example.com", "Command line"), ("Deleted key", "", "Deleted agent key"),
    }  # fmt: skip
    with pytest.raises(Forbidden):
        usage_export.export(portal, alice, {"person": EVERYONE})
    with pytest.raises(InvalidInput):
        usage_export.export(portal, alice, {}, days=31)


def test_names_that_look_like_formulas_are_neutral(portal: Portal, alice: Principal) -> None:
    use(portal, save(portal, alice, "=1+1").id, agent_key(portal, alice, "@SUM(A1)"))
    (line,) = lines(portal, alice)
    assert (line["key_name"], line["agent_key_name"]) == ("'=1+1", "'@SUM(A1)")


def test_a_long_export_loses_and_repeats_nothing(
    portal: Portal, alice: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_export, "BATCH", 7)
    mine, robot = save(portal, alice).id, agent_key(portal, alice)
    for number in range(25):
        use(portal, mine, robot, 1, days_ago=number)
        use(portal, mine, "", 1, days_ago=number, provider="groq")
    found = lines(portal, alice)
    assert len(found) == len({tuple(f.values()) for f in found}) == 50
    assert [f["day"] for f in found] == sorted(f["day"] for f in found)


def test_an_export_is_on_the_trail_and_two_at_once_are_enough(portal: Portal, alice: Principal) -> None:
    held = [usage_export.export(portal, alice, {}) for _ in range(2)]
    with pytest.raises(TooManyAttempts):
        usage_export.export(portal, alice, {})
    assert [e.action for e in events(portal)][-2:] == ["usage.export"] * 2
    assert [f.name for f in held] == ["keyportal-usage-2026-11-21.csv"] * 2
