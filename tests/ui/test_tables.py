"""What every list does, shown on the Providers page: pages, order, selection, and the address of it."""

from typing import Any

import pytest

from keyportal.domain.errors import StorageUnavailable
from keyportal.domain.principals import Principal
from keyportal.services import provider_views
from keyportal.services.portal import Portal
from keyportal.ui.admin_providers.state import ProvidersState
from keyportal.ui.shared.table.listing import Listing, TableRules, address_of, listing_from, range_words
from tests.ui.support import do, state_for, visit

RULES = TableRules("/things", "thing", sorts=("name", "created"), filters=("status", "kind"))


@pytest.fixture
async def state(portal: Portal, root: Principal) -> ProvidersState:
    return await opened(portal, root, "/admin/providers?size=25")


async def opened(portal: Portal, root: Principal, address: str) -> ProvidersState:
    state = state_for(ProvidersState, portal, root)
    visit(state, address)
    await do(state, "load")
    return state


def addresses(events: list[Any]) -> list[str]:
    return [
        str(value._var_value)
        for event in events
        if event.handler.fn.__qualname__ == "_redirect"
        for name, value in event.args
        if str(name) == "path"
    ]


@pytest.mark.parametrize(
    ("listing", "address"),
    [
        (Listing(sort="-created"), "/things"),
        (Listing(text="a b&c=%"), "/things?q=a+b%26c%3D%25"),
        (Listing(filters={"kind": "x", "status": "on"}), "/things?status=on&kind=x"),
        (Listing(sort="name", page=3, size=100), "/things?sort=name&page=3&size=100"),
        (Listing(opened="id-1"), "/things?open=id-1"),
    ],
)
def test_an_address_says_what_differs_and_is_read_back(listing: Listing, address: str) -> None:
    assert address_of(listing, RULES) == address
    read = listing_from(address.partition("?")[2], RULES)
    assert address_of(read, RULES) == address


@pytest.mark.parametrize(
    "query",
    [
        "page=0&size=7&sort=secret&other=1",
        "page=-1&sort=--name&size=",
        "page=99999999&size=25.0",
        "&".join(f"a{n}=1" for n in range(200)),
        "%ff%00=%zz",
    ],
)
def test_what_a_list_does_not_offer_is_left_out_of_the_address(query: str) -> None:
    assert address_of(listing_from(query, RULES), RULES) == "/things"


@pytest.mark.parametrize(
    ("page", "total", "words"),
    [(1, 0, "0 things"), (1, 1, "1 thing"), (1, 25, "25 things"), (2, 26, "26–26 of 26 things"),
     (1, 1_000_000, "1–25 of 1,000,000 things")],
)  # fmt: skip
def test_the_words_under_a_list_say_which_rows_these_are(page: int, total: int, words: str) -> None:
    assert range_words(Listing(page=page), total, "thing") == words


async def test_a_link_opens_what_it_says(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root, "/admin/providers?q=open&kind=aggregator&sort=-name")
    assert (state.query, state.filters, state.sort) == ("open", {"kind": "aggregator"}, "-name")
    assert [row.id for row in state.rows] == ["openrouter"]
    assert state.is_filtered


async def test_what_is_narrowed_stands_in_the_address(state: ProvidersState) -> None:
    assert addresses(await do(state, "search", "open")) == ["/admin/providers?q=open&size=25"]
    assert addresses(await do(state, "filter_by", "kind", "llm")) == [
        "/admin/providers?q=open&kind=llm&size=25"
    ]
    assert addresses(await do(state, "filter_by", "kind", "llm")) == []


async def test_an_address_of_its_own_is_not_loaded_again(state: ProvidersState) -> None:
    """A slower answer of the browser must not bring an older search back."""
    await do(state, "search", "op")
    await do(state, "search", "openr")
    visit(state, "/admin/providers?q=op&size=25")
    await do(state, "load")
    assert state.query == "openr"
    visit(state, "/admin/providers?q=openr&size=25")
    await do(state, "load")
    assert [row.id for row in state.rows] == ["openrouter"]


async def test_back_restores_the_list_of_before(state: ProvidersState) -> None:
    for _visit in range(2):
        (address,) = addresses(await do(state, "search", "open"))
        visit(state, address)
        await do(state, "load")
        visit(state, "/admin/providers?size=25")
        await do(state, "load")
        assert (state.query, state.total > 30) == ("", True)


async def test_pages_end_where_the_list_does(state: ProvidersState) -> None:
    await do(state, "show_previous_page")
    assert (state.page, len(state.rows)) == (1, 25)
    for _ in range(3):
        await do(state, "show_next_page")
    assert (state.page, state.pages, state.range_words) == (
        2,
        2,
        f"26–{state.total} of {state.total} providers",
    )
    await do(state, "show_size", "100")
    assert (state.page, state.pages, len(state.rows)) == (1, 1, state.total)
    await do(state, "show_size", "1000000")
    assert state.size == 100


async def test_a_page_beyond_the_end_shows_the_last_one(portal: Portal, root: Principal) -> None:
    state = await opened(portal, root, "/admin/providers?size=25&page=9")
    assert (state.page, state.rows != []) == (2, True)


async def test_a_column_sorts_and_once_more_turns_round(state: ProvidersState) -> None:
    first = [row.name for row in state.rows]
    await do(state, "sort_by", "name")
    assert state.sort == "-name"
    assert state.rows[0].name > first[-1]
    await do(state, "sort_by", "nothing of this list")
    assert state.sort == "-name"


async def test_only_rows_of_this_page_are_selected(state: ProvidersState) -> None:
    shown = state.rows[0].id
    await do(state, "select", shown, True)
    await do(state, "select", "zhipu", True)
    await do(state, "select", ["junk"], True)
    assert state.selected == [shown]
    await do(state, "select_page", True)
    assert len(state.selected) == 25
    await do(state, "show_next_page")
    assert state.selected == []


async def test_what_cannot_be_fetched_is_told_in_the_lists_place(
    state: ProvidersState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_named: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(provider_views, "search_decisions", fail)
        await do(state, "search", "open")
        assert (state.list_problem, state.rows) == (StorageUnavailable.message, [])
    await do(state, "try_again")
    assert (state.list_problem, state.total) == ("", 3)


@pytest.mark.parametrize("junk", [None, 7, ["a"], {"a": 1}])
async def test_junk_from_a_hand_made_event_is_refused(state: ProvidersState, junk: Any) -> None:
    for handler in ("search", "sort_by", "show_size", "open_row"):
        await do(state, handler, junk)
        assert state.notice_is_problem
        await do(state, "dismiss_notice")
    await do(state, "filter_by", junk, junk)
    assert (state.query, state.filters) == ("", {})
