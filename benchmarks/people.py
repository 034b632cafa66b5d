"""People at the pages: each types into the search of their keys and turns pages. A program of its own.

It speaks the websocket's protocol, as a browser does; an act is done when what it asked for is shown.
"""

import asyncio
import secrets
import time
from typing import Any

from benchmarks import children
from keyportal.ui.credentials.state import OwnCredentialsState
from tests.security.ws_client import EventClient, vars_in

_PATIENCE_S = 30.0
_PATH = "/api-keys"
_STATE = OwnCredentialsState.get_full_name()


class Person(EventClient):
    """One tab. Times are in ms, from sending an event to having its answer."""

    def __init__(self, url: str, cookie: str) -> None:
        super().__init__(url, origin=url, cookie=cookie)
        self.found: list[list[float]] = []
        self.unanswered = 0
        self._heard = asyncio.Event()

    async def act(self, number: int) -> None:
        """Search for a text, then look at the next page and the one before, in turns."""
        match number % 3:
            case 0:
                wanted = f"key {1 + number // 3 % 9}"
                await self._do("search", {"text": wanted}, "query", wanted)
            case 1:
                await self._do("show_next_page", {}, "page", None)
            case _:
                await self._do("show_previous_page", {}, "page", 1)

    async def _do(self, handler: str, payload: dict[str, Any], name: str, value: object) -> None:
        self.events, began = [], time.monotonic()
        self._heard.clear()
        await self.send(f"{_STATE}.{handler}", payload, _PATH)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not self._shows(name, value):
                    await self._heard.wait()
                    self._heard.clear()
        except TimeoutError:
            self.unanswered += 1
            return
        self.found.append([began, (time.monotonic() - began) * 1000])

    def _shows(self, name: str, value: object) -> bool:
        shown = vars_in(self.events)
        return name in shown and (value is None or shown[name] == value)

    async def _receive(self, data: Any) -> None:
        self.events.append(data)
        self._heard.set()


async def _use(person: Person, told: dict[str, Any], until: float) -> None:
    # They do not all act at the same moment.
    if told["pause"]:
        await asyncio.sleep(told["pause"] * secrets.randbelow(1000) / 1000)
    for number in range(told["acts"]):
        if time.monotonic() >= until:
            return
        await person.act(number)
        if told["pause"]:
            await asyncio.sleep(told["pause"] * (0.5 + secrets.randbelow(1000) / 1000))


async def _main() -> None:
    told = children.told()
    people = [Person(told["url"], cookie) for cookie in told["cookies"]]
    for person in people:
        await person.connect()
        # The first event makes the state of the tab.
        await person.act(0)
        person.found.clear()
    children.begin()
    until = time.monotonic() + told["seconds"]
    await asyncio.gather(*(_use(person, told, until) for person in people))
    for person in people:
        await person.close()
    unanswered = sum(person.unanswered for person in people)
    children.answer({"found": [one for p in people for one in p.found], "unanswered": unanswered})


if __name__ == "__main__":
    asyncio.run(_main())
