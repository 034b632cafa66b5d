"""Rows that only fill the tables, by the hundred thousand: copies of one, made by the database itself."""

from datetime import timedelta

from sqlalchemy import text

from benchmarks.seeding import PROVIDERS, add_key, add_person, sign_in
from keyportal.domain.principals import Principal
from keyportal.services.portal import Portal

KEYS_OF_A_PERSON = 1000
# So many rows are copied in one transaction.
_AT_ONCE = 50_000
_NEW_ID = {
    True: "lower(hex(randomblob(4))||'-'||hex(randomblob(2))||'-4'||substr(hex(randomblob(2)),2)||'-8'"
    "||substr(hex(randomblob(2)),2)||'-'||hex(randomblob(6)))",
    False: "gen_random_uuid()::text",
}
_COLUMNS = {
    True: "SELECT name FROM pragma_table_info(:table)",
    False: "SELECT column_name FROM information_schema.columns"
    " WHERE table_name = :table AND table_schema = 'public'",
}
_EARLIER = {
    True: "strftime('%Y-%m-%d %H:%M:%f000', created_at, '-' || n || ' seconds')",
    False: "created_at - n * interval '1 second'",
}


def add_users(portal: Portal, number: int, prefix: str = "copy") -> None:
    """Add so many people, `copy0@example.com` and so on."""
    first, email = add_person(portal, "copied"), f"'{prefix}'||n||'@example.com'"
    _copy(portal, "users", first.user_id or "", range(number), {"email": email, "email_key": email})
    _analyse(portal)


def add_rows(portal: Portal, person: Principal, numbers: range) -> None:
    """Give a person a key for each of these numbers; nothing resolves to them."""
    _add_rows(portal, person, numbers, "owner_key", 1)


def add_rows_among(portal: Portal, person: Principal, number: int, prefix: str, people: int) -> None:
    """Share so many keys out to `prefix0@example.com` and those after. `person` keeps the one copied."""
    owner = f"(SELECT u.id FROM users u WHERE u.email_key = '{prefix}'||(n % {people})||'@example.com')"
    _add_rows(portal, person, range(number), owner, people)


def add_people(portal: Portal, number: int) -> list[str]:
    """Add people with many keys each, and return the cookies of their sessions."""
    people = [add_person(portal, f"person{one}") for one in range(number)]
    add_rows_among(portal, people[0], KEYS_OF_A_PERSON * number, "person", number)
    return [sign_in(portal, person) for person in people]


def add_usage(portal: Portal, days: int, *, by_everybody: bool) -> int:
    """Fill the counts of so many days and return how many rows there are.

    Each key was used by its owner's agent keys, or by everybody's.
    """
    today, by = portal.clock.now().date(), "true" if by_everybody else "a.user_id = c.owner_key"
    statement = text(
        "INSERT INTO usage_days (day, provider, source, credential_id, agent_key_id, count, ok)"
        " SELECT CAST(:day AS DATE), c.provider, 'user', c.id, a.id, 7, 5 FROM credentials c, agent_keys a"
        f" WHERE {by} ON CONFLICT DO NOTHING"
    )
    if portal.database.is_sqlite:
        # There a date is text.
        statement = text(statement.text.replace("CAST(:day AS DATE)", ":day"))
    with portal.database.engine.begin() as connection:
        for day in range(days):
            connection.execute(statement, {"day": (today - timedelta(days=day)).isoformat()})
        number = connection.execute(text("SELECT count(*) FROM usage_days")).scalar() or 0
    _analyse(portal)
    return int(number)


def _add_rows(portal: Portal, person: Principal, numbers: range, owner: str, people: int) -> None:
    first = add_key(portal, person, "openai", f"Copied {numbers.start}")
    turn = f"(n / {people})"
    providers = " ".join(f"WHEN {i} THEN '{provider}'" for i, provider in enumerate(PROVIDERS))
    health = "WHEN 0 THEN 'valid' WHEN 1 THEN 'invalid' WHEN 2 THEN 'unreachable'"
    values = {
        "owner_id": owner,
        "owner_key": owner,
        "name": "'Key '||n||' of '||(n % 997)",
        "name_key": "'key '||n||' of '||(n % 997)",
        "provider": f"CASE {turn} % {len(PROVIDERS)} {providers} END",
        "position": "n",
        "usage_count": "n % 1000",
        "health_outcome": f"CASE {turn} % 4 {health} END",
        "created_at": _EARLIER[portal.database.is_sqlite],
    }
    _copy(portal, "credentials", first, numbers, values)
    _analyse(portal)


def _copy(portal: Portal, table: str, row_id: str, numbers: range, values: dict[str, str]) -> None:
    """Insert a copy of one row for each number n, with other values in some columns."""
    is_sqlite = portal.database.is_sqlite
    values = {"id": _NEW_ID[is_sqlite], **values}
    for start in range(numbers.start, numbers.stop, _AT_ONCE):
        end = min(start + _AT_ONCE, numbers.stop) - 1
        with portal.database.engine.begin() as connection:
            found = connection.execute(text(_COLUMNS[is_sqlite]), {"table": table}).scalars()
            columns = [str(column) for column in found]
            taken = [values.get(column, column) for column in columns]
            source = f"generate_series({start}, {end}) AS s(n)"
            if is_sqlite:
                counted = f"SELECT {start} AS n UNION ALL SELECT n + 1 FROM c WHERE n < {end}"
                source = f"(WITH RECURSIVE c AS ({counted}) SELECT n FROM c) AS s"
            else:
                # Nobody is resolving yet, so nothing has to be told of each of a million rows.
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            selected = f"SELECT {', '.join(taken)} FROM {table} copied, {source} WHERE copied.id = :id"
            connection.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) {selected}"), {"id": row_id})


def _analyse(portal: Portal) -> None:
    """Let PostgreSQL know how many rows there are, as it does by itself after a while. SQLite never does."""
    if portal.database.is_sqlite:
        return
    with portal.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
