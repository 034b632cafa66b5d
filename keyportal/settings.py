"""The deployment's settings, read once from a mapping. The only reader of the environment.

An unusable value is refused by its name; its text never reaches a message or a log.
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from dotenv import dotenv_values

from keyportal.domain.errors import UnusableSetting
from keyportal.domain.masks import MaskStyle
from keyportal.domain.secret import Secret

ROOT = Path(__file__).resolve().parents[1]
ENCRYPTION_KEY = "API_KEY_ENCRYPTION_KEY"
_KEY_FILE = "API_KEY_ENCRYPTION_KEY_FILE"
_KEY_PREVIOUS = "API_KEY_ENCRYPTION_KEY_PREVIOUS"
_BASE_URL = "KEYPORTAL_BASE_URL_"
_ENVIRONMENT_NAMES = "KEYPORTAL_ENVIRONMENT_NAMES_"
# Never offered to the resolver, whatever names an operator configures.
_OWN_SECRETS = frozenset({ENCRYPTION_KEY, _KEY_PREVIOUS, "DATABASE_URL", "REDIS_URL"})
_DOCUMENT_LIMIT = 65536
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"[A-Za-z0-9_]+")
_HOST = re.compile(r"[0-9A-Za-z.:_-]{1,253}")
_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
# Keys that stand in documentation are known to everybody.
_EXAMPLE_KEYS = frozenset({"0123456789abcdef" * 4, "00112233445566778899aabbccddeeff" * 2, "deadbeef" * 8})


@dataclass(frozen=True)
class Settings:
    """One deployment's settings, checked. `encryption_key` is None only where none was given."""

    encryption_key: Secret | None
    previous_encryption_keys: tuple[Secret, ...]
    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    host: str
    port: int
    public_url: str
    mask_style: MaskStyle
    tests_per_minute: int
    tests_at_once: int
    base_url_overrides: Mapping[str, str]
    environment_names: Mapping[str, tuple[str, ...]]
    environment_prefixes: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)

    @property
    def is_public_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def uses_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    def variable(self, name: str) -> Secret | None:
        """Return an environment variable's value as it was when the process started."""
        text = self.variables.get(name)
        return None if text is None else Secret(text)

    def document(self, name: str) -> Secret | None:
        """Return the service account in the file a variable names, on one line; None if there is none.

        Only for names of the catalogue: the path is the operator's, never a person's. Such a file may
        also hold an operator's own sign-in, which is nobody else's to use.
        """
        try:
            with Path(self.variables.get(name, "")).open("rb") as file:
                found = json.loads(file.read(_DOCUMENT_LIMIT))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or found.get("type") != "service_account":
            return None
        return Secret(json.dumps(found, separators=(",", ":")))

    def require_encryption_key(self) -> Secret:
        """Raises UnusableSetting where no key was given."""
        if self.encryption_key is None:
            raise UnusableSetting(
                ENCRYPTION_KEY,
                "is not set. Put the key this database was written with into .env; for a new"
                " portal, remove nothing and run `python -m keyportal serve` once to create one.",
            )
        return self.encryption_key


def env_file() -> Path:
    """Return the settings file: `.env` beside rxconfig.py unless KEYPORTAL_ENV_FILE names another."""
    return ROOT / os.environ.get("KEYPORTAL_ENV_FILE", ".env")


def load_settings() -> Settings:
    """Read the process environment over the settings file. Raises UnusableSetting."""
    file = env_file()
    try:
        written = dotenv_values(file, interpolate=False) if file.is_file() else {}
    except (OSError, ValueError):
        raise UnusableSetting("KEYPORTAL_ENV_FILE", "names a file that cannot be read as text.") from None
    # An empty variable, as container tools pass one, does not hide what stands in the file.
    given = {name: text for name, text in os.environ.items() if text or not written.get(name)}
    return settings_from({**{k: v for k, v in written.items() if v is not None}, **given})


def settings_from(values: Mapping[str, str]) -> Settings:
    """Build settings from a mapping of names to texts. Raises UnusableSetting by name."""
    port = _port(values)
    data_dir = Path(values.get("KEYPORTAL_DATA_DIR", "").strip() or ROOT / "data")
    data_dir = data_dir if data_dir.is_absolute() else ROOT / data_dir
    return Settings(
        encryption_key=_encryption_key(values),
        previous_encryption_keys=_previous_keys(values),
        data_dir=data_dir,
        database_url=_database_url(values, data_dir),
        redis_url=_redis_url(values),
        host=_host(values),
        port=port,
        public_url=_public_url(values, port),
        mask_style=_mask_style(values),
        tests_per_minute=_number(values, "KEYPORTAL_TESTS_PER_MINUTE", default=10, most=10_000),
        tests_at_once=_number(values, "KEYPORTAL_TESTS_AT_ONCE", default=10, most=200),
        base_url_overrides=MappingProxyType(_by_provider(values, _BASE_URL)),
        environment_names=MappingProxyType(_environment_names(values)),
        environment_prefixes=_prefixes(values),
        variables=MappingProxyType({k: v for k, v in values.items() if k not in _OWN_SECRETS}),
    )


def parse_encryption_key(text: str, setting: str = ENCRYPTION_KEY) -> Secret:
    """Return a key of exactly 64 hex characters (one trailing newline allowed), or refuse it."""
    key = text.removesuffix("\n")
    if re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):
        raise UnusableSetting(setting, "is a Fernet key. Use 64 hex characters: `openssl rand -hex 32`.")
    if not _HEX_KEY.fullmatch(key):
        raise UnusableSetting(setting, "has to be exactly 64 hex characters: `openssl rand -hex 32`.")
    if len(set(bytes.fromhex(key))) < 8 or key.lower() in _EXAMPLE_KEYS:
        raise UnusableSetting(setting, "is not random. Create one with `openssl rand -hex 32`.")
    return Secret(key.lower())


def _encryption_key(values: Mapping[str, str]) -> Secret | None:
    direct, path = values.get(ENCRYPTION_KEY, ""), values.get(_KEY_FILE, "").strip()
    if direct and path:
        raise UnusableSetting(_KEY_FILE, f"and {ENCRYPTION_KEY} are both set. Keep one of them.")
    if path:
        return parse_encryption_key(_read_key_file(ROOT / path), _KEY_FILE)
    return parse_encryption_key(direct) if direct else None


def _read_key_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        raise UnusableSetting(_KEY_FILE, "names a file that cannot be read as text.") from None
    if mode & stat.S_IRWXO:
        raise UnusableSetting(_KEY_FILE, "names a file others can read. Run `chmod 600` on it.")
    return text


def _previous_keys(values: Mapping[str, str]) -> tuple[Secret, ...]:
    texts = (t.strip() for t in values.get(_KEY_PREVIOUS, "").split(","))
    return tuple(parse_encryption_key(t, _KEY_PREVIOUS) for t in texts if t)


def _database_url(values: Mapping[str, str], data_dir: Path) -> str:
    url = values.get("DATABASE_URL", "").strip()
    if not url:
        return f"sqlite:///{data_dir / 'keyportal.db'}"
    for scheme in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///") and ":memory:" not in url:
        # Relative paths start at the project's folder, wherever the command was typed.
        return f"sqlite:///{ROOT / url.removeprefix('sqlite:///')}"
    raise UnusableSetting("DATABASE_URL", "has to start with sqlite:/// (a file) or postgresql://.")


def _redis_url(values: Mapping[str, str]) -> str | None:
    url = values.get("REDIS_URL", "").strip()
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise UnusableSetting("REDIS_URL", "has to start with redis://, rediss:// or unix://.")
    return url or None


def _port(values: Mapping[str, str]) -> int:
    return _number(values, "PORT", default=3000, most=65535)


def _number(values: Mapping[str, str], setting: str, *, default: int, most: int) -> int:
    text = values.get(setting, "").strip() or str(default)
    if not (re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= most):
        raise UnusableSetting(setting, f"has to be a number from 1 to {most}.")
    return int(text)


def _host(values: Mapping[str, str]) -> str:
    host = values.get("HOST", "").strip() or "127.0.0.1"
    if not _HOST.fullmatch(host):
        raise UnusableSetting("HOST", "has to be an address to listen on, such as 127.0.0.1 or 0.0.0.0.")
    return host


def _public_url(values: Mapping[str, str], port: int) -> str:
    """Return the one origin browsers use, such as `https://keys.example.com`."""
    text = values.get("KEYPORTAL_PUBLIC_URL", "").strip().rstrip("/")
    if not text:
        return f"http://localhost:{port}" if port != 80 else "http://localhost"
    return _origin(text, "KEYPORTAL_PUBLIC_URL")


def _origin(text: str, setting: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UnusableSetting(setting, "is not a URL.") from None
    plain = not (parts.username or parts.password or parts.path or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not plain or not _HOST.fullmatch(host):
        raise UnusableSetting(setting, "has to be an address such as https://keys.example.com.")
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if port in (None, default) else f":{port}")


def _mask_style(values: Mapping[str, str]) -> MaskStyle:
    text = values.get("KEYPORTAL_MASK_STYLE", "").strip() or MaskStyle.LAST_4
    if text not in set(MaskStyle):
        raise UnusableSetting("KEYPORTAL_MASK_STYLE", f"has to be one of {', '.join(MaskStyle)}.")
    return MaskStyle(text)


def _by_provider(values: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the non-empty settings of one prefix by provider id."""
    return {
        name.removeprefix(prefix).lower(): text.strip()
        for name, text in values.items()
        if name.startswith(prefix) and name != prefix and text.strip()
    }


def _environment_names(values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        provider: tuple(_each(text, _ENVIRONMENT_NAMES + provider.upper(), _VARIABLE))
        for provider, text in _by_provider(values, _ENVIRONMENT_NAMES).items()
    }


def _prefixes(values: Mapping[str, str]) -> tuple[str, ...]:
    setting = "KEYPORTAL_ENVIRONMENT_PREFIXES"
    return tuple(_each(values.get(setting, ""), setting, _PREFIX))


def _each(text: str, setting: str, pattern: re.Pattern[str]) -> list[str]:
    names = [n.strip() for n in text.split(",") if n.strip()]
    if not all(pattern.fullmatch(n) for n in names):
        raise UnusableSetting(setting, "has to be variable names separated by commas.")
    return names
