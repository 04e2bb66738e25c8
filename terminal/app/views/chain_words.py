"""What stands above a chain: how its vols were reckoned, how old they are, and what the expiry is expected to do."""

from __future__ import annotations

import math

import numpy as np

from terminal.app import ages, formats
from terminal.app.views.chain_vols import method_name
from terminal.core.instruments import Style
from terminal.market.analytics.chain_values import CarrySource, ChainValues, SpotSource

_CARRY = {
    CarrySource.PARITY: "by parity",
    CarrySource.NEIGHBOURS: "of the expiries beside it",
    CarrySource.ASSUMED: "assumed: no pair of quotes tells",
    CarrySource.TRADER: "yours",
    CarrySource.EXPIRED: "expired",
}


def expiry_row(values: ChainValues, expires_ns: int, root: str) -> int | None:
    """The place of a series in ``values``; None when it is not there."""
    for row, expiry in enumerate(values.contracts.expiries):
        if expiry.expires_ns == expires_ns and expiry.root == root:
            return row
    return None


def expiry_words(values: ChainValues, row: int, now_ns: int, *, is_index: bool = False, is_old: bool = False) -> str:
    """The line above the strikes: vol at the money, expected move, forward, and the age of what ``is_old``.

    An index has no market, so that its last value is no poor spot.
    """
    vol, move, forward = values.at_the_money_vol(row), values.expected_move(row), float(values.forward[row])
    parts = [f"ATM {formats.iv_points(vol)}"]
    if math.isfinite(move) and move > 0.0:
        parts.append(f"±{formats.ratio(move)} ({move / forward * 100:.1f}%)")
    parts.append(f"F {formats.ratio(forward)}")
    if values.spot.source is SpotSource.LAST and not is_index:
        parts.append("spot: last trade")
    if values.spot.source is SpotSource.PARITY:
        parts.append("spot: by parity")
    told = values.spot_of_quotes(row)
    if math.isfinite(told):
        parts.append(f"quotes say spot {formats.ratio(told)}")
    if values.reason:
        is_quoted = bool(np.isfinite(values.values["mid_vol"][values.contracts.expiries[row].rows]).any())
        parts = ["no surface: vols of each quote by itself" if is_quoted else "no usable quotes: nothing is valued"]
    if values.carry.source[row] == CarrySource.EXPIRED:
        parts = ["expired"]
    if values.spot.source is SpotSource.NONE:
        parts = ["no spot: nothing is valued"]
    if is_old:
        age_ns = now_ns - values.now_ns
        parts.append(f"{ages.age(age_ns)} old" if age_ns > 0 else "of a later moment")
    return "   ".join(parts)


def method_words(values: ChainValues, row: int, style: Style, why: str = "", currency: str = "USD") -> str:
    """The same in sentences, for the tooltip. ``why``: no newer values are made."""
    carry = values.carry
    source = CarrySource(int(carry.source[row]))
    model = "American exercise" if style is Style.AMERICAN else "Black-Scholes-Merton"
    lines = [
        f"Values and Greeks at the vol of the fitted surface, {model}.",
        f"{currency} per share; theta by calendar day, vega and rho by point.",
        f"Rate {carry.rate[row] * 100:.2f}%, carry {carry.carry_yield[row] * 100:.2f}% a year; {_CARRY[source]}.",
        f"Made at {ages.time_of_day(values.now_ns, millis=True)} from the quotes that stood then.",
    ]
    if values.spot.source is SpotSource.NONE:
        del lines[2]
    elif source is CarrySource.PARITY:
        told = ages.time_of_day(int(carry.told_ns[row]))
        error = carry.forward_error[row]
        lines.insert(3, f"Forward {values.forward[row]:,.2f}, give or take {error:,.2f}, by the quotes of {told}.")
    told_px = values.spot_of_quotes(row)
    if math.isfinite(told_px):
        old = ages.age(max(0, values.now_ns - values.spot.ts_ns))
        lines.append(
            f"The spot {values.spot.price:,.2f} is {old} old, the quotes mean {told_px:,.2f}: "
            "values and Greeks mix two moments, most of all in the money."
        )
    if values.spot.source is SpotSource.PARITY:
        lines.append(f"The underlying has neither a market nor a trade: {values.spot.price:,.2f} is what parity tells.")
    lines += [each for each in dict.fromkeys((values.reason, why)) if each]
    return "\n".join(lines)


def fallback_words(rate: float, style: Style, why: str, currency: str = "USD") -> tuple[str, str]:
    """Line and tooltip while there are no analytics, only each quote by Black-Scholes."""
    european = ", American as European" if style is Style.AMERICAN else ""
    text = f"{currency}; IV in points: BS on the spot, r={rate * 100:.2f}%{european}"
    return text, f"{method_name(rate, style)}\n{why}".rstrip()
