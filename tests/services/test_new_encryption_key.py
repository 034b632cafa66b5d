"""A new key put into the settings file: whole or not at all, for its owner alone, the former one kept."""

import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from keyportal.domain.errors import UnusableSetting
from keyportal.services import new_encryption_key
from keyportal.settings import Settings, settings_from
from tests.support import ENCRYPTION_KEY, OTHER_KEY

CURRENT, PREVIOUS = "API_KEY_ENCRYPTION_KEY", "API_KEY_ENCRYPTION_KEY_PREVIOUS"


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.write_text(f"# ours\nPORT=4000\n{CURRENT}={ENCRYPTION_KEY}\n\nHOST=127.0.0.1\n")
    file.chmod(0o600)
    return file


def settings_of(env_file: Path) -> Settings:
    return settings_from({k: v or "" for k, v in dotenv_values(env_file).items()})


def test_the_present_key_becomes_a_previous_one(env_file: Path) -> None:
    key_id = new_encryption_key.put_new_key(settings_of(env_file), env_file)
    settings = settings_of(env_file)
    assert [key.reveal() for key in settings.previous_encryption_keys] == [ENCRYPTION_KEY]
    new = settings.require_encryption_key().reveal()
    assert new != ENCRYPTION_KEY and len(key_id) == 8 and key_id not in new


def test_everything_else_of_the_file_stays_as_it_was(env_file: Path) -> None:
    new_encryption_key.put_new_key(settings_of(env_file), env_file)
    lines = env_file.read_text().splitlines()
    assert [line for line in lines if CURRENT not in line] == ["# ours", "PORT=4000", "", "HOST=127.0.0.1"]
    assert [line.partition("=")[0] for line in lines[2:4]] == [CURRENT, PREVIOUS]


def test_keys_of_before_are_kept_behind_it(env_file: Path) -> None:
    env_file.write_text(f"{PREVIOUS}={OTHER_KEY}\nexport {CURRENT}={ENCRYPTION_KEY}\n")
    new_encryption_key.put_new_key(settings_of(env_file), env_file)
    assert [k.reveal() for k in settings_of(env_file).previous_encryption_keys] == [ENCRYPTION_KEY, OTHER_KEY]
    assert env_file.read_text().count(f"{PREVIOUS}=") == 1


def test_the_file_is_its_owner_s_alone_and_nothing_is_left_beside_it(env_file: Path) -> None:
    env_file.chmod(0o644)
    new_encryption_key.put_new_key(settings_of(env_file), env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert sorted(file.name for file in env_file.parent.iterdir()) == [".env", ".env.lock"]


def test_a_key_from_somewhere_else_is_left_there(env_file: Path) -> None:
    before = env_file.read_bytes()
    with pytest.raises(UnusableSetting, match=r"does not come from \.env") as refusal:
        new_encryption_key.put_new_key(settings_from({CURRENT: OTHER_KEY}), env_file)
    assert env_file.read_bytes() == before
    assert OTHER_KEY not in refusal.value.message and ENCRYPTION_KEY not in refusal.value.message


def test_a_disk_without_room_leaves_the_file_as_it_was(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, settings = env_file.read_bytes(), settings_of(env_file)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_encryption_key.os, "fsync", full)
    with pytest.raises(UnusableSetting, match="cannot be written"):
        new_encryption_key.put_new_key(settings, env_file)
    assert env_file.read_bytes() == before
    assert sorted(file.name for file in env_file.parent.iterdir()) == [".env", ".env.lock"]


def test_the_file_stays_its_owner_s_whoever_changes_it(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator may be root, and the portal somebody else, who has to read it at the next start."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(new_encryption_key.os, "fchown", lambda _file, *owner: given.append(owner))
    monkeypatch.setattr(new_encryption_key, "_owner_of", lambda _file: (12345, 23456))
    new_encryption_key.put_new_key(settings_of(env_file), env_file)
    assert given == [(12345, 23456)]
