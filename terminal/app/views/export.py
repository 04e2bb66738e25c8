"""Cells of a table as a spreadsheet reads them: plain digits, empty where the screen has a dash."""

from __future__ import annotations

import re
from collections.abc import Sequence

from terminal.app.formats import MINUS, MISSING

_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?%?")
_ARROWS = "▲▼ "


def plain(text: str) -> str:
    """A number without arrow, plus sign and thousands separators and with an ASCII minus; a dash becomes empty.

    Text that a spreadsheet would run as a formula gets an apostrophe.
    """
    if text == MISSING:
        return ""
    bare = text.strip(_ARROWS).replace(MINUS, "-")
    if _NUMBER.fullmatch(bare):
        return bare.replace(",", "").lstrip("+")
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def plain_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows for a CSV file."""
    return list(heads), [[plain(cell) for cell in row] for row in rows]
