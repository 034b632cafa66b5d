"""people, links and usage

Revision: 0003, after 0002, 2026-11-21 15:22:04.481440
"""

from unicodedata import normalize
from uuid import uuid4

import sqlalchemy as sa
import sqlmodel

from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_text = sqlmodel.sql.sqltypes.AutoString
_moment = sqlmodel.sql.sqltypes.UTCDateTime
_LIVE = sa.text('deleted_at IS NULL')
_LOST = sa.text('deleted_at IS NULL AND (unreadable OR sealed IS NULL)')
_PRESENT = sa.text('removed_at IS NULL')
# Indexes of what is not deleted.
_CREDENTIAL_INDEXES = {
    'ix_credentials_chain': ['owner_key', 'provider', 'position', 'created_at', 'id'],
    'ix_credentials_created': ['owner_key', 'created_at', 'id'],
    'ix_credentials_used': ['owner_key', 'last_used_at', 'id'],
    'ix_credentials_usage': ['owner_key', 'usage_count', 'id'],
    'ix_credentials_health': ['owner_key', 'health_outcome', 'id'],
    'ix_credentials_expiry': ['owner_key', 'expires_at', 'id'],
    'ix_credentials_reminder': ['owner_key', 'remind_at'],
    'ix_credentials_environment': ['owner_key', 'environment'],
}
_AGENT_KEY_INDEXES = {
    'ix_agent_keys_created': ['user_id', 'created_at', 'id'],
    'ix_agent_keys_used': ['user_id', 'last_used_at', 'id'],
    'ix_agent_keys_expiry': ['user_id', 'expires_at', 'id'],
}
_USER_INDEXES = {
    'ix_users_name': ['name_key', 'id'],
    'ix_users_created': ['created_at', 'id'],
    'ix_users_signed_in': ['last_sign_in_at', 'id'],
}
# As they were before, over all rows.
_CREDENTIAL_OLD = {
    'ix_credentials_chain': ['owner_key', 'provider', 'position'],
    'ix_credentials_created': ['owner_key', 'created_at', 'id'],
}
_AGENT_KEY_OLD = {'ix_agent_keys_created': ['user_id', 'created_at', 'id']}


def upgrade() -> None:
    _create_tables()
    with op.batch_alter_table('users') as users:
        users.add_column(sa.Column('removed_at', _moment(), nullable=True))
        users.add_column(sa.Column('name_key', _text(), server_default='', nullable=False))
        for name, columns in _USER_INDEXES.items():
            users.create_index(name, columns, sqlite_where=_PRESENT, postgresql_where=_PRESENT)
    _name_people()
    _name_sessions()
    with op.batch_alter_table('audit_events') as events:
        events.add_column(sa.Column('user_id', _text(length=36), server_default='', nullable=False))
        events.create_index('ix_audit_events_person', ['user_id', 'id'])
        events.create_index('ix_audit_events_action', ['action', 'id'])
        events.create_index('ix_audit_events_result', ['result', 'id'])
    with op.batch_alter_table('credentials') as credentials:
        credentials.add_column(sa.Column('remind_at', _moment(), nullable=True))
        credentials.add_column(sa.Column('failover', sa.Boolean(), server_default=sa.false(), nullable=False))
        credentials.add_column(sa.Column('replaces_id', _text(length=36), nullable=True))
        credentials.add_column(sa.Column('replaced_by_id', _text(length=36), nullable=True))
        _index_live(credentials, _CREDENTIAL_INDEXES, _CREDENTIAL_OLD)
        credentials.create_index('uq_credentials_replaces', ['replaces_id'], unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE)
        credentials.create_index('ix_credentials_replaced_by', ['replaced_by_id'], sqlite_where=_LIVE, postgresql_where=_LIVE)
        credentials.create_index(
            'ix_credentials_lost', ['owner_key', 'id'], sqlite_where=_LOST, postgresql_where=_LOST
        )
    with op.batch_alter_table('agent_keys') as agent_keys:
        _index_live(agent_keys, _AGENT_KEY_INDEXES, _AGENT_KEY_OLD)


def downgrade() -> None:
    with op.batch_alter_table('agent_keys') as agent_keys:
        _index_all(agent_keys, _AGENT_KEY_INDEXES, _AGENT_KEY_OLD)
    with op.batch_alter_table('credentials') as credentials:
        credentials.drop_index('ix_credentials_lost')
        credentials.drop_index('ix_credentials_replaced_by')
        credentials.drop_index('uq_credentials_replaces')
        _index_all(credentials, _CREDENTIAL_INDEXES, _CREDENTIAL_OLD)
        for column in ('replaced_by_id', 'replaces_id', 'failover', 'remind_at'):
            credentials.drop_column(column)
    with op.batch_alter_table('audit_events') as events:
        for index in ('result', 'action', 'person'):
            events.drop_index(f'ix_audit_events_{index}')
        events.drop_column('user_id')
    with op.batch_alter_table('sessions') as sessions:
        sessions.drop_index('uq_sessions_id')
        sessions.drop_column('browser')
        sessions.drop_column('id')
    with op.batch_alter_table('users') as users:
        for name in _USER_INDEXES:
            users.drop_index(name)
        users.drop_column('name_key')
        users.drop_column('removed_at')
    for table in ('credential_links', 'one_time_links', 'usage_days'):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table('usage_days',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('provider', _text(), nullable=False),
    sa.Column('source', _text(), nullable=False),
    sa.Column('credential_id', _text(length=36), nullable=False),
    sa.Column('agent_key_id', _text(length=36), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'provider', 'source', 'credential_id', 'agent_key_id')
    )
    op.create_index('ix_usage_days_credential', 'usage_days', ['credential_id', 'day'])
    op.create_table('one_time_links',
    sa.Column('digest', _text(length=64), nullable=False),
    sa.Column('kind', _text(), nullable=False),
    sa.Column('user_id', _text(length=36), nullable=False),
    sa.Column('created_by', _text(), nullable=False),
    sa.Column('created_at', _moment(), nullable=False),
    sa.Column('expires_at', _moment(), nullable=False),
    sa.Column('used_at', _moment(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id']),
    sa.PrimaryKeyConstraint('digest')
    )
    op.create_index('ix_one_time_links_user_id', 'one_time_links', ['user_id'])
    op.create_table('credential_links',
    sa.Column('id', _text(length=36), nullable=False),
    sa.Column('credential_id', _text(length=36), nullable=False),
    sa.Column('owner_key', _text(), nullable=False),
    sa.Column('provider', _text(), nullable=False),
    sa.Column('model_pattern', _text(), nullable=False),
    sa.Column('base_url', _text(), server_default='', nullable=False),
    sa.Column('created_at', _moment(), nullable=False),
    sa.ForeignKeyConstraint(['credential_id'], ['credentials.id']),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('credential_id', 'provider', 'model_pattern', name='uq_credential_links')
    )
    op.create_index('ix_credential_links_provider', 'credential_links', ['owner_key', 'provider'])


def _name_people() -> None:
    """Fill in the form of each name that lists are sorted by (NFKC, case folded)."""
    table = sa.table('users', sa.column('id'), sa.column('name'), sa.column('name_key'))
    for user_id, name in op.get_bind().execute(sa.select(table.c.id, table.c.name)).all():
        key = normalize('NFKC', normalize('NFKC', name).casefold())
        op.execute(table.update().where(table.c.id == user_id).values(name_key=key))


def _name_sessions() -> None:
    """Give each session a public name: its digest must stay in the database."""
    with op.batch_alter_table('sessions') as sessions:
        sessions.add_column(sa.Column('id', _text(length=36), nullable=True))
        sessions.add_column(sa.Column('browser', _text(), server_default='', nullable=False))
    table = sa.table('sessions', sa.column('digest'), sa.column('id'))
    for digest in op.get_bind().execute(sa.select(table.c.digest)).scalars().all():
        op.execute(table.update().where(table.c.digest == digest).values(id=str(uuid4())))
    with op.batch_alter_table('sessions') as sessions:
        sessions.alter_column('id', existing_type=_text(length=36), nullable=False)
        sessions.create_index('uq_sessions_id', ['id'], unique=True)


def _index_live(table, indexes, former) -> None:
    for name in former:
        table.drop_index(name)
    for name, columns in indexes.items():
        table.create_index(name, columns, sqlite_where=_LIVE, postgresql_where=_LIVE)


def _index_all(table, indexes, former) -> None:
    for name in indexes:
        table.drop_index(name)
    for name in former:
        table.create_index(name, former[name])
