"""The watchlist's columns and which of them stay when it is narrow."""

from __future__ import annotations

from functools import partial

from PySide6.QtGui import QFont, QFontMetrics

from terminal.app.views.watchlist import WatchlistView
from terminal.ui.widgets.columns import Align, CellText, Column, Tone

TREND, RANGE = "trend", "range"
"""Columns that are painted, not written."""

_TREND_TIP = "The day so far by minutes, or by 5 or 10 of them; at first, prices seen here every 5 seconds"

IMPORTANCE = (
    ("symbol",),
    ("last",),
    ("change_pct",),
    ("bid", "ask"),
    (TREND,),
    ("change",),
    ("volume",),
    (RANGE,),
    ("vwap_pct",),
    ("spread",),
    ("bid_size", "ask_size"),
    ("age",),
)
"""Groups that come and go together, the most important first."""


SYMBOL_PX, _MOST_SYMBOL_PX, _PAD_PX = 54, 190, 14


def symbol_px(label: str, font: QFont) -> int:
    """Width of the symbol's column for the longest label of a list: two contracts must not look the same."""
    return min(_MOST_SYMBOL_PX, max(SYMBOL_PX, QFontMetrics(font).horizontalAdvance(label) + _PAD_PX))


def watchlist_columns(view: WatchlistView) -> tuple[Column, ...]:
    """Every column, in the order of the screen."""

    def text(key: str) -> CellText:
        return partial(view.text, key)

    return (
        Column("symbol", "Symbol", "Ticker or contract", text("symbol"), SYMBOL_PX, Align.LEFT, bold=True, ages=False),
        Column("name", "Name", "Name", text("name"), 120, Align.LEFT, tone=Tone.LABEL, ages=False, visible=False),
        Column("last", "Last", "Last trade, in the currency", text("last"), 60, tint=True),
        Column("change", "Chg", "Last trade less the prior official close", text("change"), 70, tone=Tone.SIGN),
        Column(
            "change_pct", "Chg %", "Net change over the prior official close", text("change_pct"), 52, tone=Tone.SIGN
        ),
        Column(TREND, "Trend", _TREND_TIP, text(TREND), 64, ages=False),
        Column("bid", "Bid", "Best bid", text("bid"), 60),
        Column("ask", "Ask", "Best ask", text("ask"), 60),
        Column("bid_size", "B size", "Size at the best bid: shares, contracts or coins", text("bid_size"), 56,
               tone=Tone.LABEL),
        Column("ask_size", "A size", "Size at the best ask: shares, contracts or coins", text("ask_size"), 56,
               tone=Tone.LABEL),
        Column("spread", "Spread", "Ask less bid; unknown when there are trades but no quotes", text("spread"), 62,
               tone=Tone.LABEL),
        Column("spread_bp", "Spr bp", "Ask less bid over the mid, in hundredths of a per cent", text("spread_bp"), 56,
               tone=Tone.LABEL, visible=False),
        Column("volume", "Volume", "Traded today: shares, contracts or coins", text("volume"), 78, tone=Tone.LABEL),
        Column("vwap", "VWAP", "Volume-weighted average price of the day's trades", text("vwap"), 66,
               tone=Tone.LABEL, visible=False),
        Column("vwap_pct", "To VWAP", "Last trade over the day's volume-weighted average price, less one",
               text("vwap_pct"), 62, tone=Tone.SIGN),
        Column(RANGE, "Day range", "Where the last trade stands between the day's low (left) and high", text(RANGE),
               74, ages=False),
        Column("open", "Open", "First trade of the day", text("open"), 66, tone=Tone.LABEL, visible=False),
        Column("high", "High", "Highest trade of the day", text("high"), 66, visible=False),
        Column("low", "Low", "Lowest trade of the day", text("low"), 66, visible=False),
        Column("prior_close", "Close", "Prior official close", text("prior_close"), 66, tone=Tone.LABEL,
               visible=False),
        Column("open_interest", "Open int", "Open interest, contracts", text("open_interest"), 66, tone=Tone.LABEL,
               visible=False),
        Column("age", "Age", "Market time since the symbol's last message, and its quote's fault", text("age"), 84,
               tone=Tone.LABEL),
    )  # fmt: skip
