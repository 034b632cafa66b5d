"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: str(d.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    links = LINK.findall(document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_there_are_documents_to_read() -> None:
    assert len(DOCUMENTS) >= 10


def test_every_setting_stands_in_the_example_file() -> None:
    named = re.compile(r"\"((?:KEYPORTAL|API_KEY|DATABASE|REDIS)_[A-Z_]+[A-Z])\"")
    settings = set(named.findall((ROOT / "keyportal" / "settings.py").read_text("utf-8")))
    example = (ROOT / ".env.example").read_text("utf-8")
    assert len(settings) > 8
    assert sorted(s for s in settings if s not in example) == []
