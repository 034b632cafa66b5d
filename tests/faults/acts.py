"""What was asked of a database and what it acknowledged: what it has to hold, and may hold besides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support import ENCRYPTION_KEY


@dataclass(frozen=True)
class Act:
    """One act that is whole or did not happen.

    `sets` are the values by the names of their keys, as they are afterwards; None where the key is gone.
    """

    kind: str
    sets: Mapping[str, str | None] = field(default_factory=dict)
    # Of a rotation: the encryption key that all values are under afterwards, and those there were before.
    encryption_key: str = ""
    # Of a backup: where it is.
    file: str = ""


@dataclass
class Ledger:
    """Everything the children of one database said, in order.

    `values` is what the database holds for certain. `uncertain` acts were asked for since the last look
    and never acknowledged: each is there whole, or not at all.
    """

    values: dict[str, str]
    # What the database is opened with, the current one first.
    encryption_keys: list[str] = field(default_factory=lambda: [ENCRYPTION_KEY])
    acknowledged: list[Act] = field(default_factory=list)
    uncertain: list[Act] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    resolves_asked: int = 0
    refused: list[str] = field(default_factory=list)
    # Answers nobody may get: a traceback where a refusal belongs, or another value than the one saved.
    wrong: list[str] = field(default_factory=list)
    under_way: dict[str, Act] = field(default_factory=dict)

    def take(self, message: tuple[Any, ...]) -> None:
        """Take in what a child says before and after each act."""
        kind, number, *rest = message
        if kind == "try":
            (act,) = rest
            self.under_way[number] = act
            self.resolves_asked += act.kind in RESOLVES
            if act.encryption_key and act.encryption_key != self.encryption_keys[0]:
                self.encryption_keys.insert(0, act.encryption_key)
            return
        act = self.under_way.pop(number)
        if kind == "ok":
            self._acknowledge(act, rest[0])
            return
        self.uncertain.append(act)
        (self.refused if kind == "refused" else self.wrong).append(f"{act.kind}: {rest[0]}")

    def _acknowledge(self, act: Act, resolved: tuple[str, str, str] | None) -> None:
        self.acknowledged.append(act)
        if act.encryption_key:
            # From here on nothing needs the others.
            self.encryption_keys = [act.encryption_key]
        for name, value in act.sets.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value
        if resolved is not None:
            resolution_id, name, value = resolved
            self.answered.append(resolution_id)
            if self.values.get(name) != value:
                self.wrong.append("resolve: another value than the one saved")

    def end(self) -> bool:
        """The child is gone. Returns whether that was in the middle of an act."""
        was_mid_work = bool(self.under_way)
        self.uncertain += self.under_way.values()
        self.under_way.clear()
        return was_mid_work

    def settle(self, values: Mapping[str, str]) -> None:
        """Somebody looked: from now on this is what is there."""
        self.values = dict(values)
        self.acknowledged.clear()
        self.uncertain.clear()
        self.refused.clear()
        self.wrong.clear()


RESOLVES = ("resolve", "desk")
