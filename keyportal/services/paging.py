"""Pages of a list: how many rows they hold and which there are."""

from keyportal.domain.errors import InvalidInput

PAGE_SIZES = (25, 50, 100)
_LAST_PAGE = 1_000_000


def require_page(page: int, size: int) -> None:
    """Raises InvalidInput for a page that cannot be or a size that is not offered."""
    if size not in PAGE_SIZES:
        raise InvalidInput(f"A page holds {', '.join(map(str, PAGE_SIZES))} keys.", field="size")
    if not 1 <= page <= _LAST_PAGE:
        raise InvalidInput(f"Pages are numbered from 1 to {_LAST_PAGE}.", field="page")


def pages_of(total: int, size: int) -> int:
    """Return the number of pages; an empty list has one."""
    return max(1, -(-total // size))
