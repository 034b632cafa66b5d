"""encryption keys retire or are abandoned, and who serves says so

Revision: 0006, after 0005, 2026-11-22 00:55:18.530417
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString
_moment = sqlmodel.sql.sqltypes.UTCDateTime


# As 0004 made it, but for the first line: a value that is sealed anew is the same value, and what was
# decided with it holds.
_NOTE_CHANGE = """
    CREATE OR REPLACE FUNCTION note_change_for(scopes text[]) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        noted text := coalesce(current_setting('keyportal.noted', true), '');
        one text;
        now_at bigint;
    BEGIN
        {first}
        FOREACH one IN ARRAY scopes LOOP
            CONTINUE WHEN strpos(noted, '|' || one || '|') > 0;
            UPDATE changes SET number = number + 1 WHERE scope = '' RETURNING number INTO now_at;
            INSERT INTO changes (scope, number) VALUES (one, now_at)
            ON CONFLICT (scope) DO UPDATE SET number = excluded.number;
            noted := noted || '|' || one || '|';
        END LOOP;
        PERFORM set_config('keyportal.noted', noted, true);
    END $$"""
_RESEALING = "IF coalesce(current_setting('keyportal.resealing', true), '') = 'on' THEN RETURN; END IF;"


def upgrade() -> None:
    op.add_column('encryption_keys', sa.Column('audit_key', sa.LargeBinary(), nullable=True))
    op.add_column('encryption_keys', sa.Column('retired_at', _moment(), nullable=True))
    op.add_column('encryption_keys', sa.Column('abandoned_at', _moment(), nullable=True))
    op.create_table('processes',
    sa.Column('id', _text(length=36), nullable=False),
    sa.Column('kind', _text(length=10), nullable=False),
    sa.Column('host', _text(), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('key_ids', sa.JSON(), server_default='[]', nullable=False),
    sa.Column('current_key_id', _text(length=8), nullable=False),
    sa.Column('started_at', _moment(), nullable=False),
    sa.Column('seen_at', _moment(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(_NOTE_CHANGE.format(first=_RESEALING))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(_NOTE_CHANGE.format(first=''))
    op.drop_table('processes')
    for column in ('abandoned_at', 'retired_at', 'audit_key'):
        op.drop_column('encryption_keys', column)
