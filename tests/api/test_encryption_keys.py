"""The encryption keys over REST: for admins' sessions alone, and never more than ids."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import Rest, browser, code_of, program, stranger
from tests.conftest import MakePortal, person
from tests.services.encryption_support import BEHIND
from tests.services.support import save, spoil
from tests.services.test_encryption_overview import announce, begin
from tests.support import ENCRYPTION_KEY, OTHER_KEY

PATH = "/api/admin/encryption-key"


@pytest.fixture
def behind(make_portal: MakePortal) -> Portal:
    before = make_portal()
    spoil(before, save(before, person(before, "alice"), "damaged").id, sealed=b"\x01junk", unreadable=True)
    save(before, person(before, "alice"), "mine")
    return make_portal(**BEHIND)


@pytest.fixture
def root(behind: Portal) -> Rest:
    return browser(behind, "root")


def test_an_admin_reads_where_the_keys_stand(behind: Portal, root: Rest) -> None:
    announce(behind, behind.keyring.current.id, pid=7)
    answer = root.get(PATH)
    found = answer.json()
    assert (found["situation"], found["current_id"]) == ("remaining", behind.keyring.current.id)
    assert (found["total"], found["remaining"], found["unreadable"], found["waiting"]) == (2, 1, 1, 0)
    assert sorted(key["state"] for key in found["keys"]) == ["current", "previous"]
    assert [(s["pid"], s["holds_current"]) for s in found["servers"]] == [(7, True)]
    assert (found["rotation"], found["backup_at"]) == (None, None)
    assert ENCRYPTION_KEY not in answer.text and OTHER_KEY not in answer.text


def test_an_admin_rotates_and_again_does_nothing(root: Rest) -> None:
    first = root.post(f"{PATH}/rotation")
    assert (first.status_code, len(first.json()["retired_ids"])) == (200, 1)
    assert first.json().items() >= {"resealed": 1, "damaged": 1, "remaining": 0}.items()
    assert root.post(f"{PATH}/rotation").json() == {
        "resealed": 0, "damaged": 0, "remaining": 0, "retired_ids": [],
    }  # fmt: skip
    found = root.get(PATH).json()
    assert (found["situation"], found["rotation"]["resealed"]) == ("removable", 1)


def test_one_rotation_at_a_time(behind: Portal, root: Rest) -> None:
    begin(behind)
    refused = root.post(f"{PATH}/rotation")
    assert (refused.status_code, code_of(refused)) == (409, "resealing_under_way")


def test_none_while_a_server_lacks_the_key(behind: Portal, root: Rest) -> None:
    announce(behind, "ffffffff", pid=7)
    refused = root.post(f"{PATH}/rotation")
    assert (refused.status_code, code_of(refused)) == (409, "process_lacks_key")
    assert "api 7 on h" in refused.json()["error"]["message"]


def test_none_by_a_server_that_lacks_a_key_itself(make_portal: MakePortal) -> None:
    first = make_portal()
    missing = make_portal(**BEHIND).keyring.current.id
    refused = browser(first, "root").post(f"{PATH}/rotation")
    assert (refused.status_code, code_of(refused)) == (409, "process_lacks_key")
    assert missing in refused.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", f"{PATH}/rotation")])
def test_nobody_else_is_let_in(behind: Portal, method: str, path: str) -> None:
    assert stranger(behind).send(method, path).status_code == 401
    for caller in (browser(behind, "alice"), program(behind, "root")):
        answer = caller.send(method, path)
        assert (answer.status_code, code_of(answer)) == (403, "forbidden")
    assert browser(behind, "root").get(PATH).json()["remaining"] == 1
