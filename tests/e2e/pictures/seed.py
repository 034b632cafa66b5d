"""A team for the pictures, sixty days old: people, agent keys, decisions about providers, and their keys."""

from datetime import timedelta

from keyportal.domain.clock import SystemClock
from keyportal.domain.principals import Principal, Role, Scope
from keyportal.persistence.tables import AgentKeyRow, UserRow
from keyportal.services import agent_keys, audit_verification, one_time_links, provider_edits, removal
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.one_time_links import Invitation
from keyportal.services.portal import Portal
from keyportal.services.provider_edits import NewProvider, ProviderEdit
from keyportal.services.start_up import open_portal
from keyportal.settings import settings_from
from tests.e2e.pictures.seed_keys import LONG_NAME, add_good_keys, add_keys, add_system_keys
from tests.e2e.pictures.seed_usage import add_usage
from tests.e2e.seeding import add_person
from tests.e2e.server import RunningPortal
from tests.support import FakeClock

# Who has everything, who is all well, who leaves, and the first person of an empty portal.
ADA, GRACE, LEAVER, NEW = "ada@example.com", "grace@example.com", "linus@example.com", "new@example.com"
_NAMES = (
    "Margaret Hamilton",
    "José María Aznárez-Villanueva y Fernández de la Reguera de los Montes Altos",
    "王小明",
    "محمد بن عبد الرحمن",
    "Zoë Ångström",
    "Katherine Johnson",
    "Radia Perlman",
    "Barbara Liskov",
)


def fill(running: RunningPortal) -> None:
    """Make the team, before its portal starts."""
    clock = FakeClock(SystemClock().now() - timedelta(days=60))
    portal = open_portal(settings_from(running.environment()), clock)
    ada = add_person(portal, ADA, Role.ADMIN, "Ada Lovelace")
    grace = add_person(portal, GRACE, Role.MEMBER, "Grace Hopper")
    leaver = add_person(portal, LEAVER, Role.MEMBER, "Linus")
    add_system_keys(portal, clock, ada)
    add_keys(portal, clock, ada)
    add_good_keys(portal, clock, leaver)
    removal.remove(portal, ada, leaver.user_id or "", "hand_over")
    _invite(portal, clock, ada)
    _make_agent_keys(portal, clock, ada)
    add_good_keys(portal, clock, grace)
    _make_agent_key(portal, grace, "My notebook", used=True)
    _decide(portal, ada)
    add_usage(portal, ada)
    audit_verification.verify(portal, ada)
    portal.close()


def add_first_person(running: RunningPortal) -> None:
    """Give a portal its only person, who has nothing yet."""
    portal = open_portal(settings_from(running.environment()), SystemClock())
    add_person(portal, NEW, Role.ADMIN, "")
    portal.close()


def _invite(portal: Portal, clock: FakeClock, ada: Principal) -> None:
    """Invite sixty people. Most have joined; their passwords are no matter, and would take long to make."""
    for number in range(60):
        clock.advance(timedelta(minutes=47))
        name = _NAMES[number] if number < len(_NAMES) else f"Person {number + 1}"
        role = Role.ADMIN if number == 0 else Role.MEMBER
        made = one_time_links.invite(portal, ada, Invitation(f"person-{number + 1}@example.com", role, name))
        if number % 6 != 5:
            _join(portal, made.user.id, active=number % 9 != 8)


def _join(portal: Portal, user_id: str, *, active: bool) -> None:
    with portal.database.transaction() as session:
        row = session.get_one(UserRow, user_id)
        row.password_digest, row.active, row.last_sign_in_at = "none", active, portal.clock.now()
        session.add(row)


def _make_agent_keys(portal: Portal, clock: FakeClock, ada: Principal) -> None:
    names = ("Nightly evaluation", "Support desk", LONG_NAME, "语音转写服务", "خدمة الترجمة")
    for number in range(60):
        clock.advance(timedelta(minutes=13))
        name = names[number] if number < len(names) else f"Worker {number:02d}"
        scopes = tuple(Scope) if number == 1 else (Scope.RESOLVE,)
        made = _make_agent_key(portal, ada, name, *scopes, used=number % 4 == 0)
        if number == 3:
            _age(portal, made)
        if number % 7 == 6:
            agent_keys.revoke(portal, ada, made)


def _make_agent_key(portal: Portal, who: Principal, name: str, *scopes: Scope, used: bool) -> str:
    made = agent_keys.create(portal, who, NewAgentKey(name, scopes or (Scope.RESOLVE,))).view
    if used:
        with portal.database.transaction() as session:
            row = session.get_one(AgentKeyRow, made.id)
            row.last_used_at = portal.clock.now()
            session.add(row)
    return made.id


def _age(portal: Portal, agent_key_id: str) -> None:
    """Let it expire in five days."""
    with portal.database.transaction() as session:
        row = session.get_one(AgentKeyRow, agent_key_id)
        row.created_at -= timedelta(days=85)
        row.expires_at -= timedelta(days=85)
        session.add(row)


def _decide(portal: Portal, ada: Principal) -> None:
    """Make one provider of each look: off, moved with keys left behind, added."""
    provider_edits.set_enabled(portal, ada, "deepgram", False)
    moved = ProviderEdit(base_url="https://eu.llm-proxy.example.com/anthropic")
    provider_edits.update(portal, ada, "anthropic", moved)
    for name in ("Our GPU cluster", "A very long name of a provider that somebody added here " + "x" * 20):
        provider_edits.add_custom(portal, ada, NewProvider(name, "http://10.20.0.5:8000/v1"))
