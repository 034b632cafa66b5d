"""What is known of one request before any route runs: its route, who sent it, what body it takes."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from keyportal.domain.principals import Principal

_KEY = "keyportal.visit"


class Takes(StrEnum):
    """The kind of body a route reads."""

    NOTHING = "nothing"
    JSON = "json"
    FORM = "form"


async def _nothing_to_check() -> None:
    """What a public address has to look at again."""


@dataclass
class Visit:
    """One request. `route` is None for an unknown address; `principal` is None until it is known.

    `admit_again` looks at the credentials once more, for a request that took its time. `next_page` is
    where a form of a page wanted to go, if that is a page of ours.
    """

    method: str
    path: str
    route: Route | None
    takes: Takes
    principal: Principal | None = None
    admit_again: Callable[[], Awaitable[None]] = _nothing_to_check
    next_page: str = ""

    @property
    def label(self) -> str:
        """Return method and route pattern, never the address itself: ids are the caller's text."""
        return f"{self.method} {self.route.path if self.route else 'unknown'}"


def begin_visit(scope: Scope) -> Visit:
    visit = scope[_KEY] = _look_up(scope)
    return visit


def visit_of(scope: Scope) -> Visit:
    return scope[_KEY]


def body_fields_of(route: Route | None) -> list[str]:
    """Return the names a route's body may have; they stand in the public OpenAPI document."""
    field = getattr(route, "body_field", None)
    return sorted(getattr(field.field_info.annotation, "model_fields", {})) if field else []


def methods_at(scope: Scope) -> str:
    """Return the methods an address answers to, for the Allow header (RFC 9110, 10.2.1)."""
    found = [
        r.methods or set() for r in _routes(scope["app"].routes) if r.matches(scope)[0] is not Match.NONE
    ]
    return ", ".join(sorted(set().union(*found)))


def _look_up(scope: Scope) -> Visit:
    method, path = scope["method"], scope["path"]
    wrong_method = None
    for route in _routes(scope["app"].routes):
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return Visit(method, path, route, _takes(route))
        if match is Match.PARTIAL:
            wrong_method = wrong_method or route
    return Visit(method, path, wrong_method, Takes.NOTHING)


def _routes(routes: Iterable[BaseRoute]) -> Iterable[Route]:
    return (route for route in routes if isinstance(route, Route))


def _takes(route: Route) -> Takes:
    field = route.body_field if isinstance(route, APIRoute) else None
    if field is None:
        return Takes.NOTHING
    return Takes.FORM if isinstance(field.field_info, Form) else Takes.JSON
