"""A person is removed while others act on what is theirs: one waits for the other, and nobody fails."""

from collections.abc import Callable, Iterator
from threading import Event, Thread, current_thread
from typing import Any

import pytest
from sqlmodel import Session

from keyportal.domain.errors import InvalidInput, KeyPortalError
from keyportal.domain.principals import Principal
from keyportal.domain.secret import Secret
from keyportal.persistence import credentials as credential_rows
from keyportal.persistence import one_time_links as link_rows
from keyportal.persistence.release_batches import Batch, Link
from keyportal.services import (
    account,
    agent_keys,
    audit,
    audit_verification,
    one_time_links,
    peoples_keys,
    removal,
    sessions,
    sign_in,
)
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from tests.services.support import row_of, save, signed_in, spoil
from tests.support import PASSWORDS

ALICE = "alice@example.com"
# Long enough for the other to take every lock it can take, were the order wrong.
PAUSE = 0.4


class Meeting:
    """One call stops half-way, with what it has locked, until another has begun."""

    def __init__(self) -> None:
        self.is_half_way, self.other_is_far = Event(), Event()
        self.outcomes: dict[str, object] = {}

    def stop_here(self) -> None:
        if current_thread().name == "first" and not self.is_half_way.is_set():
            self.is_half_way.set()
            self.other_is_far.wait(PAUSE)

    def hold(self, first: Callable[[], Any], second: Callable[[], Any]) -> dict[str, object]:
        """Return what became of both: None, or the refusal."""
        threads = [Thread(target=self._run, args=pair, name=pair[0]) for pair in
                   (("first", first), ("second", second))]  # fmt: skip
        threads[0].start()
        assert self.is_half_way.wait(10)
        threads[1].start()
        for thread in threads:
            thread.join(30)
        return self.outcomes

    def _run(self, name: str, act: Callable[[], Any]) -> None:
        self.outcomes[name] = None
        try:
            act()
        except KeyPortalError as refusal:
            self.outcomes[name] = type(refusal)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Meeting]:
    """Whose first call stops right before it writes to the trail."""
    meeting, write_in = Meeting(), audit.write_in

    def write(session: Session, batch: Batch, link: Link) -> None:
        meeting.stop_here()
        write_in(session, batch, link)
        if current_thread().name == "second":
            meeting.other_is_far.set()

    monkeypatch.setattr(audit, "write_in", write)
    yield meeting


@pytest.mark.parametrize("keys", ["wipe", "hand_over"])
@pytest.mark.parametrize(
    "act", ["sign out", "end sessions", "rename agent key", "revoke agent key", "delete key"]
)
def test_removing_waits_for_acts_on_what_is_theirs(
    portal: Portal, alice: Principal, root: Principal, meeting: Meeting, act: str, keys: str
) -> None:
    key, _other = save(portal, alice), save(portal, alice, "other")
    agent_key = agent_keys.create(portal, alice, NewAgentKey("ci")).view.id
    hers, user_id = signed_in(portal, "alice"), str(alice.user_id)
    acts: dict[str, Callable[[], Any]] = {
        "sign out": lambda: sessions.sign_out(portal, hers),
        "end sessions": lambda: sessions.end_sessions_of(portal, root, user_id),
        "rename agent key": lambda: agent_keys.rename(portal, hers, agent_key, "other"),
        "revoke agent key": lambda: agent_keys.revoke_for(portal, root, user_id, agent_key),
        "delete key": lambda: peoples_keys.delete_credential_of(portal, root, user_id, key.id),
    }
    outcomes = meeting.hold(acts[act], lambda: removal.remove(portal, root, user_id, keys))
    assert outcomes == {"first": None, "second": None}
    assert audit_verification.verify_chain(portal).broken_at is None


def test_removing_locks_keys_in_the_order_of_their_ids_as_everybody(
    portal: Portal, alice: Principal, root: Principal
) -> None:
    low, high = sorted(save(portal, alice, name).id for name in ("one", "two"))
    spoil(portal, low, position=1)
    spoil(portal, high, position=0)
    meeting = Meeting()

    def lock_both() -> None:
        with portal.database.transaction() as session:
            for one in (low, high):
                credential_rows.find_credential(session, [str(alice.user_id)], one, for_update=True)
                meeting.stop_here()

    outcomes = meeting.hold(lock_both, lambda: removal.remove(portal, root, str(alice.user_id), "wipe"))
    assert outcomes == {"first": None, "second": None}
    assert row_of(portal, low).deleted_at is not None


def test_a_reset_and_a_change_of_the_password_wait_for_each_other(
    portal: Portal, alice: Principal, root: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, use_link = Meeting(), link_rows.use_link
    token = one_time_links.new_link(portal, root, str(alice.user_id)).url.reveal().partition("#")[2]

    def use(*arguments: Any) -> bool:
        used = use_link(*arguments)
        meeting.stop_here()
        return used

    monkeypatch.setattr(link_rows, "use_link", use)
    old, new = Secret(PASSWORDS[ALICE]), Secret("alice chose another password")
    outcomes = meeting.hold(
        lambda: one_time_links.reset(portal, token, new),
        lambda: account.change_password(portal, alice, old, Secret("a third long password")),
    )
    # The reset was first, so what she gives as her present password is not it any more.
    assert outcomes == {"first": None, "second": InvalidInput}
    assert sign_in.sign_in(portal, ALICE, new).principal.user_id == alice.user_id
