"""Order, sorting and rotation of keys over REST."""

import pytest

from keyportal.services.portal import Portal
from tests.api.support import OTHER_VALUE, UNKNOWN_ID, VALUE, Rest, browser, code_of

BOTH = pytest.mark.parametrize("path", ["/api/api-keys", "/api/admin/api-keys"])


def names(caller: Rest, path: str, query: str = "sort=provider") -> list[str]:
    return [item["name"] for item in caller.get(f"{path}?{query}").json()["items"]]


@BOTH
def test_a_list_is_sorted_and_narrowed(admin: Rest, path: str) -> None:
    admin.add_key("b", path, environment="prod")
    admin.add_key("a", path)
    assert names(admin, path, "sort=name") == ["a", "b"]
    assert names(admin, path, "sort=-name") == ["b", "a"]
    assert names(admin, path, "environment=prod") == ["b"]
    assert names(admin, path, "provider=general") == []
    refused = admin.get(f"{path}?sort=odd")
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "sort")


@BOTH
def test_a_key_is_put_at_another_place(admin: Rest, path: str) -> None:
    ids = {name: admin.add_key(name, path)["id"] for name in "abc"}
    moved = admin.put(f"{path}/{ids['c']}", json={"position": 0, "note": "first"}).json()
    assert (moved["position"], moved["note"], names(admin, path)) == (0, "first", ["c", "a", "b"])
    assert admin.put(f"{path}/{ids['c']}", json={"position": 99}).json()["position"] == 2
    refused = admin.put(f"{path}/{ids['c']}", json={"position": -1})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "position")


def test_a_general_key_has_no_place(client: Rest) -> None:
    general = client.add_key("g", provider=None)
    refused = client.put(f"/api/api-keys/{general['id']}", json={"position": 0, "name": "other"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "position")
    assert client.get(f"/api/api-keys/{general['id']}").json()["name"] == "g"


@BOTH
def test_a_key_is_rotated(admin: Rest, path: str) -> None:
    old = admin.add_key("Production", path)
    rotation = f"{path}/{old['id']}/rotation"
    begun = admin.post(rotation, json={"api_key": OTHER_VALUE})
    assert begun.status_code == 201
    assert (begun.json()["name"], begun.json()["status"]) == ("Production (new)", "inactive")
    again = admin.post(rotation, json={"api_key": OTHER_VALUE})
    assert (again.status_code, code_of(again)) == (409, "rotation_under_way")
    refused = admin.post(f"{rotation}/finish", json={"grace_days": 2})
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "grace_days")
    done = admin.post(f"{rotation}/finish", json={})
    assert (done.json()["id"], done.json()["name"]) == (begun.json()["id"], "Production")
    retired = admin.get(f"{path}/{old['id']}").json()
    assert (retired["name"], retired["expires_at"]) == (
        "Production (retired 21 Nov 2026)",
        "2026-11-28T12:00:00Z",
    )
    assert not {VALUE, OTHER_VALUE} & set(f"{begun.text}{done.text}".split('"'))


@BOTH
def test_a_rotation_is_given_up(admin: Rest, path: str) -> None:
    old = admin.add_key("Production", path)
    rotation = f"{path}/{old['id']}/rotation"
    admin.post(rotation, json={"api_key": OTHER_VALUE})
    gone = admin.delete(rotation)
    assert (gone.status_code, gone.content, names(admin, path)) == (204, b"", ["Production"])
    for answer in (admin.delete(rotation), admin.post(f"{rotation}/finish", json={})):
        assert (answer.status_code, code_of(answer)) == (404, "not_found")


def test_strangers_rotate_and_move_nothing(portal: Portal, client: Rest, admin: Rest) -> None:
    own, system = client.add_key(), admin.add_key(path="/api/admin/api-keys")
    bob = browser(portal, "bob")
    for credential_id in (own["id"], UNKNOWN_ID):
        one = f"/api/api-keys/{credential_id}"
        answers = [
            bob.put(one, json={"position": 0}),
            bob.post(f"{one}/rotation", json={"api_key": OTHER_VALUE}),
            bob.post(f"{one}/rotation/finish", json={}),
            bob.delete(f"{one}/rotation"),
        ]
        assert {(answer.status_code, code_of(answer)) for answer in answers} == {(404, "not_found")}
    refused = client.post(f"/api/admin/api-keys/{system['id']}/rotation", json={"api_key": OTHER_VALUE})
    assert refused.status_code == 403
    assert client.get(f"/api/api-keys/{own['id']}").json() == own


def test_a_refused_value_is_not_repeated(client: Rest) -> None:
    old = client.add_key()
    answer = client.post(f"/api/api-keys/{old['id']}/rotation", json={"api_key": "****...wxyz"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "api_key")
    assert "wxyz" not in answer.text
