"""what changed for whom, reports of programs, usage by outcome

Revision: 0004, after 0003, 2026-11-21 18:45:12.118230
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString
_moment = sqlmodel.sql.sqltypes.UTCDateTime
_FAILING = sa.text('failing_until IS NOT NULL')
_OUTCOMES = ('ok', 'auth_failed', 'rate_limited', 'quota_exhausted', 'error')

# By trigger: the table, the column that says for whom it changed (none: for everybody), the columns whose
# change matters to a resolve, and of which rows.
_WATCHED = {
    'users': ('users', 'id', ('email', 'email_key', 'role', 'active', 'removed_at'), ''),
    'agent_keys': (
        'agent_keys', 'user_id',
        ('user_id', 'public_id', 'digest', 'name', 'scopes', 'expires_at', 'revoked_at', 'deleted_at'),
        '',
    ),
    'credentials': (
        'credentials', 'owner_key',
        ('ownership', 'owner_key', 'provider', 'name', 'mask', 'sealed', 'key_id', 'secret_version',
         'base_url', 'destination', 'unreadable', 'fields', 'secret_fields', 'active', 'position',
         'created_at', 'expires_at', 'failover', 'deleted_at'),
        '',
    ),
    # How a key does matters only where its owner agreed that another one may take its turn.
    'credential_health': (
        'credentials', 'owner_key', ('health_outcome', 'health_source', 'failing_until'),
        '{row}.failover',
    ),
    'credential_links': (
        'credential_links', 'owner_key', ('credential_id', 'owner_key', 'provider', 'model_pattern', 'base_url', 'created_at'), ''
    ),
    'settings': ('settings', '', ('name', 'value'), "{row}.name = 'policies'"),
    'providers': ('providers', '', ('is_custom', 'enabled', 'name', 'base_url', 'auth_style', 'environment_names'), ''),
}  # fmt: skip
# The rows a trigger sees, by what happens to them.
_EVENTS = {'insert': ('NEW',), 'update': ('OLD', 'NEW'), 'delete': ('OLD',)}


def upgrade() -> None:
    op.create_table('changes',
    sa.Column('scope', _text(length=40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('scope')
    )
    op.execute("INSERT INTO changes (scope, number) VALUES ('', 1)")
    op.create_table('usage_reports',
    sa.Column('resolution_id', _text(length=48), nullable=False),
    sa.Column('outcome', _text(length=20), nullable=False),
    sa.Column('at', _moment(), nullable=False),
    sa.PrimaryKeyConstraint('resolution_id')
    )
    op.create_index('ix_usage_reports_at', 'usage_reports', ['at'])
    # Column by column: a table made anew would lose its triggers.
    op.add_column('credentials', sa.Column('health_source', _text(length=10), server_default='test', nullable=False))
    op.add_column('credentials', sa.Column('failing_until', _moment(), nullable=True))
    op.create_index(
        'ix_credentials_failing', 'credentials', ['owner_key', 'failing_until'],
        sqlite_where=_FAILING, postgresql_where=_FAILING,
    )
    for outcome in _OUTCOMES:
        op.add_column('usage_days', sa.Column(outcome, sa.BigInteger(), server_default='0', nullable=False))
    op.create_index('ix_usage_days_agent', 'usage_days', ['agent_key_id', 'day'])
    _watch_postgresql() if _is_postgresql() else _watch_sqlite()


def downgrade() -> None:
    for name, (table, *_) in _WATCHED.items():
        if _is_postgresql():
            op.execute(f'DROP TRIGGER {name}_changed ON {table}')
            op.execute(f'DROP FUNCTION note_change_of_{name}()')
            continue
        for event in _EVENTS:
            op.execute(f'DROP TRIGGER IF EXISTS {name}_changed_{event}')
    if _is_postgresql():
        op.execute('DROP FUNCTION note_change_for(text[])')
    op.drop_index('ix_credentials_failing', 'credentials')
    op.drop_index('ix_usage_days_agent', 'usage_days')
    for outcome in _OUTCOMES:
        op.drop_column('usage_days', outcome)
    op.drop_column('credentials', 'failing_until')
    op.drop_column('credentials', 'health_source')
    op.drop_table('usage_reports')
    op.drop_table('changes')


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == 'postgresql'


def _watch_sqlite() -> None:
    """Number each change inside its own transaction: SQLite has one writer."""
    for name, (table, scope, columns, only) in _WATCHED.items():
        for event, rows in _EVENTS.items():
            if name == 'credential_health' and event != 'update':
                continue
            when = f"WHEN {' OR '.join(only.format(row=row) for row in rows)}" if only else ''
            what = f"UPDATE OF {', '.join(columns)}" if event == 'update' else event.upper()
            notes = ''.join(
                f"""
                INSERT INTO changes (scope, number)
                SELECT {f"{row}.{scope}" if scope else "'*'"}, number FROM changes WHERE scope = ''
                ON CONFLICT (scope) DO UPDATE SET number = excluded.number;"""
                for row in (rows if scope else rows[:1])
            )
            op.execute(f"""
                CREATE TRIGGER {name}_changed_{event} AFTER {what} ON {table} FOR EACH ROW {when}
                BEGIN
                UPDATE changes SET number = number + 1 WHERE scope = '';{notes}
                END""")


def _watch_postgresql() -> None:
    """Number the changes of a transaction at its end, once for each scope.

    Deferred, so that the one counted row is held only while a transaction commits: taken earlier, two
    transactions that still want rows of each other would wait for ever.
    """
    op.execute("""
        CREATE FUNCTION note_change_for(scopes text[]) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            noted text := coalesce(current_setting('keyportal.noted', true), '');
            one text;
            now_at bigint;
        BEGIN
            FOREACH one IN ARRAY scopes LOOP
                CONTINUE WHEN strpos(noted, '|' || one || '|') > 0;
                UPDATE changes SET number = number + 1 WHERE scope = '' RETURNING number INTO now_at;
                INSERT INTO changes (scope, number) VALUES (one, now_at)
                ON CONFLICT (scope) DO UPDATE SET number = excluded.number;
                noted := noted || '|' || one || '|';
            END LOOP;
            PERFORM set_config('keyportal.noted', noted, true);
        END $$""")
    for name, (table, scope, columns, only) in _WATCHED.items():
        new, old = (f'NEW.{scope}', f'OLD.{scope}') if scope else ("'*'", "'*'")
        matters = {
            event: ' OR '.join(only.format(row=row) for row in rows) if only else 'true'
            for event, rows in _EVENTS.items()
        }
        events = 'UPDATE' if name == 'credential_health' else 'INSERT OR DELETE OR UPDATE'
        op.execute(f"""
            CREATE FUNCTION note_change_of_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    IF {matters['insert']} THEN PERFORM note_change_for(ARRAY[{new}]::text[]); END IF;
                ELSIF TG_OP = 'DELETE' THEN
                    IF {matters['delete']} THEN PERFORM note_change_for(ARRAY[{old}]::text[]); END IF;
                ELSIF {matters['update']} THEN PERFORM note_change_for(ARRAY[{old}, {new}]::text[]);
                END IF;
                RETURN NULL;
            END $$""")
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER {name}_changed AFTER {events} OF {', '.join(columns)} ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_change_of_{name}()""")
