"""Keys in the server's environment: their fields, their files, and the address they belong to."""

import json
from pathlib import Path

import pytest

from keyportal.domain.errors import NoKey
from keyportal.persistence.tables import ProviderRow
from keyportal.services import access, agent_keys, resolution
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.conftest import MakePortal, person


def resolve(portal: Portal, provider_id: str) -> resolution.Resolution:
    token = agent_keys.create(portal, person(portal, "alice"), NewAgentKey("agent", ["resolve"])).token
    return resolution.resolve_key(portal, access.require_agent(portal, token.reveal()), provider_id)


def test_fields_come_from_the_environment_with_the_key(make_portal: MakePortal) -> None:
    portal = make_portal(
        AWS_SECRET_ACCESS_KEY="s" * 40,
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_SESSION_TOKEN="",
    )
    found = resolve(portal, "aws_transcribe")
    assert (found.source, found.credential) == ("environment", None)
    assert found.fields == {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "region": "eu-west-1"}
    assert found.base_url == "https://transcribe.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("region", ["", "evil.test/", "west europe"])
def test_an_unusable_field_is_left_out_and_the_address_with_it(make_portal: MakePortal, region: str) -> None:
    portal = make_portal(AZURE_SPEECH_KEY="a" * 32, AZURE_SPEECH_REGION=region)
    found = resolve(portal, "azure_speech")
    assert (found.fields, found.base_url) == ({}, "")


def test_a_file_that_a_variable_names_holds_the_document(make_portal: MakePortal, tmp_path: Path) -> None:
    account = {"type": "service_account", "client_email": "a@b.test"}
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account, indent=2), encoding="utf-8")
    portal = make_portal(GOOGLE_APPLICATION_CREDENTIALS=str(file))
    assert json.loads(resolve(portal, "google_speech").api_key.reveal()) == account


@pytest.mark.parametrize("content", [None, "not json", "{" * 20_000])
def test_a_file_that_cannot_be_read_counts_as_absent(
    make_portal: MakePortal, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(NoKey, match="GOOGLE_APPLICATION_CREDENTIALS"):
        resolve(make_portal(GOOGLE_APPLICATION_CREDENTIALS=str(file)), "google_speech")


def test_a_path_is_never_read_from_a_plain_variable(make_portal: MakePortal, tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text("{}", encoding="utf-8")
    found = resolve(make_portal(OPENAI_API_KEY=str(file)), "openai")
    assert found.api_key.reveal() == str(file)


def test_a_key_of_the_environment_never_goes_to_an_admins_address(make_portal: MakePortal) -> None:
    portal = make_portal(OPENAI_API_KEY="sk-environment", NONA_API_KEY="nona-environment")
    now = portal.clock.now()
    with portal.database.transaction() as session:
        for name in ("openai", "nona"):
            url = "https://admin.example/v1"
            session.add(ProviderRow(id=name, base_url=url, created_at=now, updated_at=now))
    portal.live_registry.forget()
    assert resolve(portal, "openai").base_url == "https://api.openai.com/v1"


def test_an_admins_address_serves_where_the_catalogue_has_none(make_portal: MakePortal) -> None:
    portal = make_portal(NONA_API_KEY="nona-environment")
    now = portal.clock.now()
    with portal.database.transaction() as session:
        session.add(ProviderRow(id="nona", base_url="https://nona.example", created_at=now, updated_at=now))
    portal.live_registry.forget()
    assert resolve(portal, "nona").base_url == "https://nona.example"
