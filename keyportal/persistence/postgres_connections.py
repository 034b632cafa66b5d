"""How PostgreSQL is connected to, so that nobody waits for ever: not for a server that is gone, and not for
one that hangs, which still takes what is sent to it and never answers.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url

T = TypeVar("T")

# For a connection to be made, and for a sign of life of one that was idle.
CONNECT_S = 3
# The server ends a statement, also one that waits for a lock; the client hangs up on a server that did not.
STATEMENT_S = 15
_HANG_UP_S = 20
_NEVER_S = None
# Libpq's own; what the address says itself goes before.
_PARAMETERS = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": _HANG_UP_S * 1000,
}
# The trail's last link is read under its lock: an older picture of it would fork the trail.
_LEVEL = "READ COMMITTED"


class BoundedConnection(psycopg.Connection[Any]):
    """Hangs up where the server has not answered in time."""

    patience_s: float | None = CONNECT_S

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, timeout or self.patience_s)
        except psycopg.OperationalError:
            # Still waiting for an answer: it would be taken for the next one's.
            if self.pgconn.status == ConnStatus.OK and self.pgconn.transaction_status == _ACTIVE:
                self.pgconn.finish()
            raise


_ACTIVE = psycopg.pq.TransactionStatus.ACTIVE


def open_postgres(url: str, *, is_patient: bool, **options: Any) -> Engine:
    """Open an engine. Connects to nothing yet."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level=_LEVEL,
        connect_args=connect_parameters(make_url(url)),
        **options,
    )
    working_s = _NEVER_S if is_patient else _HANG_UP_S

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
        return BoundedConnection.connect(*arguments, **parameters)

    @event.listens_for(engine, "connect")
    def prepare(connection: BoundedConnection, _record: object) -> None:
        if not is_patient:
            connection.execute(f"SET statement_timeout = '{STATEMENT_S}s'".encode())
            connection.commit()

    # A connection is asked for a sign of life between these two, and has to give it soon.
    @event.listens_for(engine, "checkout")
    def lend(connection: BoundedConnection, _record: object, _proxy: object) -> None:
        connection.patience_s = working_s

    @event.listens_for(engine, "checkin")
    def take_back(connection: BoundedConnection | None, _record: object) -> None:
        if connection is not None:
            connection.patience_s = CONNECT_S

    return engine


def connect_parameters(url: URL) -> Mapping[str, Any]:
    return {name: value for name, value in _PARAMETERS.items() if name not in url.query}
