"""What a provider needs besides the key, described as data. No value here can change a host."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One of a field's allowed values. `fills` stands in an address in its place."""

    value: str
    label: str
    fills: str = ""


@dataclass(frozen=True)
class Field:
    """Something a provider needs besides the key. Its pattern must match the whole value.

    `default` counts where nothing is given. A `secret` field is sealed together with the key and
    never shown again. `environment_names` are asked, in order, where the key itself comes from the
    environment.
    """

    name: str
    label: str
    help: str
    required: bool
    pattern: str = ""
    choices: tuple[Choice, ...] = ()
    default: str = ""
    secret: bool = False
    environment_names: tuple[str, ...] = ()

    def accepts(self, value: str) -> bool:
        if self.choices:
            return any(choice.value == value for choice in self.choices)
        return re.fullmatch(self.pattern, value, re.ASCII) is not None

    def filling(self, value: str) -> str:
        """Return what a value, or the default for none, puts into an address."""
        value = value or self.default
        return next((c.fills for c in self.choices if c.value == value and c.fills), value)
