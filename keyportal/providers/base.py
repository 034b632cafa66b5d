"""A provider described as data: where it is, how a key is checked, how the answer is read.

Never opens a connection and never holds a secret.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from keyportal.domain.checks import Outcome
from keyportal.domain.errors import InvalidInput
from keyportal.providers.fields import Choice, Field
from keyportal.providers.urls import destination_of, origin_of, parse_url

__all__ = [
    "Auth",
    "AwsSignature",
    "Check",
    "Choice",
    "Field",
    "Finding",
    "FormAuth",
    "GoogleToken",
    "HeaderAuth",
    "KeyFormat",
    "Provider",
    "ProviderKind",
    "Rule",
    "Variant",
    "destination_of",
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
class HeaderAuth:
    """The header the key travels in, and the scheme word before it (with its space), if any."""

    header: str
    prefix: str = ""


@dataclass(frozen=True)
class FormAuth:
    """The key travels as a field of a form body, where a provider takes it in no header."""

    field: str


@dataclass(frozen=True)
class AwsSignature:
    """Signature version 4 over the request. The key is the secret access key and is never sent.

    Reads the fields `access_key_id`, `region` and `session_token`.
    """

    service: str


@dataclass(frozen=True)
class GoogleToken:
    """The key is a service-account document: it signs a request for a short-lived bearer token."""

    scope: str


Auth = HeaderAuth | FormAuth | AwsSignature | GoogleToken


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
        return re.fullmatch(self.pattern, value, re.ASCII | re.DOTALL) is not None

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
    """One request of a check, how to read its answer, and what to ask besides.

    `inspect` has no default: every provider says what its good answer looks like, so that an HTML
    page with status 200 never counts as a valid key. `path` and `body` may hold {field} places and,
    in a model check, {model}. `field_headers` pairs a field with its header.
    """

    path: str
    auth: Auth
    inspect: Inspect
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    field_headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    rules: tuple[Rule, ...] = ()
    code_paths: tuple[str, ...] = CODE_PATHS
    # A header with the machine code, where it stands in no body.
    code_header: str = ""
    # Another host of the same provider. Where somebody set an address, everything goes there.
    base_url: str = ""
    # Asked instead, where this route is closed to the key though the key may be good.
    fallback: "Check | None" = None
    # Asked after a good answer; its verdict is the one that counts.
    follow_up: "Check | None" = None
    # A free list, asked after a good answer for the models in it and nothing else.
    models: "Check | None" = None
    # Some servers answer whoever asks: asked once more with a key that was just made up, and a good
    # answer to both proves nothing.
    compare_made_up: bool = False
    # Proves that the key may use a model, at the price of one token or for free.
    model_check: "Check | None" = None
    # A refusal with this code may be false for a few seconds: asked once more after them.
    retry_code: str = ""


@dataclass(frozen=True)
class Variant:
    """Another check for keys of another kind: those the pattern matches whole."""

    pattern: str
    check: Check


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A catalogue entry. `base_url` may hold {field} places; empty means there is none to call.

    `refused_also` completes "the key is wrong, or …" where a refusal is ambiguous by nature.
    `preferred_models` are openings of names of small models, the first that a key lists is asked for.
    `file_environment_names` hold the path of a file of the operator's with the key in it.
    """

    id: str
    name: str
    kind: ProviderKind
    base_url: str
    environment_names: tuple[str, ...]
    console_url: str
    how_to: str
    check: Check
    variants: tuple[Variant, ...] = ()
    preferred_models: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    formats: tuple[KeyFormat, ...] = ()
    refused_also: str = ""
    file_environment_names: tuple[str, ...] = ()
    # What people call it or its models besides, for looking it up: `claude`, `grok`.
    keywords: tuple[str, ...] = ()
    # The field that names the model to ask about, where models have the names their owners gave them.
    model_field: str = ""
    # Where a key of the environment belongs: an admin's address was never meant for it.
    environment_url: str = ""
    is_moved: bool = False
    is_custom: bool = False

    def with_base_url(self, url: str, *, by_operator: bool = True) -> "Provider":
        """Return the same provider at another address.

        Raises:
            InvalidInput: the address is unusable, or holds a query.
        """
        if "?" in url:
            raise InvalidInput(
                "This address cannot be used. Leave out everything from the ? on.", field="base_url"
            )
        origin = parse_url(url).origin
        url = url.rstrip("/")
        return replace(
            self,
            base_url=url,
            environment_url=url if by_operator or not self.base_url else self.base_url,
            # Written down again, its own address: what it asks its other hosts, it asks them still.
            is_moved="{" in self.base_url or not self.base_url or origin != origin_of(self.base_url),
        )

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

    def parted(self, fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return clean fields in two parts: those that may be shown, and those sealed with the key."""
        secret = {field.name for field in self.fields if field.secret}
        shown = {name: value for name, value in fields.items() if name not in secret}
        return shown, {name: value for name, value in fields.items() if name in secret}

    def address(self, fields: Mapping[str, str]) -> str:
        """Return the base URL with its places filled in from clean fields."""
        return self.fill(self.base_url, fields)

    def for_environment(self) -> "Provider":
        """Return the provider where a key of the environment belongs: never at an admin's address."""
        if not self.environment_url or self.environment_url == self.base_url:
            return self
        return replace(self, base_url=self.environment_url, is_moved=False)

    def environment_address(self, fields: Mapping[str, str]) -> str:
        """Return the address for a key of the environment, or nothing while a field is unknown."""
        address = self.for_environment().address(fields)
        return "" if "{" in address else address

    def fill(self, text: str, fields: Mapping[str, str]) -> str:
        """Return text with its {field} places filled in from clean fields or their defaults."""
        for field in self.fields:
            value = field.filling(fields.get(field.name, ""))
            if value:
                text = text.replace("{" + field.name + "}", quote(value, safe=""))
        return text

    def check_for(self, value: str) -> Check:
        """Return the check that fits the kind of key."""
        for variant in self.variants:
            if re.fullmatch(variant.pattern, value, re.ASCII | re.DOTALL):
                return variant.check
        return self.check
