"""How a key ends: its secret is wiped at once, and a tombstone without it stays for the trail."""

from datetime import datetime

from sqlmodel import Session

from keyportal.persistence import credential_chains, links
from keyportal.persistence.tables import CredentialRow
from keyportal.services.credential_edits import store_row


def wipe(session: Session, row: CredentialRow, now: datetime) -> None:
    """Wipe a key and what hangs on it. The caller writes the event."""
    links.delete_links_of(session, row.id)
    # A new value that waited for this key's place is a key of its own now.
    credential_chains.forget_waiting(session, row.id)
    # And one it was rotated out for counts again.
    credential_chains.forget_successor(session, row.owner_key, row.id)
    row.sealed = None
    row.active = False
    row.replaces_id = None
    row.deleted_at = row.updated_at = now
    row.version += 1
    store_row(session, row)
