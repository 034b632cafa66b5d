"""What a list shows right now, and how that stands in the address of the page.

A link, a reload and Back restore it. Nothing here is trusted: services check every part again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

PAGE_SIZES = (25, 50, 100)
_TEXT_LIMIT = 200
_VALUE_LIMIT = 120


@dataclass(frozen=True)
class TableRules:
    """What one list offers. `sorts` and `filters` are names the service knows; `-` sorts downwards."""

    route: str
    noun: str
    sorts: tuple[str, ...]
    filters: tuple[str, ...] = ()
    first_sort: str = "-created"
    first_size: int = PAGE_SIZES[0]


@dataclass(frozen=True)
class Listing:
    """Empty texts narrow nothing. `opened` is the id of the row whose details are open."""

    text: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    size: int = PAGE_SIZES[0]
    opened: str = ""


def listing_from(query: str, rules: TableRules) -> Listing:
    """Read the address. What this list does not offer is left out."""
    try:
        given = dict(parse_qsl(query[:4000], max_num_fields=50))
    except ValueError:
        given = {}
    sort = given.get("sort", "")
    return Listing(
        text=given.get("q", "")[:_TEXT_LIMIT],
        filters={name: given[name][:_VALUE_LIMIT] for name in rules.filters if given.get(name)},
        sort=sort if sort.removeprefix("-") in rules.sorts else rules.first_sort,
        page=_number(given.get("page", ""), 1),
        size=size if (size := _number(given.get("size", ""), 0)) in PAGE_SIZES else rules.first_size,
        opened=given.get("open", "")[:_VALUE_LIMIT],
    )


def address_of(listing: Listing, rules: TableRules) -> str:
    """Return the path with what differs from the list as it is first opened, always in the same order."""
    parts = [("q", listing.text)]
    parts += [(name, listing.filters.get(name, "")) for name in rules.filters]
    parts += [
        ("sort", "" if listing.sort in ("", rules.first_sort) else listing.sort),
        ("page", "" if listing.page == 1 else str(listing.page)),
        ("size", "" if listing.size == rules.first_size else str(listing.size)),
        ("open", listing.opened),
    ]
    # A lone surrogate, which only a hand-made event can hold, has no place in an address.
    query = urlencode([(name, value) for name, value in parts if value], errors="replace")
    return f"{rules.route}?{query}" if query else rules.route


def range_words(listing: Listing, total: int, noun: str) -> str:
    """Say which rows of how many are shown, such as "26-50 of 1,234 keys"."""
    nouns = noun if total == 1 else f"{noun}s"
    if total <= listing.size:
        return f"{total:,} {nouns}"
    first = (listing.page - 1) * listing.size + 1
    return f"{first:,}–{min(total, first + listing.size - 1):,} of {total:,} {nouns}"


def _number(text: str, otherwise: int) -> int:
    return (
        int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 8 and int(text) > 0 else otherwise
    )
