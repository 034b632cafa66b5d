"""Masks: enough to tell two keys apart, never more than a quarter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyportal.domain.masks import MaskStyle, looks_like_mask, mask_agent_key, mask_secret

KEY = "sk-abcdefghijklmnopqrstuvwxyz0123"


@pytest.mark.parametrize(
    ("style", "mask"),
    [
        (MaskStyle.LAST_4, "****...0123"),
        (MaskStyle.ENDS_3, "sk-...123"),
        (MaskStyle.ENDS_4, "sk-a...0123"),
    ],
)
def test_each_style_shows_its_ends(style: MaskStyle, mask: str) -> None:
    assert mask_secret(KEY, style) == mask


def test_the_usual_style_shows_the_last_four() -> None:
    assert mask_secret(KEY) == "****...0123"


@pytest.mark.parametrize(
    ("text", "mask"),
    [("", "****..."), ("abc", "****..."), ("abcd", "****...d"), ("abcdefgh", "****...gh")],
)
def test_a_short_value_shows_less(text: str, mask: str) -> None:
    assert mask_secret(text) == mask


@pytest.mark.parametrize("style", MaskStyle)
@pytest.mark.parametrize(
    "text",
    [
        '{"private_key": "abcdefghijklmnop"}',
        "<key>abcdefghijklmnop</key>",
        "two words of a key",
        "schlüssel" * 4,
    ],
)
def test_a_document_shows_nothing(text: str, style: MaskStyle) -> None:
    assert mask_secret(text, style) == "****..."


@given(st.text(max_size=80), st.sampled_from(MaskStyle))
def test_a_mask_never_shows_more_than_a_quarter(text: str, style: MaskStyle) -> None:
    mask = mask_secret(text, style)
    head, _, tail = mask.partition("...")
    shown = len(head.replace("*", "") if head == "****" else head) + len(tail)
    assert shown <= len(text) / 4


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=80), st.sampled_from(MaskStyle))
def test_what_a_mask_shows_stands_at_the_ends(text: str, style: MaskStyle) -> None:
    head, _, tail = mask_secret(text, style).partition("...")
    assert text.endswith(tail) and (head == "****" or text.startswith(head))


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), st.sampled_from(MaskStyle))
def test_every_mask_we_make_is_recognised_as_one(text: str, style: MaskStyle) -> None:
    assert looks_like_mask(mask_secret(text, style))


def test_an_agent_key_shows_its_first_and_last_four() -> None:
    mask = mask_agent_key("kpa_ABCDEFGHIJKL_" + "s" * 34 + "wxyz")
    assert mask == "kpa_...wxyz" and looks_like_mask(mask)


@pytest.mark.parametrize(
    "pasted",
    [
        "sk-...abcd",
        "sk-proj-...abcd",
        "sk-ant-api03-abc...wxyz",
        "sk-or-v1-abc...123",
        "••••••1234",
        "sk-…abcd",
    ],
)
def test_the_masks_of_providers_own_pages_are_recognised(pasted: str) -> None:
    assert looks_like_mask(pasted)


@pytest.mark.parametrize(
    "key", [KEY, "AIzaSyA-1_b.c.d", "eyJhbGciOi.eyJzdWIi.c2ln", '{"a": "b' + "c" * 40 + '..."}']
)
def test_whole_keys_are_no_masks(key: str) -> None:
    assert not looks_like_mask(key)
