"""Fields that are as secret as the key: sealed with it, released with it, never shown."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from keyportal.domain.errors import InvalidInput, KeyUnreadable
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.services import checks, credentials, resolution
from keyportal.services.credentials import CredentialEdit
from keyportal.services.portal import Portal
from keyportal.services.sealing import open_credential
from tests.services.support import USER, events, row_of, save, spoil
from tests.support import all_text_of

AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYcanary1234"
TOKEN = "IQoJb3JpZ2luX2VjEcanaryToken0123456789"
FIELDS = {"access_key_id": "ASIAIOSFODNN7EXAMPLE", "region": "eu-central-1"}


def save_aws(portal: Portal, principal: Principal, **more):
    fields = {**FIELDS, "session_token": TOKEN}
    return save(portal, principal, value=AWS_SECRET, provider="aws_transcribe", fields=fields, **more)


def test_a_secret_field_is_sealed_and_never_shown(portal: Portal, alice: Principal) -> None:
    view = save_aws(portal, alice)
    assert (view.fields, view.secret_fields) == (FIELDS, ("session_token",))
    assert TOKEN not in repr(view) + repr(credentials.get(portal, alice, USER, view.id))
    assert TOKEN.encode() not in all_text_of(portal)
    assert TOKEN not in str([event.details for event in events(portal)])


def test_a_secret_field_is_released_with_the_key(portal: Portal, alice: Principal, agent: Principal) -> None:
    save_aws(portal, alice)
    found = resolution.resolve_key(portal, agent, "aws_transcribe")
    assert found.api_key.reveal() == AWS_SECRET
    assert found.fields == {**FIELDS, "session_token": TOKEN}
    assert found.base_url == "https://transcribe.eu-central-1.amazonaws.com"
    assert TOKEN not in repr(found)


def test_a_new_value_takes_the_old_secret_fields_with_it(portal: Portal, alice: Principal) -> None:
    view = save_aws(portal, alice)
    fields = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "region": "eu-central-1"}
    edit = CredentialEdit(api_key=Secret("n" * 40), fields=fields)
    assert credentials.update(portal, alice, USER, view.id, edit).secret_fields == ()
    opened = open_credential(portal, row_of(portal, view.id))
    assert (opened.secret.reveal(), opened.fields) == ("n" * 40, fields)


def test_a_secret_field_does_not_change_without_the_value(portal: Portal, alice: Principal) -> None:
    view = save_aws(portal, alice)
    edit = CredentialEdit(fields={**FIELDS, "session_token": TOKEN[::-1]})
    with pytest.raises(InvalidInput, match="together with the key") as refusal:
        credentials.update(portal, alice, USER, view.id, edit)
    assert refusal.value.field == "api_key"


def test_other_parts_change_and_the_secret_field_stays(portal: Portal, alice: Principal) -> None:
    view = save_aws(portal, alice)
    edit = CredentialEdit(note="for the call centre", fields=FIELDS)
    assert credentials.update(portal, alice, USER, view.id, edit).secret_fields == ("session_token",)
    assert open_credential(portal, row_of(portal, view.id)).fields["session_token"] == TOKEN


def test_a_packed_secret_cannot_be_passed_off_as_a_plain_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    spoil(portal, save_aws(portal, alice).id, secret_fields=[])
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(portal, agent, "aws_transcribe")


def test_a_plain_secret_cannot_be_passed_off_as_a_packed_one(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    document = json.dumps({"api_key": "sk-forged", "fields": {"session_token": "x"}})
    spoil(portal, save(portal, alice, value=document).id, secret_fields=["session_token"])
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(portal, agent, "openai")


@pytest.mark.parametrize(
    "names", [["nope"], ["nope", "session_token"], "session_token", {"session_token": 1}]
)
async def test_other_names_than_those_sealed_with_the_key_do_not_open(
    portal: Portal, alice: Principal, agent: Principal, names: object
) -> None:
    mine = save_aws(portal, alice)
    spoil(portal, mine.id, secret_fields=names)
    with pytest.raises(KeyUnreadable):
        await checks.check_saved(portal, alice, mine.id)
    with pytest.raises(KeyUnreadable):
        resolution.resolve_key(portal, agent, "aws_transcribe")


def test_a_service_account_document_is_saved_on_one_line(
    portal: Portal, alice: Principal, agent: Principal
) -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {"type": "service_account", "client_email": "a@b.test", "private_key": key.decode()}
    view = save(portal, alice, value=json.dumps(account, indent=2), provider="google_speech")
    found = resolution.resolve_key(portal, agent, "google_speech")
    assert "one line" in view.notice
    assert json.loads(found.api_key.reveal()) == account
    assert "PRIVATE" not in view.mask
