"""The display form of a secret, decided once, when it is stored."""

from enum import StrEnum

_HIDDEN = "****..."
_JOIN = "..."
AGENT_KEY_SHOWN = 4
# Providers' own pages show as much as `sk-ant-api03-abc...wxyz`.
_MASK_HEAD, _MASK_TAIL = 20, 8


class MaskStyle(StrEnum):
    """How much of a provider key is shown: its last 4, or both ends."""

    LAST_4 = "last4"
    ENDS_3 = "3+3"
    ENDS_4 = "4+4"


def mask_secret(text: str, style: MaskStyle = MaskStyle.LAST_4) -> str:
    """Return the mask of a provider key: never more than a quarter of it, nothing of a document."""
    if not text.isascii() or any(c.isspace() or c in '{}<>"' for c in text):
        return _HIDDEN
    budget = len(text) // 4
    if style is MaskStyle.LAST_4:
        shown = min(4, budget)
        return _HIDDEN + text[len(text) - shown :]
    shown = min(3 if style is MaskStyle.ENDS_3 else 4, budget // 2)
    if not shown:
        return _HIDDEN
    return text[:shown] + _JOIN + text[-shown:]


def mask_agent_key(token: str) -> str:
    """Return first 4 and last 4, such as `kpa_...wxyz`."""
    return token[:AGENT_KEY_SHOWN] + _JOIN + token[-AGENT_KEY_SHOWN:]


def looks_like_mask(text: str) -> bool:
    """Tell whether somebody pasted a mask instead of the value it stands for."""
    if "***" in text or "•••" in text or "…" in text:
        return True
    head, dots, tail = text.partition(_JOIN)
    return bool(dots) and len(head) <= _MASK_HEAD and len(tail) <= _MASK_TAIL
