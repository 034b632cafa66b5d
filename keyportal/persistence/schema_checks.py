"""Is the schema whole: every table, column, index, trigger and function that the newest revision has.

Without the triggers memory would hand out keys that were changed; without an index two could have one name.
"""

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from keyportal.persistence import tables as tables

# What the migrations make besides the tables. On SQLite a trigger is for one kind of change.
_CHANGED = ("agent_keys", "credential_links", "credentials", "providers", "settings", "users")
_HEALTH = "credential_health"
_EVENTS = ("insert", "update", "delete")
_FUNCTIONS = frozenset({"record_releases", "nothing_came_between", "note_change_for"})
_SQLITE = """
    SELECT 'table', name FROM sqlite_master WHERE type = 'table'
    UNION ALL SELECT 'column', m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table'
    UNION ALL SELECT type, name FROM sqlite_master WHERE type IN ('index', 'trigger')
"""
_POSTGRES = """
    SELECT CASE relkind WHEN 'i' THEN 'index' ELSE 'table' END, relname::text FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('i', 'r', 'p')
    UNION ALL SELECT 'column', relname || '.' || attname FROM pg_attribute JOIN pg_class c ON attrelid = c.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'trigger', tgname::text FROM pg_trigger JOIN pg_class c ON tgrelid = c.oid
        WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgenabled <> 'D'
    UNION ALL SELECT 'function', proname::text FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
"""


def has_tables_of_ours(connection: Connection) -> bool:
    return bool({("table", name) for name in SQLModel.metadata.tables} & _there(connection))


def missing_of(connection: Connection) -> list[str]:
    """Return what the newest revision has and this database lacks, such as `column users.email`."""
    wanted = _wanted() | _wanted_besides(is_sqlite=connection.dialect.name == "sqlite")
    return sorted(f"{kind} {name}" for kind, name in wanted - _there(connection))


def _there(connection: Connection) -> set[tuple[str, str]]:
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    return {(str(kind), str(name)) for kind, name in connection.execute(text(statement))}


def _wanted() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for name, table in SQLModel.metadata.tables.items():
        found.add(("table", name))
        found |= {("column", f"{name}.{column.name}") for column in table.columns}
        found |= {("index", str(index.name)) for index in table.indexes}
    return found


def _wanted_besides(*, is_sqlite: bool) -> set[tuple[str, str]]:
    if is_sqlite:
        names = {f"{name}_changed_{event}" for name in _CHANGED for event in _EVENTS}
        return {("trigger", name) for name in (*names, f"{_HEALTH}_changed_update")}
    triggers = {("trigger", f"{name}_changed") for name in (*_CHANGED, _HEALTH)}
    return triggers | {("function", name) for name in _FUNCTIONS}
