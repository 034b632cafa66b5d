"""What a line of a `.env` file is for: its provider, what the key may be called, what is odd about it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from keyportal.domain.credentials import VALUE_LIMIT
from keyportal.domain.secret import Secret
from keyportal.domain.text import NAME_LIMIT
from keyportal.providers.base import Provider, ProviderKind
from keyportal.providers.checking import format_warning
from keyportal.services import environment
from keyportal.services.import_lines import Line
from keyportal.services.portal import Portal

_KEY_WORDS = re.compile(r"KEY|TOKEN|SECRET|CREDENTIAL|PASSWORD|PASSWD|AUTH|(?:\b|_)PAT(?:\b|_)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|\.{0,2}/|[A-Za-z]:\\|[^@\s]+@[^@\s]+\.[a-z]+\Z")
# Several words; a document, such as a service account's, has spaces too.
_SENTENCE = re.compile(r"[^{\s]\S*\s+\S")


@dataclass(frozen=True)
class Guess:
    """`provider` is empty for a General key. `is_likely`: it is plainly a key, and worth importing."""

    provider: str
    name: str
    note: str
    is_likely: bool


class Guesser:
    """Knows all providers by the variables they are read from, and which of them are turned off."""

    def __init__(self, portal: Portal) -> None:
        self._registry = portal.providers
        self._by_variable: dict[str, list[Provider]] = defaultdict(list)
        self._turned_off: dict[str, str] = {}
        for provider in self._registry.all():
            for name in environment.names_of(portal.settings, provider):
                if not self._registry.is_enabled(provider.id):
                    self._turned_off[name.upper()] = provider.name
                elif name not in provider.file_environment_names:
                    self._by_variable[name.upper()].append(provider)

    def guess(self, line: Line) -> Guess:
        """By the variable's name first, then by the value. Nothing of the value is in the guess."""
        value = line.value.reveal()
        if _SENTENCE.match(value):
            return Guess("", line.name[:NAME_LIMIT], "This does not look like a key.", False)
        known, rest = self._known_in(line.name.upper())
        if not known and (off := self._turned_off.get(line.name.upper())):
            return Guess("", line.name[:NAME_LIMIT], f"{off} is turned off here.", False)
        by_value = self._registry.candidates(value)
        if known:
            return _named(self._by_variable[known], by_value, value, rest)
        if len(by_value) == 1:
            return Guess(by_value[0].id, line.name[:NAME_LIMIT], _odd(by_value[0], value), True)
        note = f"It could be for {_either(by_value)}. Choose one." if by_value else ""
        likely = bool(by_value or (_KEY_WORDS.search(line.name.upper()) and not _ADDRESS.match(value)))
        return Guess("", line.name[:NAME_LIMIT], note or _unlikely(value, likely), likely)

    def _known_in(self, name: str) -> tuple[str, str]:
        """Return the known variable, itself or the longest inside this name, and what is around it."""
        if name in self._by_variable:
            return name, ""
        inside = [known for known in self._by_variable if f"_{known}_" in f"_{name}_"]
        known = max(inside, key=len, default="")
        return known, " ".join(f"_{name}_".replace(f"_{known}_", "_", 1).split("_")) if known else ""


def fields_for(provider: Provider | None, values: Mapping[str, Secret]) -> dict[str, str]:
    """Return what stands beside a provider's key in the same file, such as its region."""
    found: dict[str, str] = {}
    for wanted in provider.fields if provider else ():
        for name in wanted.environment_names:
            text = values[name].reveal().strip() if name in values else ""
            if text and len(text) <= VALUE_LIMIT and wanted.accepts(text):
                found.setdefault(wanted.name, text)
    return found


def _named(named: list[Provider], by_value: tuple[Provider, ...], value: str, rest: str) -> Guess:
    fitting = [p for p in named if p in by_value] or named
    provider = min(fitting, key=lambda p: (p.kind is not ProviderKind.LLM, p.name.lower()))
    if by_value and provider not in by_value:
        note = f"The value looks like a key of {_either(by_value)}."
    elif len(fitting) > 1:
        others = [p for p in fitting if p is not provider]
        note = f"{_either(others)} may be meant too."
    else:
        note = _odd(provider, value)
    name = f"{provider.name} {rest.lower().strip()}".strip()
    return Guess(provider.id, name[:NAME_LIMIT], note, True)


def _odd(provider: Provider, value: str) -> str:
    return format_warning(provider, value) or ""


def _unlikely(value: str, likely: bool) -> str:
    if likely:
        return ""
    return "This is an address." if _ADDRESS.match(value) else "This does not look like a key."


def _either(providers: list[Provider] | tuple[Provider, ...]) -> str:
    *others, last = [p.name for p in providers]
    return f"{', '.join(others)} or {last}" if others else last
