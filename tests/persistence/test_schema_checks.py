"""Is the schema whole: a database that lacks a piece of it is not opened."""

import pytest
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from keyportal.persistence import migrate, schema_checks
from keyportal.persistence.engine import open_engine
from keyportal.persistence.migrate import PartlyMigrated
from tests.persistence.test_migrations import empty_url as empty_url


def change(url: str, statement: str) -> None:
    with open_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(statement))


def what_is_wrong(url: str) -> str:
    with pytest.raises(PartlyMigrated) as refusal:
        migrate.upgrade_schema(url)
    return refusal.value.what


def drop_a_trigger(url: str) -> str:
    if url.startswith("sqlite"):
        return "DROP TRIGGER credentials_changed_update"
    return "DROP TRIGGER credentials_changed ON credentials"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM alembic_version", "has tables, and no revision they stand at"),
        ("DROP TABLE alembic_version", "has tables, and no revision they stand at"),
        ("INSERT INTO alembic_version VALUES ('0001')", "stands at 2 revisions at once"),
        ("DROP TABLE one_time_links", "lacks the column one_time_links."),
        ("ALTER TABLE users DROP COLUMN name", "lacks the column users.name"),
        ("DROP INDEX ix_credentials_failing", "lacks the index ix_credentials_failing"),
        ("a trigger", "lacks the trigger credentials_changed"),
    ],
)
def test_a_schema_that_lacks_a_piece_is_told_with_the_piece(
    empty_url: str, statement: str, says: str
) -> None:
    migrate.upgrade_schema(empty_url)
    change(empty_url, drop_a_trigger(empty_url) if statement == "a trigger" else statement)
    assert what_is_wrong(empty_url).startswith(says)


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", sorted(schema_checks._FUNCTIONS))
def test_so_is_one_that_lacks_a_function(empty_url: str, name: str) -> None:
    migrate.upgrade_schema(empty_url)
    change(empty_url, f"DROP FUNCTION {name} CASCADE")
    assert what_is_wrong(empty_url) == f"lacks the function {name}"


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_a_trigger_that_is_switched_off_counts_as_missing(empty_url: str) -> None:
    migrate.upgrade_schema(empty_url)
    change(empty_url, "ALTER TABLE users DISABLE TRIGGER users_changed")
    assert what_is_wrong(empty_url) == "lacks the trigger users_changed"


def test_every_trigger_the_migrations_make_is_looked_for(empty_url: str) -> None:
    migrate.upgrade_schema(empty_url)
    with open_engine(empty_url, poolclass=NullPool).connect() as connection:
        there = {name for kind, name in schema_checks._there(connection) if kind == "trigger"}
    wanted = schema_checks._wanted_besides(is_sqlite=empty_url.startswith("sqlite"))
    assert there == {name for kind, name in wanted if kind == "trigger"} != set()


def test_tables_of_others_do_not_matter(empty_url: str) -> None:
    change(empty_url, "CREATE TABLE somebody_elses (id integer)")
    migrate.upgrade_schema(empty_url)
    migrate.upgrade_schema(empty_url)
