"""Addresses a person is sent on to: pages of this portal and nothing that could be another site."""

import pytest

from keyportal.domain.addresses import own_page

PAGES = frozenset({"/", "/api-keys"})


@pytest.mark.parametrize("wanted", ["/", "/api-keys", "/api-keys?q=a%20b&open=1", "/?refused=/admin/users"])
def test_a_page_of_ours_is_kept_with_its_query(wanted: str) -> None:
    assert own_page(wanted, PAGES) == wanted


def test_a_slash_at_the_end_and_a_fragment_go() -> None:
    assert own_page("/api-keys/?q=1#top", PAGES) == "/api-keys?q=1"


@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "api-keys",
        "//evil.example",
        "///evil.example/api-keys",
        "/\\evil.example",
        "\\/evil.example",
        "https://evil.example/api-keys",
        "javascript:alert(1)",
        "/api-keys\r\nSet-Cookie: a=b",
        "/api-keys\x00",
        " /api-keys",
        "/../api-keys",
        "/%2e%2e/api-keys",
        "/api/auth/sign-out",
        "/sign-in",
        "/api-keys\u2028",
        "/api-keys?" + "x" * 3000,
    ],
)
def test_all_else_leads_to_the_first_page(wanted: str) -> None:
    assert own_page(wanted, PAGES) == "/"
