"""The sheet that lies beside a backup: what it is, which encryption keys it needs, how to restore it.

It is to be read by whoever has nothing else, and by anybody: no secret, no name of a person or a key.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from keyportal import __version__
from keyportal.services.backup_contents import Contents, counted

_DIGEST = re.compile(r"^SHA-256 +([0-9a-f]{64})$", re.MULTILINE)
_SHEET_LIMIT = 65536
_STEPS = """\
To restore it
1. Find the encryption keys with the ids above: they are not in the backup. They are the values of
   API_KEY_ENCRYPTION_KEY and API_KEY_ENCRYPTION_KEY_PREVIOUS in the .env of that time, or in the
   copy that was put away. Without them nobody can read a saved key, and no support can help.
2. Install this release of KeyPortal or a later one in a folder, with `pip install -r requirements.txt`.
3. Put the current key into .env as API_KEY_ENCRYPTION_KEY=…, others as
   API_KEY_ENCRYPTION_KEY_PREVIOUS=…, separated by commas. `chmod 600 .env`. For PostgreSQL also
   DATABASE_URL=… of an empty database; a backup can be restored into SQLite and PostgreSQL alike.
4. Look whether file and keys belong together:   python -m keyportal verify {name}
5. Stop the portal and every serve-api, then:     python -m keyportal restore {name}
6. python -m keyportal doctor, then start:        python -m keyportal serve
7. Everybody signs in anew. What was deleted or revoked after the backup is back: look through people,
   API keys and agent keys.
"""


@dataclass(frozen=True)
class Facts:
    """What the sheet tells about one file."""

    name: str
    made_at: datetime
    made_from: str
    schema: str
    size: int
    digest: str
    current_key_id: str
    contents: Contents


def sheet_of(path: Path) -> Path:
    return Path(f"{path}.recovery.txt")


def written(facts: Facts) -> str:
    held = facts.contents.inventory
    rows = [
        ("file", facts.name),
        ("made", f"{facts.made_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("by", f"KeyPortal {__version__}, schema {facts.schema}, from {facts.made_from}"),
        ("size", f"{facts.size:,} bytes"),
        ("SHA-256", facts.digest),
    ]
    counts = [
        ("people", held.people),
        ("API keys", held.api_keys),
        ("system keys", held.system_keys),
        ("agent keys", held.agent_keys),
        ("audit events", held.audit_events),
    ]
    return "\n".join(
        [
            "KeyPortal: recovery sheet of a backup",
            "",
            *(f"{label:<14}{value}" for label, value in rows),
            "",
            "What is in it",
            *(f"{label:<14}{count:,}" for label, count in counts),
            "",
            "Encryption keys it needs",
            *_keys(facts),
            "",
            _STEPS.format(name=facts.name),
        ]
    )


def digest_on(path: Path) -> str | None:
    """Return the SHA-256 a backup's sheet names; None without a sheet, and empty where it names none."""
    try:
        with sheet_of(path).open(encoding="utf-8", errors="replace") as sheet:
            found = _DIGEST.search(sheet.read(_SHEET_LIMIT))
    except OSError:
        return None
    return found[1] if found else ""


def _keys(facts: Facts) -> list[str]:
    return [
        f"{key_id:<14}{counted(count, 'value')}"
        + (", the current one" if key_id == facts.current_key_id else "")
        for key_id, count in sorted(facts.contents.values.items())
    ]
