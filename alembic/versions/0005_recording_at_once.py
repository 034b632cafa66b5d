"""counting moves nothing in an index, and on PostgreSQL one call records a batch of resolves

Revision: 0005, after 0004, 2026-11-21 22:05:31.402117
"""

import sqlalchemy as sa

from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# The order of the locks is everybody's: credentials by id, days, agent keys, the trail's last link. What is
# looked at first costs little and mostly says whether the rest is worth doing; under the lock it is certain.
_RECORD_RELEASES = """
    CREATE FUNCTION record_releases(known bigint, before text, batch json) RETURNS boolean
    LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT nothing_came_between(known, before) THEN RETURN false; END IF;
        PERFORM id FROM credentials WHERE id IN (SELECT id FROM json_to_recordset(batch->'uses') AS u (id text))
            ORDER BY id FOR UPDATE;
        UPDATE credentials SET usage_count = usage_count + u.count,
            last_used_at = CASE WHEN u.marked THEN (batch->>'at')::timestamptz ELSE last_used_at END
            FROM json_to_recordset(batch->'uses') AS u (id text, count bigint, marked boolean)
            WHERE credentials.id = u.id;
        INSERT INTO usage_days (day, provider, source, credential_id, agent_key_id, count)
            SELECT * FROM json_to_recordset(batch->'days') AS d (
                day date, provider text, source text, credential_id text, agent_key_id text, count bigint)
            ORDER BY day, provider COLLATE "C", source COLLATE "C", credential_id COLLATE "C", agent_key_id COLLATE "C"
            ON CONFLICT (day, provider, source, credential_id, agent_key_id)
            DO UPDATE SET count = usage_days.count + excluded.count;
        IF json_array_length(batch->'agents') > 0 THEN
            UPDATE agent_keys SET last_used_at = (batch->>'at')::timestamptz WHERE id IN (
                SELECT id FROM agent_keys WHERE id IN (SELECT json_array_elements_text(batch->'agents'))
                FOR UPDATE SKIP LOCKED);
        END IF;
        PERFORM pg_advisory_xact_lock(742003);
        IF NOT nothing_came_between(known, before) THEN
            RAISE EXCEPTION 'something came between' USING ERRCODE = 'KP001';
        END IF;
        INSERT INTO audit_events (uid, at, principal_kind, principal_id, principal_label, user_id, action, result,
                object_id, object_label, address, details, key_id, chain)
            SELECT * FROM json_to_recordset(batch->'events') AS e (
                uid text, at timestamptz, principal_kind text, principal_id text, principal_label text,
                user_id text, action text, result text, object_id text, object_label text, address text,
                details json, key_id text, chain text);
        RETURN true;
    END $$"""
_NOTHING_CAME_BETWEEN = """
    CREATE FUNCTION nothing_came_between(known bigint, before text) RETURNS boolean LANGUAGE sql VOLATILE AS $$
        SELECT (SELECT number FROM changes WHERE scope = '') = known
            AND coalesce((SELECT chain FROM audit_events ORDER BY id DESC LIMIT 1), '') = before
    $$"""


# What is counted with each resolve: room beside each row keeps its new version on the same page.
_COUNTED = ('credentials', 'usage_days', 'agent_keys')


def upgrade() -> None:
    op.drop_index('ix_credentials_usage', 'credentials')
    _keep_days_in_order(True)
    if op.get_bind().dialect.name == 'postgresql':
        for table in _COUNTED:
            op.execute(f'ALTER TABLE {table} SET (fillfactor = 80)')
        op.execute(_NOTHING_CAME_BETWEEN)
        op.execute(_RECORD_RELEASES)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION record_releases(bigint, text, json)')
        op.execute('DROP FUNCTION nothing_came_between(bigint, text)')
        for table in _COUNTED:
            op.execute(f'ALTER TABLE {table} RESET (fillfactor)')
    _keep_days_in_order(False)
    live = sa.text('deleted_at IS NULL')
    op.create_index(
        'ix_credentials_usage', 'credentials', ['owner_key', 'usage_count', 'id'], sqlite_where=live, postgresql_where=live
    )


def _keep_days_in_order(wanted: bool) -> None:
    """Have SQLite keep the rows by their own key, a day beside its neighbours: one look-up for each count."""
    if op.get_bind().dialect.name == 'sqlite':
        kind = {'sqlite_with_rowid': not wanted}
        with op.batch_alter_table('usage_days', recreate='always', table_kwargs=kind):
            pass
