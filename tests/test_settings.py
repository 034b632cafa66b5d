"""Settings: strict, named when refused, and silent about every value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyportal import settings as module
from keyportal.domain.errors import UnusableSetting
from keyportal.domain.masks import MaskStyle
from keyportal.providers.registry import Registry
from keyportal.settings import ROOT, load_settings, settings_from
from tests.support import ENCRYPTION_KEY, OTHER_KEY, clean_environment

CANARY = "cAnArY9f3e"
KEY = "API_KEY_ENCRYPTION_KEY"


def refused(**values: str) -> UnusableSetting:
    with pytest.raises(UnusableSetting) as refusal:
        settings_from(values)
    return refusal.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (KEY, CANARY),
        (KEY, ENCRYPTION_KEY[:-1]),
        (KEY, ENCRYPTION_KEY + "0"),
        (KEY, f" {ENCRYPTION_KEY}"),
        (KEY, f"{ENCRYPTION_KEY}\n\n"),
        (KEY, f"{ENCRYPTION_KEY}\r\n"),
        (KEY, ENCRYPTION_KEY[:-1] + "g"),
        (KEY, ENCRYPTION_KEY[:-1] + "\uff11"),
        (KEY, "0x" + ENCRYPTION_KEY[2:]),
        ("API_KEY_ENCRYPTION_KEY_PREVIOUS", CANARY),
        ("API_KEY_ENCRYPTION_KEY_PREVIOUS", f"{OTHER_KEY},{CANARY}"),
        ("API_KEY_ENCRYPTION_KEY_FILE", f"/nowhere/{CANARY}"),
        ("DATABASE_URL", f"mysql://u:{CANARY}@h/db"),
        ("DATABASE_URL", f"postgresql+psycopg2://u:{CANARY}@h/db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", f"sqlite:///:memory:{CANARY}"),
        ("DATABASE_URL", CANARY),
        ("REDIS_URL", f"http://{CANARY}"),
        ("PORT", CANARY),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-3000"),
        ("PORT", "3000.0"),
        ("PORT", "\uff13\uff10"),
        ("PORT", "1" * 5000),
        ("HOST", f"{CANARY} "  + "x"),
        ("HOST", f"http://{CANARY}"),
        ("HOST", f"{CANARY}\nx"),
        ("KEYPORTAL_PUBLIC_URL", CANARY),
        ("KEYPORTAL_PUBLIC_URL", f"ftp://{CANARY}"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY}/path"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY}?q=1"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY}#f"),
        ("KEYPORTAL_PUBLIC_URL", f"https://u:{CANARY}@host"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY}:port"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY} x"),
        ("KEYPORTAL_PUBLIC_URL", f"https://<{CANARY}>"),
        ("KEYPORTAL_PUBLIC_URL", f"https://[{CANARY}"),
        ("KEYPORTAL_PUBLIC_URL", "https://"),
        ("KEYPORTAL_PUBLIC_URL", f"https://{CANARY}.ex\u00e4mple"),
        ("KEYPORTAL_MASK_STYLE", CANARY),
        ("KEYPORTAL_TESTS_PER_MINUTE", "0"),
        ("KEYPORTAL_TESTS_PER_MINUTE", CANARY),
        ("KEYPORTAL_TESTS_AT_ONCE", "201"),
        ("KEYPORTAL_TESTS_AT_ONCE", "-1"),
        ("KEYPORTAL_ENVIRONMENT_PREFIXES", f"A_,{CANARY}-"),
        ("KEYPORTAL_ENVIRONMENT_NAMES_OPENAI", f"A,{CANARY} x"),
        ("KEYPORTAL_ENVIRONMENT_NAMES_OPENAI", f"1{CANARY}"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name_and_never_repeated(name: str, value: str) -> None:
    refusal = refused(**{name: value})
    assert refusal.setting == name and refusal.message.startswith(f"{name}: ")
    assert CANARY not in refusal.message
    assert ENCRYPTION_KEY[:-1] not in refusal.message


def test_a_fernet_key_gets_its_clear_sentence() -> None:
    refusal = refused(**{KEY: "ZmDfcTF7_60GrrY167zsiPd67pEvs0aGOv2oasOM1Pg="})
    assert "is a Fernet key. Use 64 hex characters" in refusal.message


@pytest.mark.parametrize(
    "weak", ["0" * 64, "ff" * 32, "0123456789abcdef" * 4, "0123456789ABCDEF" * 4, "deadbeef" * 8, "0001" * 16]
)
def test_a_weak_key_is_refused(weak: str) -> None:
    assert "is not random" in refused(**{KEY: weak}).message


@pytest.mark.parametrize("written", [ENCRYPTION_KEY, f"{ENCRYPTION_KEY}\n", ENCRYPTION_KEY.upper()])
def test_a_key_is_taken_with_one_trailing_newline_and_in_either_case(written: str) -> None:
    assert settings_from({KEY: written}).require_encryption_key().reveal() == ENCRYPTION_KEY


@pytest.mark.parametrize("values", [{}, {KEY: ""}])
def test_a_missing_key_is_refused_where_it_is_needed(values: dict[str, str]) -> None:
    with pytest.raises(UnusableSetting, match=f"^{KEY}: is not set"):
        settings_from(values).require_encryption_key()


def key_file(folder: Path, content: bytes = f"{ENCRYPTION_KEY}\n".encode(), mode: int = 0o600) -> str:
    path = folder / CANARY
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    read = settings_from({f"{KEY}_FILE": key_file(tmp_path)})
    assert read.require_encryption_key().reveal() == ENCRYPTION_KEY


@pytest.mark.parametrize(
    ("content", "mode"),
    [(b"short", 0o600), (b"\xff\xfe", 0o600), (b"", 0o600), (ENCRYPTION_KEY.encode(), 0o604)],
)
def test_an_unusable_key_file_is_refused_by_name(tmp_path: Path, content: bytes, mode: int) -> None:
    refusal = refused(**{f"{KEY}_FILE": key_file(tmp_path, content, mode)})
    assert refusal.setting == f"{KEY}_FILE" and CANARY not in refusal.message


def test_the_key_and_its_file_together_are_refused(tmp_path: Path) -> None:
    refusal = refused(**{KEY: ENCRYPTION_KEY, f"{KEY}_FILE": key_file(tmp_path)})
    assert "both set" in refusal.message and ENCRYPTION_KEY not in refusal.message


def test_previous_keys_are_a_list_in_order() -> None:
    read = settings_from({f"{KEY}_PREVIOUS": f" {OTHER_KEY} ,\n{ENCRYPTION_KEY.upper()},"})
    assert [k.reveal() for k in read.previous_encryption_keys] == [OTHER_KEY, ENCRYPTION_KEY]


@pytest.mark.parametrize("scheme", ["postgresql://", "postgres://", "postgresql+psycopg://"])
def test_every_postgresql_scheme_means_the_one_driver(scheme: str) -> None:
    url = settings_from({"DATABASE_URL": f" {scheme}u:p@h:5432/db?sslmode=require "}).database_url
    assert url == "postgresql+psycopg://u:p@h:5432/db?sslmode=require"


def test_a_sqlite_file_is_taken_as_written() -> None:
    read = settings_from({"DATABASE_URL": "sqlite:////srv/portal.db"})
    assert (read.database_url, read.uses_sqlite) == ("sqlite:////srv/portal.db", True)


def test_the_defaults_are_one_machine_on_loopback() -> None:
    read = settings_from({})
    assert (read.host, read.port, read.public_url) == ("127.0.0.1", 3000, "http://localhost:3000")
    assert (read.redis_url, read.mask_style, read.encryption_key) == (None, MaskStyle.LAST_4, None)


@pytest.mark.parametrize(
    ("written", "folder"), [("", ROOT / "data"), ("store", ROOT / "store"), ("/srv/kp", Path("/srv/kp"))]
)
def test_the_data_directory_is_relative_to_the_project(written: str, folder: Path) -> None:
    read = settings_from({"KEYPORTAL_DATA_DIR": written})
    assert (read.data_dir, read.database_url) == (folder, f"sqlite:///{folder}/keyportal.db")


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://keys.example.com/", "https://keys.example.com"),
        ("https://KEYS.example.com:443", "https://keys.example.com"),
        ("http://host:80", "http://host"),
        ("http://host:8080", "http://host:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_public_url_is_one_origin(written: str, origin: str) -> None:
    assert settings_from({"KEYPORTAL_PUBLIC_URL": written}).public_url == origin


@pytest.mark.parametrize(("port", "origin"), [("8080", "http://localhost:8080"), ("80", "http://localhost")])
def test_without_a_public_url_it_is_localhost_at_the_port(port: str, origin: str) -> None:
    read = settings_from({"PORT": port})
    assert (read.public_url, read.is_public_https) == (origin, False)


def test_base_urls_are_by_provider_id() -> None:
    values = {
        "KEYPORTAL_BASE_URL_OPENAI": " https://a.example/v1 ",
        "KEYPORTAL_BASE_URL_AZURE_SPEECH": "https://b",
    }
    values |= {"KEYPORTAL_BASE_URL_GEMINI": " ", "KEYPORTAL_BASE_URL_": "https://c"}
    read = settings_from(values)
    assert read.base_url_overrides == {"openai": "https://a.example/v1", "azure_speech": "https://b"}


@pytest.mark.parametrize(
    ("provider", "url"),
    [("openai", f"ftp://{CANARY}"), ("openai", f"https://u:{CANARY}@h"), ("nobody", f"https://{CANARY}")],
)
def test_a_bad_base_url_is_refused_by_name_and_never_repeated(provider: str, url: str) -> None:
    read = settings_from({f"KEYPORTAL_BASE_URL_{provider.upper()}": url})
    with pytest.raises(UnusableSetting) as refusal:
        Registry.of(read.base_url_overrides)
    assert refusal.value.setting == f"KEYPORTAL_BASE_URL_{provider.upper()}"
    assert CANARY not in refusal.value.message


def test_environment_names_and_prefixes_are_lists_in_order() -> None:
    read = settings_from(
        {
            "KEYPORTAL_ENVIRONMENT_NAMES_OPENAI": "B_KEY, A_KEY,",
            "KEYPORTAL_ENVIRONMENT_PREFIXES": "ROUNDTABLE_,2ND_",
        }
    )
    assert read.environment_names == {"openai": ("B_KEY", "A_KEY")}
    assert read.environment_prefixes == ("ROUNDTABLE_", "2ND_")


def test_the_repr_of_the_settings_holds_no_secret() -> None:
    values = {
        KEY: ENCRYPTION_KEY,
        f"{KEY}_PREVIOUS": OTHER_KEY,
        "DATABASE_URL": f"postgresql://u:{CANARY}@h/db",
        "REDIS_URL": f"redis://:{CANARY}@h",
        "OPENAI_API_KEY": CANARY,
    }
    shown = repr(settings_from(values))
    assert not any(secret in shown for secret in (ENCRYPTION_KEY, OTHER_KEY, CANARY))


@pytest.mark.parametrize("name", [KEY, f"{KEY}_PREVIOUS", "DATABASE_URL", "REDIS_URL"])
def test_the_portals_own_secrets_are_no_variables_to_resolve(name: str) -> None:
    values = {
        KEY: ENCRYPTION_KEY,
        f"{KEY}_PREVIOUS": OTHER_KEY,
        "DATABASE_URL": "postgresql://u:p@h/db",
        "REDIS_URL": "redis://h",
    }
    assert settings_from(values).variable(name) is None


def test_settings_do_not_change_once_read() -> None:
    values = {"OPENAI_API_KEY": "before"}
    read = settings_from(values)
    values["OPENAI_API_KEY"] = "after"
    variable = read.variable("OPENAI_API_KEY")
    assert variable is not None and variable.reveal() == "before"


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name not in clean_environment():
            monkeypatch.delenv(name)
    path = tmp_path / ".env"
    monkeypatch.setenv("KEYPORTAL_ENV_FILE", str(path))
    return path


def test_the_process_environment_wins_over_the_env_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text("PORT=4000\nHOST=0.0.0.0\n")
    monkeypatch.setenv("PORT", "5000")
    read = load_settings()
    assert (read.port, read.host) == (5000, "0.0.0.0")


def test_the_env_file_is_taken_literally(env_file: Path) -> None:
    env_file.write_text("A=one\nOPENAI_API_KEY='sk-$A-${A}'\nB=\"x${A}\"\nexport C=c\nD\n")
    read = load_settings()
    assert [read.variables.get(n) for n in ("OPENAI_API_KEY", "B", "C", "D")] == [
        "sk-$A-${A}",
        "x${A}",
        "c",
        None,
    ]


def test_a_missing_env_file_is_no_error(env_file: Path) -> None:
    assert not env_file.exists() and load_settings().port == 3000


def test_an_env_file_that_is_not_text_is_refused_by_name(env_file: Path) -> None:
    env_file.write_bytes(b"A=\xff\xfe" + CANARY.encode())
    with pytest.raises(UnusableSetting, match=r"^KEYPORTAL_ENV_FILE: ") as refusal:
        load_settings()
    assert CANARY not in refusal.value.message


def test_importing_the_settings_reads_nothing() -> None:
    """A bad environment must be reported by the start, not by an import."""
    code = f"import {module.__name__}; print('fine')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean_environment(), "PORT": CANARY},
        cwd=ROOT,
        capture_output=True,
    )
    assert done.stdout == b"fine\n", done.stderr
