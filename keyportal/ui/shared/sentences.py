"""Sentences of the services as the browser holds them: in parts, their moments for its own clock."""

from dataclasses import dataclass
from datetime import datetime

from keyportal.domain.sentences import Sentence


@dataclass(frozen=True)
class Part:
    """Words, or else a moment."""

    text: str = ""
    at: str = ""


def parts_of(sentence: Sentence) -> list[Part]:
    return [
        Part(at=part.isoformat()) if isinstance(part, datetime) else Part(part)
        for part in sentence.parts
        if part
    ]
