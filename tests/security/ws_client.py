"""A websocket client that calls any event of the app, as an attacker would: no browser, no page."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import socketio

NAMESPACE = "/_event"
_QUIET_S = 0.4
_PATIENCE_S = 30.0


class EventClient:
    """Speaks the framework's protocol and keeps every frame that came back."""

    def __init__(self, url: str, *, origin: str | None, cookie: str = "", token: str | None = None) -> None:
        self._url = url
        self.token = token or str(uuid4())
        self._headers = {**({"Origin": origin} if origin else {}), **({"Cookie": cookie} if cookie else {})}
        self.frames: list[str] = []
        self.events: list[Any] = []
        self.is_connected = False
        # The standard encoder escapes lone surrogates, which an attacker would send too.
        self._sio = socketio.AsyncClient(reconnection=False, json=json)
        self._sio.on("event", self._receive, namespace=NAMESPACE)
        self._sio.on("disconnect", self._hang_up, namespace=NAMESPACE)

    async def connect(self) -> "EventClient":
        await self._sio.connect(
            f"{self._url}/?token={self.token}",
            headers=self._headers,
            transports=["websocket"],
            socketio_path="/_event",
            namespaces=[NAMESPACE],
        )
        self.is_connected = True
        return self

    async def send(self, name: str, payload: dict[str, Any] | None = None, path: str = "/") -> None:
        router = {
            "pathname": path,
            "asPath": path,
            "headers": {"cookie": "forged", "raw_headers": {"cookie": "forged"}},
        }
        await self._sio.emit(
            "event", {"name": name, "payload": payload or {}, "router_data": router}, namespace=NAMESPACE
        )

    async def send_raw(self, data: Any) -> None:
        await self._sio.emit("event", data, namespace=NAMESPACE)

    async def settle(self, *shown: str) -> list[Any]:
        """Wait until the server has sent the vars in `shown` and then been quiet for a moment.

        Returns and forgets what it sent. Vars that do not come within `_PATIENCE_S` are missing from it.
        """
        loop = asyncio.get_running_loop()
        latest, before = loop.time() + _PATIENCE_S, -1
        while before != len(self.events) or (
            not vars_in(self.events).keys() >= set(shown) and loop.time() < latest
        ):
            before = len(self.events)
            await asyncio.sleep(_QUIET_S)
        events, self.events = self.events, []
        return events

    async def close(self) -> None:
        await self._sio.disconnect()

    async def _receive(self, data: Any) -> None:
        self.events.append(data)
        self.frames.append(str(data))

    async def _hang_up(self, *_reason: Any) -> None:
        self.is_connected = False


def redirects(events: list[Any]) -> list[str]:
    """Return where the server's answers send the browser."""
    return [
        step["payload"].get("path", "")
        for event in events
        for step in event.get("events") or []
        if step["name"] == "_redirect"
    ]


def vars_in(events: list[Any]) -> dict[str, Any]:
    """Return the state vars in the server's answers, by name, the last value of each."""
    return {
        name.removesuffix("_rx_state_"): value
        for event in events
        for delta in (event.get("delta") or {}).values()
        for name, value in delta.items()
    }
