"""The builder's numbers as a trader reads them: legs as rows, the sums below the picture, the sliders."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

from terminal.app import ages, formats
from terminal.app.formats import MISSING
from terminal.app.views.builder import BuilderView, LegRow
from terminal.app.views.builder_reckoning import Reckoned, Scenario
from terminal.app.views.quality import quote_state
from terminal.core.clock import from_ns
from terminal.core.money import PRICE_SCALE
from terminal.market.rows import Quality
from terminal.portfolio.strategies.combination import CombinationPrice
from terminal.portfolio.strategies.legs import Kind

YEAR_NS = 365 * 86_400 * 1_000_000_000
_DAYS = 365.0
_COARSE = 10_000.0


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its label; ``sign`` colours it up or down, ``help`` says what it is."""

    label: str
    text: str
    help: str
    sign: float = 0.0


def cash(value: float, *, sign: bool = True) -> str:
    """Whole money from 10,000 up, cents below; ``unlimited`` where there is no end."""
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "unlimited"
    if abs(value) >= _COARSE:
        amount = formats.fixed(round(value), 1, 0)
        return f"+{amount}" if sign and round(value) > 0 else amount
    return formats.money(round(value * 10_000), sign=sign)


def axis_cash(value: float) -> str:
    """Profits on an axis: cents only where there are some."""
    return grid_cash(value) if abs(value - round(value)) < 1e-6 else cash(value)


def grid_cash(value: float) -> str:
    """Profits in a table: whole numbers."""
    return f"+{round(value):,}" if round(value) > 0 else formats.fixed(round(value), 1, 0)


def price_text(px: int | None) -> str:
    """A combination's price: ``1.25 debit``, ``0.85 credit``, ``0.00 even``."""
    if px is None:
        return MISSING
    word = "debit" if px > 0 else "credit" if px < 0 else "even"
    return f"{formats.fixed(abs(px), PRICE_SCALE, 2)} {word}"


def date_words(view: BuilderView, years: float) -> str:
    """The chosen date: ``Fri 16 Jan 14:30``, and how many days that is from now."""
    if view.values is None or math.isnan(years):
        return MISSING
    at = from_ns(view.values.now_ns + round(years * YEAR_NS))
    days = years * _DAYS
    away = f"{days:.0f} d" if days >= 10 else f"{days:.1f} d" if days >= 1 else f"{days * 24:.1f} h"
    return f"{at:%a %d %b %H:%M}  +{away}"


def column_words(view: BuilderView, years: float) -> str:
    """A date in the head of the table: ``16 Jan``, on a short stretch with its time."""
    if view.values is None:
        return MISSING
    at = from_ns(view.values.now_ns + round(years * YEAR_NS))
    result = view.result
    is_short = result is not None and result.horizon * _DAYS < 5
    return f"{at:%d %b %H:%M}" if is_short else f"{at:%d %b}"


def leg_cells(each: LegRow, now_ns: int, *, is_silent: bool) -> dict[str, str]:
    """A leg as the table shows it, by column."""
    leg, terms = each.leg, each.row.option
    state = quote_state(each.quote, now_ns, is_silent=is_silent)
    bid, ask = each.bid_px, each.ask_px
    middle = None if bid is None or ask is None else round(0.5 * (bid + ask) * each.row.price_scale / PRICE_SCALE)
    cells = {
        "quantity": formats.signed_size(leg.quantity),
        "what": "shares" if terms is None else leg.kind.name.lower(),
        "expiry": MISSING,
        "strike": MISSING,
        "bid": formats.price(_own(each, bid), each.row),
        "mid": formats.mark_price(middle, each.row),
        "ask": formats.price(_own(each, ask), each.row),
        "age": state.words or MISSING,
        "iv": formats.iv_points(each.vol),
        "delta": formats.ratio(each.delta, 3) if leg.kind is not Kind.STOCK else "1",
    }
    if terms is not None:
        days = (terms.symbol.expiry - from_ns(now_ns).date()).days
        cells["expiry"] = f"{terms.symbol.expiry:%d %b %y}  {'exp' if now_ns >= terms.expires_ns else f'{days}d'}"
        cells["strike"] = f"{leg.strike:g}"
    return cells


def leg_tip(each: LegRow, now_ns: int, *, is_silent: bool) -> str:
    """The contract, and what is wrong with its quote."""
    sentence = quote_state(each.quote, now_ns, is_silent=is_silent).sentence
    return f"{each.row.label}\n{sentence}".strip()


def is_stale(each: LegRow, now_ns: int, *, is_silent: bool) -> bool:
    """Whether the quote must not look like the market of now."""
    state = quote_state(each.quote, now_ns, is_silent=is_silent)
    return state.is_stale or state.quality in {Quality.NONE, Quality.CROSSED, Quality.ZERO}


def price_items(price: CombinationPrice | None, now_ns: int) -> list[Item]:
    """Natural, mid and far with the age of the oldest quote."""
    found = price or CombinationPrice(None, None, None, 0)
    age = ages.age(now_ns - found.oldest_ts_ns) if found.oldest_ts_ns else MISSING
    return [
        Item("Natural", price_text(found.natural_px), "Every leg crosses its spread, per share and unit"),
        Item("Mid", price_text(found.mid_px), "Middles of all legs, on the tick of 0.01"),
        Item("Far", price_text(found.far_px), "Every leg filled at its own side: the best one can hope for"),
        Item("Oldest quote", age, "How long the oldest side of all legs has not changed"),
    ]


def outcome_items(result: Reckoned | None) -> list[Item]:
    """Most, least, breakevens, chances."""
    found = None if result is None else result.outcome
    if result is None or found is None:
        return [Item(label, MISSING, "") for label in ("Max profit", "Max loss", "Breakeven", "POP", "EV")]
    about = "" if found.is_exact else "≈ "
    solved = "" if found.is_exact else " (solved: legs that go on are valued by the model)"
    breakevens = "  ".join(f"{each:,.2f}" for each in found.breakevens) or "none"
    chance = MISSING if math.isnan(found.profit_probability) else f"{found.profit_probability * 100:.1f}%"
    neutral = "risk-neutral, by the density of the fitted surface; the sliders do not move it"
    return [
        Item("Max profit", _bounded(about, found.most), f"At the nearest expiry{solved}", 1.0),
        Item("Max loss", _bounded(about, found.least), f"At the nearest expiry{solved}", -1.0),
        Item("Breakeven", f"{about if found.breakevens else ''}{breakevens}", f"At the nearest expiry{solved}"),
        Item("POP", chance, f"Probability of a profit at the nearest expiry, {neutral}"),
        Item("EV", cash(found.expected), f"Expected profit, {neutral}; of fair prices it is 0", found.expected),
    ]


def _bounded(about: str, value: float) -> str:
    text = cash(value)
    return text if math.isinf(value) or text == MISSING else about + text


def risk_items(result: Reckoned | None) -> list[Item]:
    """Net Greeks in the house's units, and margin."""
    greeks = None if result is None else result.greeks
    found = (math.nan,) * 7 if greeks is None else astuple(greeks)
    delta, dollars, gamma, percent, theta, vega, rho = found
    margin, why = MISSING, ""
    if result is not None and result.margin_e4 is not None:
        margin = cash(result.margin_e4 / 10_000, sign=False)
    elif result is not None:
        why = f". {result.margin_problem}" if result.margin_problem else ""
    taken = "What the position takes from the buying power of this account, filled at the mid, before fees"
    return [
        Item("Δ sh", formats.ratio(delta, 1), "Delta of the whole position, in shares"),
        Item("Δ $", cash(dollars), "Delta in dollars"),
        Item("Γ $1", formats.greek(gamma), "Shares of delta by $1 of the underlying"),
        Item("Γ 1%", formats.greek(percent), "Shares of delta by 1 % of the underlying"),
        Item("Θ day", cash(theta), "By calendar day", theta),
        Item("Vega pt", cash(vega), "By point of vol"),
        Item("Rho pt", cash(rho), "By point of the rate"),
        Item("Margin", margin, taken + why),
    ]


def scenario_words(scenario: Scenario) -> tuple[str, str]:
    """The two vol sliders: ``IV +2.0 pt``, ``skew +1.5 pt per 10%``."""
    vol, tilt = scenario.vol * 100.0, scenario.tilt * 100.0
    return _points(vol), f"{_points(tilt)} / 10%"


def _points(points: float) -> str:
    plain = formats.ratio(points, 1)
    return f"{'+' if points > 0.04 else ''}{plain} pt"


def _own(each: LegRow, px: float | None) -> int | None:
    return None if px is None else round(px * each.row.price_scale / PRICE_SCALE)
