"""Sentences with moments in them: as text in UTC, and in parts for a reader who has a clock of their own."""

from datetime import UTC, datetime


class Sentence(str):
    """Words in which each moment is written in UTC. `parts` are the same words, and the moments as such."""

    parts: tuple[str | datetime, ...]

    def __new__(cls, *said: str | datetime) -> "Sentence":
        parts: list[str | datetime] = []
        for part in (part for one in said for part in (one.parts if isinstance(one, Sentence) else [one])):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        made = super().__new__(cls, "".join(_written(part) for part in parts))
        made.parts = tuple(parts)
        return made


def _written(part: str | datetime) -> str:
    if isinstance(part, str):
        return part
    at = part.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"
