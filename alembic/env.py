"""Runs migrations on the connection the portal hands over, or on DATABASE_URL for the alembic command."""

from sqlalchemy import Connection
from sqlmodel import SQLModel

from alembic import context
from keyportal.persistence import tables
from keyportal.persistence.engine import open_engine
from keyportal.settings import load_settings

assert tables.SQLModel is SQLModel


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    _run(handed_over)
else:
    with open_engine(load_settings().database_url, is_patient=True).begin() as own:
        _run(own)
