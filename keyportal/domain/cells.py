"""Cells of files that spreadsheets open."""

# What makes a spreadsheet take a cell for a formula, which may call out or run a program; wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutral_cell(text: str) -> str:
    """Return text that a spreadsheet shows and never computes: an apostrophe goes before a formula's sign."""
    return f"'{text}" if text.startswith(_FORMULA) else text
