"""Whether an event fits behind the one before: by the key it was written under, here, former or lost."""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

from sqlmodel import Session

from keyportal.domain.audit import Action
from keyportal.domain.errors import Unopenable
from keyportal.persistence import audit_events, records
from keyportal.persistence.audit_events import UnreadableEvent
from keyportal.persistence.tables import AuditEventRow
from keyportal.services import audit
from keyportal.services.portal import Portal
from keyportal.services.sealed_columns import audit_key_place
from keyportal.vault.keyring import Keyring
from keyportal.vault.sealed import open_sealed


def audit_keys(portal: Portal, session: Session) -> dict[str, bytes]:
    """Return what verifies events, by key id: of every configured key, and of those that were kept."""
    keyring = portal.keyring
    found = {key_id: keyring.get(key_id).audit for key_id in keyring.ids}
    for row in records.encryption_keys(session):
        if row.key_id not in found and row.audit_key is not None:
            kept = _kept(keyring, row.key_id, row.audit_key)
            found |= {row.key_id: kept} if kept else {}
    return found


def digests_of_unproven(portal: Portal, session: Session) -> dict[str, str]:
    """Return what stands for all events under each key that is not here, as they are now."""
    held, links = audit_keys(portal, session), TrailLinks({})
    # The trail is broken at one that cannot be read, and whoever verifies it is told so.
    with suppress(UnreadableEvent):
        for row in audit_events.events_in_order(session):
            if row.key_id not in held:
                links.digest(row)
            links.before = row.chain
    return links.digests


def known_keys(session: Session) -> frozenset[str]:
    """Return the ids of all encryption keys this database was ever written with."""
    return frozenset(row.key_id for row in records.encryption_keys(session))


class TrailLinks:
    """Takes the events of a trail one by one, oldest first."""

    def __init__(self, keys: Mapping[str, bytes], known: frozenset[str] = frozenset()) -> None:
        self.count = self.unproven = 0
        self.before = self._proven = audit.START
        self._keys, self._known = keys, known
        # The first event under each key that is not here, until the trail itself says that the key is lost.
        self._unexplained: dict[str, int] = {}
        self._given_up: set[str] = set()
        self.digests: dict[str, str] = {}

    @property
    def first_unexplained(self) -> int | None:
        return min(self._unexplained.values(), default=None)

    def fit(self, row: AuditEventRow) -> bool:
        """Tell whether an event fits behind the last; one of a lost key cannot be looked into."""
        key = self._keys.get(row.key_id)
        if not (self._may_be_unproven(row) if key is None else self._is_proven(key, row)):
            return False
        self.before = row.chain
        self.count += 1
        return True

    def _is_proven(self, key: bytes, row: AuditEventRow) -> bool:
        if not hmac.compare_digest(audit.link_of(key, self.before, row), row.chain):
            return False
        self._proven = row.chain
        if row.action == Action.ENCRYPTION_KEY_ABANDON:
            self._give_up(row)
        return True

    def _give_up(self, row: AuditEventRow) -> None:
        """From here on what the lost key's events were when it was given up is proven by this one."""
        self._given_up.add(row.object_id)
        if row.details.get("unproven", "") == self.digests.get(row.object_id, ""):
            self._unexplained.pop(row.object_id, None)
        else:
            self._unexplained.setdefault(row.object_id, row.id or 0)

    def digest(self, row: AuditEventRow) -> None:
        """Take an event of a key that is not here into what stands for all of them."""
        link = audit.link_of(self.digests.get(row.key_id, "").encode(), self.before, row)
        self.digests[row.key_id] = sha256(f"{link}{row.chain}".encode()).hexdigest()

    def _may_be_unproven(self, row: AuditEventRow) -> bool:
        """An event put in between two proven ones would have to repeat the link of the first."""
        if row.key_id not in self._known or row.key_id in self._given_up or row.chain == self._proven:
            return False
        self._unexplained.setdefault(row.key_id, row.id or 0)
        self.digest(row)
        self.unproven += 1
        return True


def _kept(keyring: Keyring, key_id: str, sealed: bytes) -> bytes | None:
    try:
        return bytes.fromhex(open_sealed(keyring, sealed, audit_key_place(key_id)).reveal())
    except (Unopenable, ValueError):
        return None
