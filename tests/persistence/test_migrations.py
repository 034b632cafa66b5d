"""The schema: what the migrations make, and several processes making it at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.pool import NullPool
from sqlmodel import Session, SQLModel, select

from alembic import command
from keyportal.persistence import migrate
from keyportal.persistence.engine import open_engine
from keyportal.persistence.tables import CredentialRow
from keyportal.settings import ROOT
from tests.support import ENCRYPTION_KEY, PostgresTemplate, clean_environment

_START = """
import sys
from pathlib import Path
from tests.support import make_settings
from keyportal.services.start_up import open_portal
values = {"DATABASE_URL": sys.argv[2]} if sys.argv[2] else {}
print("ready", flush=True)
sys.stdin.readline()
print(open_portal(make_settings(Path(sys.argv[1]), **values)).keyring.current.id)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    template: PostgresTemplate = request.getfixturevalue("postgres")
    yield template.empty()
    template.drop_clones()


def tables_of(url: str) -> set[str]:
    engine = open_engine(url, poolclass=NullPool)
    return set(inspect(engine).get_table_names())


def test_the_migrations_make_exactly_what_the_tables_declare(empty_url: str) -> None:
    migrate.upgrade_schema(empty_url)
    with open_engine(empty_url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    migrate.upgrade_schema(empty_url)
    before = tables_of(empty_url)
    migrate.upgrade_schema(empty_url)
    assert tables_of(empty_url) == before == {*SQLModel.metadata.tables, "alembic_version"}


def test_the_revision_is_the_newest_after_an_upgrade(empty_url: str) -> None:
    engine = open_engine(empty_url, poolclass=NullPool)
    assert migrate.schema_revision(engine) is None
    migrate.upgrade_schema(empty_url)
    assert migrate.schema_revision(engine) == migrate.newest_revision() is not None


def test_downgrading_to_nothing_leaves_no_table_and_can_be_upgraded_again(empty_url: str) -> None:
    migrate.upgrade_schema(empty_url)
    with open_engine(empty_url, poolclass=NullPool).begin() as connection:
        command.downgrade(migrate._config(connection), "base")
    assert tables_of(empty_url) == {"alembic_version"}
    migrate.upgrade_schema(empty_url)
    assert set(SQLModel.metadata.tables) <= tables_of(empty_url)


def test_a_key_saved_before_the_second_migration_is_still_there(empty_url: str) -> None:
    columns = {
        "id": "'one'", "ownership": "'system'", "owner_key": "'system'", "provider": "'openai'",
        "name": "'old'", "name_key": "'old'", "mask": "'****'", "key_id": "'00000000'",
        "secret_version": "1", "base_url": "''", "destination": "''", "unreadable": "false",
        "fields": "'{}'", "note": "''", "environment": "''", "active": "true", "position": "0",
        "health_message": "''", "usage_count": "0", "version": "1",
        "created_at": "'2026-11-21 12:00:00+00:00'", "updated_at": "'2026-11-21 12:00:00+00:00'",
    }  # fmt: skip
    names, values = ", ".join(columns), ", ".join(columns.values())
    engine = open_engine(empty_url, poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(migrate._config(connection), "0001")
        connection.execute(text(f"INSERT INTO credentials ({names}) VALUES ({values})"))
    migrate.upgrade_schema(empty_url)
    with Session(engine) as session:
        row = session.exec(select(CredentialRow)).one()
    assert (row.name, row.secret_fields, row.health_details) == ("old", [], {})


def test_the_files_are_named_by_their_revisions() -> None:
    scripts = ScriptDirectory(str(migrate._SCRIPTS))
    assert migrate._revisions() == {script.revision for script in scripts.walk_revisions()}
    assert migrate.newest_revision() == scripts.get_current_head()


def test_an_unheard_of_revision_is_not_known() -> None:
    assert not migrate.knows_revision("9999") and migrate.knows_revision(str(migrate.newest_revision()))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_starting_on_one_empty_database_all_succeed_with_one_canary(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres").empty() if kind == "postgresql" else ""
    folder = tmp_path / "data"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _START, str(folder), url],
            cwd=ROOT, env=clean_environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [p.stdout and p.stdout.readline() for p in processes] == ["ready\n"] * 3
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [(*p.communicate(timeout=60), p.returncode) for p in processes]
    assert [e[2] for e in ends] == [0, 0, 0], ends
    engine = open_engine(url or f"sqlite:///{folder}/keyportal.db", poolclass=NullPool)
    with engine.connect() as connection:
        canaries = connection.execute(text("SELECT key_id FROM encryption_keys")).scalars().all()
    assert canaries == [ends[0][0].strip()] and ENCRYPTION_KEY not in str(ends)
