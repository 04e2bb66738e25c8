"""Option symbols, both ways."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.core.osi import Right, SymbolError, make_option_symbol, parse_option_symbol, parse_typed_symbol

symbols = st.builds(
    make_option_symbol,
    st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(Right),
    st.integers(1, 99_999_999),
)


def test_every_reference_case(shared_reference: Path) -> None:
    cases = json.loads((shared_reference / "osi.json").read_text())
    assert cases
    for case in cases:
        text, expected = case["inputs"]["symbol"], case["expected"]
        if expected == "invalid":
            with pytest.raises(SymbolError):
                parse_option_symbol(text)
            continue
        symbol = parse_option_symbol(text)
        assert symbol.root == expected["root"]
        assert symbol.expiry.isoformat() == expected["expiration"]
        assert symbol.right.letter == expected["right"]
        assert float(symbol.strike) == expected["strike"]
        assert symbol.osi() == text


@given(symbols)
def test_all_three_spellings_read_back(symbol: object) -> None:
    padded, compact, spoken = symbol.osi(), symbol.compact(), symbol.spoken()  # type: ignore[attr-defined]
    assert len(padded) == 21
    assert parse_option_symbol(padded) == parse_option_symbol(compact) == parse_option_symbol(spoken) == symbol
    assert parse_typed_symbol(" ".join(padded.split()).lower()) == symbol


@given(st.text(max_size=30))
def test_any_text_is_a_symbol_or_a_symbol_error(text: str) -> None:
    try:
        symbol = parse_option_symbol(text)
    except SymbolError:
        return
    assert parse_option_symbol(symbol.osi()) == symbol


@pytest.mark.parametrize(("root", "mills"), [("", 1000), ("TOOLONG", 1000), ("abc", 1000), ("SPY", 0), ("SPY", 10**8)])
def test_parts_that_do_not_fit_are_refused(root: str, mills: int) -> None:
    with pytest.raises(SymbolError):
        make_option_symbol(root, date(2026, 1, 16), Right.CALL, mills)
