"""The databases faults are tried on, and what this machine lets nobody do."""

from collections.abc import Iterator

import pytest

from tests.conftest import one_worker_at_a_time
from tests.faults.children import why_no_strace
from tests.faults.places import Places
from tests.faults.postgres import Server, running_server


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """PostgreSQL as an operator runs it, which may be stopped and crashed: the tests' common one may not."""
    with one_worker_at_a_time(tmp_path_factory):
        starting = running_server()
        server = starting.__enter__()
    yield server
    starting.__exit__(None, None, None)


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, own_server: Server) -> Places:
    return Places(tmp_path_factory.mktemp("faults"), own_server)


@pytest.fixture(scope="session")
def strace() -> None:
    """Skip where no system call can be made to fail."""
    if reason := why_no_strace():
        pytest.skip(f"system calls cannot be made to fail: {reason}")
