"""Pages of a list: how many rows they hold, which there are, and in what order they come."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Generic, TypeVar

from keyportal.domain.errors import InvalidInput

T = TypeVar("T")

PAGE_SIZES = (25, 50, 100)
_LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list, and the number of all matches."""

    items: list[T]
    total: int
    page: int
    pages: int


def page_of(items: list[T], total: int, page: int, size: int) -> Page[T]:
    return Page(items, total, page, pages_of(total, size))


def require_page(page: int, size: int) -> None:
    """Raises InvalidInput for a page that cannot be or a size that is not offered."""
    if size not in PAGE_SIZES:
        raise InvalidInput(f"A page holds {', '.join(map(str, PAGE_SIZES))} keys.", field="size")
    if not 1 <= page <= _LAST_PAGE:
        raise InvalidInput(f"Pages are numbered from 1 to {_LAST_PAGE}.", field="page")


def require_sort(sort: str, columns: Container[str]) -> tuple[str, bool]:
    """Return the column and whether it runs downwards. `-created` means newest first.

    Raises InvalidInput for a column this list is not sorted by.
    """
    column = sort.removeprefix("-")
    if column not in columns:
        raise InvalidInput("This list cannot be sorted by that.", field="sort")
    return column, sort.startswith("-")


def pages_of(total: int, size: int) -> int:
    """Return the number of pages; an empty list has one."""
    return max(1, -(-total // size))
