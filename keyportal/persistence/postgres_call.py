"""Calls a prepared statement and waits for its answer, at first without letting the event loop turn.

The loop would turn for nobody but callers who wait for the same disk, one at a time: twice the work for each.
"""

import asyncio
import time
from collections.abc import Sequence
from select import POLLIN, POLLOUT, poll

from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

# So long nobody else is served; who answers later is waited for as everybody is.
_AT_ONCE_S = 0.003


async def call(connection: PGconn, statement: str, values: Sequence[str], deadline_s: float) -> str:
    """Return the one value a prepared statement answers. Raises psycopg.Error, TimeoutError."""
    connection.send_query_prepared(statement.encode(), [value.encode() for value in values])
    until = time.monotonic() + _AT_ONCE_S
    answers: list[PGresult] = []
    while True:
        while connection.flush() or connection.is_busy():
            await _more(connection, until, deadline_s)
        answer = connection.get_result()
        if answer is None:
            # All are looked at: a commit that fails is told of behind the value.
            value, *_ = map(_value_of, answers)
            return value
        answers.append(answer)


def is_quiet(connection: PGconn) -> bool:
    """Tell whether the server has said nothing unasked, as it does when it hangs up."""
    return not _poll(connection, 0)


async def _more(connection: PGconn, until: float, deadline_s: float) -> None:
    """Wait until there is something to read, or room to send the rest."""
    left_s = until - time.monotonic()
    if left_s <= 0 or not _poll(connection, left_s * 1000):
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + left_s + deadline_s):
            await _turn_until_ready(connection)
    connection.consume_input()


def _poll(connection: PGconn, wait_ms: float) -> bool:
    listening = poll()
    listening.register(connection.socket, POLLIN | (POLLOUT if connection.flush() else 0))
    return bool(listening.poll(wait_ms))


async def _turn_until_ready(connection: PGconn) -> None:
    loop, socket, ready = asyncio.get_running_loop(), connection.socket, asyncio.Event()
    loop.add_reader(socket, ready.set)
    if connection.flush():
        loop.add_writer(socket, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(socket)
        loop.remove_writer(socket)


def _value_of(answer: PGresult) -> str:
    if answer.status != ExecStatus.TUPLES_OK:
        raise error_from_result(answer)
    return (answer.get_value(0, 0) or b"").decode()
