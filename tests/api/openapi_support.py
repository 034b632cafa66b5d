"""Made-up requests from the OpenAPI document, and its say on every answer to them."""

import copy
import zlib
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import httpx
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import APIOperation, Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.support import Rest, _shared_api

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
BASE = "http://testserver"
# Sent by whom the test is about, or worked out by what sends it.
_NOT_MADE_UP = ("authorization", "cookie", "content-length", "x-schemathesis-testcaseid")
Send = Callable[[str, str, Any, dict[str, str]], httpx.Response]


class Known(Protocol):
    """What there is to ask for."""

    def ids_for(self, label: str) -> dict[str, str]:
        """Return what to put into the places of an operation's path."""
        ...

    def query_for(self, label: str) -> dict[str, str]:
        """Return a query that can be answered."""
        ...

    def body_for(self, label: str, required: list[str], send: Send) -> dict[str, Any]:
        """Return a body that can be taken."""
        ...


@cache
def document() -> dict[str, Any]:
    return _shared_api().openapi()


@cache
def operations() -> list[APIOperation]:
    """Return all operations, without the ways to say who is asking: that is what the callers are for."""
    open_to_all = copy.deepcopy(document())
    for at in open_to_all["paths"].values():
        for operation in at.values():
            operation.pop("security", None)
    found = [one.ok() for one in from_dict(open_to_all).get_all_operations() if isinstance(one, Ok)]
    # What is decided there holds for all the others.
    return sorted(found, key=lambda operation: operation.path == "/api/admin/policies")


def sender(caller: Rest) -> Send:
    def send(method: str, path: str, content: Any, headers: dict[str, str]) -> httpx.Response:
        return caller.send(method, path, content=content, headers={**headers, **caller.headers})

    return send


class Questioning:
    """Asks everything of somebody; keeps what was wrong with answers, and which statuses came."""

    def __init__(self, known: Known, examples: int) -> None:
        self._known = known
        self._examples = examples
        self.problems: list[str] = []
        self.statuses: defaultdict[str, set[int]] = defaultdict(set)

    def ask(self, operation: APIOperation, send: Send) -> None:
        """Send one request that can be answered well, then made-up ones, allowed and not."""
        self._ask_well(operation, send)
        self._ask(operation, send, GenerationMode.POSITIVE)
        # What takes nothing but ids cannot be asked in a way that is not allowed.
        if operation.body or operation.query:
            self._ask(operation, send, GenerationMode.NEGATIVE)

    def _ask_well(self, operation: APIOperation, send: Send) -> None:
        label = operation.label
        case = operation.Case(path_parameters=self._known.ids_for(label), query=self._known.query_for(label))
        media_type, required = _body_of(operation)
        if media_type:
            case.body = self._known.body_for(label, required, send)
            case.media_type = media_type
        self._look(case, send)

    def _ask(self, operation: APIOperation, send: Send, mode: GenerationMode) -> None:
        # Bodies are looked at before ids, so those of requests that are not allowed need not lead anywhere.
        ids = self._known.ids_for(operation.label) if mode is GenerationMode.POSITIVE else None

        @seed(zlib.crc32(operation.label.encode()))
        @settings(
            max_examples=self._examples,
            database=None,
            deadline=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.filter_too_much,
                HealthCheck.data_too_large,
            ],
            phases=[Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=ids))
        def ask(case: Case) -> None:
            self._look(case, send)

        ask()

    def _look(self, case: Case, send: Send) -> None:
        made = requests.Request(**{**case.as_transport_kwargs(base_url=BASE), "cookies": {}}).prepare()
        headers = {n: str(text) for n, text in made.headers.items() if n.lower() not in _NOT_MADE_UP}
        answer = send(str(made.method), str(made.url).removeprefix(BASE), made.body, headers)
        self.statuses[case.operation.label].add(answer.status_code)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failure:
            self.problems.append(f"{case.operation.label}: {failure}")


def _body_of(operation: APIOperation) -> tuple[str, list[str]]:
    """Return the media type of an operation's body and the names it cannot do without."""
    found = document()["paths"][operation.path][operation.method]
    content = found.get("requestBody", {}).get("content", {})
    for media_type, body in content.items():
        name = body["schema"]["$ref"].rpartition("/")[2]
        return media_type, document()["components"]["schemas"][name].get("required", [])
    return "", []
