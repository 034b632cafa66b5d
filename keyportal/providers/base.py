"""A provider described as data: where it is, how a key is checked, how the answer is read.

Never opens a connection and never holds a secret.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from keyportal.domain.checks import Outcome
from keyportal.domain.errors import InvalidInput
from keyportal.providers.urls import origin_of, parse_url

__all__ = [
    "Auth",
    "Check",
    "Field",
    "Finding",
    "KeyFormat",
    "Provider",
    "ProviderKind",
    "Rule",
    "origin_of",
]

# Where providers put their machine codes, most telling place first. "[]" walks through a list.
CODE_PATHS = (
    "error.details[].reason",
    "error.code",
    "error.type",
    "error.status",
    "err_code",
    "code",
    "__type",
)


class ProviderKind(StrEnum):
    LLM = "llm"
    SPEECH = "speech"
    AGGREGATOR = "aggregator"
    OTHER = "other"


@dataclass(frozen=True)
class Auth:
    """The header the key travels in, and the scheme word before it (with its space), if any."""

    header: str
    prefix: str = ""


@dataclass(frozen=True)
class Field:
    """Something a provider needs besides the key. Its pattern must match the whole value."""

    name: str
    label: str
    help: str
    required: bool
    pattern: str

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value, re.ASCII) is not None


@dataclass(frozen=True)
class KeyFormat:
    """What a key usually looks like. Only ever a warning: providers change theirs unannounced.

    `wrong_kind` is the warning for a value of a known but unusable kind. `recognised_by` is an
    opening (a pattern) so distinctive that a pasted value names its provider; leave it out when
    in doubt.
    """

    label: str
    pattern: str
    wrong_kind: str | None = None
    recognised_by: str | None = None

    def matches(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value, re.ASCII) is not None

    def recognised_length(self, value: str) -> int:
        """Return how many characters of the value are distinctive for this format, 0 for none."""
        match = re.match(self.recognised_by, value, re.ASCII) if self.recognised_by else None
        return match.end() if match else 0


@dataclass(frozen=True)
class Rule:
    """One line of a provider's reading: this status, with one of these codes or any, means this."""

    status: int
    outcome: Outcome
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a well-formed 200 tells."""

    outcome: Outcome
    models: tuple[str, ...] = ()
    balance: str | None = None


# Takes parsed JSON of any shape; None means "this is not how the provider answers".
Inspect = Callable[[object], Finding | None]


@dataclass(frozen=True)
class Check:
    """The request of a check, and how to read the answer.

    `inspect` has no default: every provider says what its good answer looks like, so that an HTML
    page with status 200 never counts as a valid key. `field_headers` pairs a field with
    its header.
    """

    path: str
    auth: Auth
    inspect: Inspect
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    field_headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    rules: tuple[Rule, ...] = ()
    code_paths: tuple[str, ...] = CODE_PATHS


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A catalogue entry. `base_url` may hold {field} places; empty means there is none to call."""

    id: str
    name: str
    kind: ProviderKind
    base_url: str
    environment_names: tuple[str, ...]
    console_url: str
    how_to: str
    check: Check
    fields: tuple[Field, ...] = ()
    formats: tuple[KeyFormat, ...] = ()

    def with_base_url(self, url: str) -> "Provider":
        """Return the same provider at another address.

        Raises:
            InvalidInput: the address is unusable, or holds a query.
        """
        if "?" in url:
            raise InvalidInput(
                "This address cannot be used. Leave out everything from the ? on.", field="base_url"
            )
        parse_url(url)
        return replace(self, base_url=url.rstrip("/"))

    def clean_fields(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the known fields that have a value, each matching its whole pattern.

        Raises:
            InvalidInput: a field is unknown, missing or does not match; `field` names it.
        """
        unknown = values.keys() - {field.name for field in self.fields}
        if unknown:
            raise InvalidInput(f"{self.name} has no such field.", field=min(unknown))
        cleaned: dict[str, str] = {}
        for field in self.fields:
            value = values.get(field.name, "").strip()
            if value and not field.accepts(value):
                raise InvalidInput(f"{field.label} does not look right. {field.help}", field=field.name)
            if field.required and not value:
                raise InvalidInput(f"{field.label} is missing. {field.help}", field=field.name)
            if value:
                cleaned[field.name] = value
        return cleaned

    def address(self, fields: Mapping[str, str]) -> str:
        """Return the base URL with its places filled in from clean fields."""
        address = self.base_url
        for name, value in fields.items():
            address = address.replace("{" + name + "}", value)
        return address
