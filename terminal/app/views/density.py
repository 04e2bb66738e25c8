"""The risk-neutral distribution of one expiry, against the lognormal one of its vol at the money."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from terminal.app.formats import MISSING
from terminal.app.views.plots import Fact, Line, Mark, Pictured, Plot, XAxis
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.columns import Floats

_POINTS, _REACH = 241, 4.0
_INV_SQRT_2PI = 0.3989422804014327


@dataclass(frozen=True, slots=True)
class Chances:
    """Probabilities between two prices: by the smile and by the lognormal one."""

    by_smile: float
    by_lognormal: float


def chance_between(values: ChainValues, expiry: int, low: float, high: float) -> Chances:
    """Risk-neutral probabilities to end between two prices; NaN without a surface."""
    below = _density().of_surface(values.surface, np.array([low, high]), values.time[expiry], values.forward[expiry])
    root = values.at_the_money_vol(expiry) * float(np.sqrt(values.time[expiry]))
    plain = ndtr(np.log(np.array([low, high]) / values.forward[expiry]) / root + 0.5 * root)
    smile = float(np.clip(below.below[1] - below.below[0], 0.0, 1.0))
    return Chances(smile, float(plain[1] - plain[0]))


def live_expiries(values: ChainValues) -> list[int]:
    """Rows of the expiries that the surface tells something of."""
    if values.surface is None:
        return []
    return [row for row in range(len(values.time)) if np.isfinite(values.at_the_money_vol(row))]


def picture(values: ChainValues, expiry: int, chosen: tuple[float, float] | None) -> Pictured:
    """Density per dollar in percent, implied move and moments; and the chance of the chosen prices."""
    vol, time, forward = values.at_the_money_vol(expiry), float(values.time[expiry]), float(values.forward[expiry])
    if values.surface is None or not np.isfinite(vol):
        return Pictured(Plot(XAxis.PRICE, reason=values.reason or "This expiry has no vol."))
    root = vol * np.sqrt(time)
    strikes = forward * np.exp(np.linspace(-_REACH, _REACH, _POINTS) * root)
    told = _density().of_surface(values.surface, strikes, time, forward)
    d2 = -np.log(strikes / forward) / root - 0.5 * root
    plain = _INV_SQRT_2PI * np.exp(-0.5 * d2 * d2) / (root * strikes)
    move = values.expected_move(expiry)
    plot = Plot(
        XAxis.PRICE,
        (Line("From the smile", strikes, 100.0 * np.maximum(told.density, 0.0), "0"),
         Line("Lognormal", strikes, 100.0 * plain, "5", dashed=True)),
        marks=(Mark(values.spot.price, "spot", "text1"),
               Mark(forward - move, "\N{MINUS SIGN}1\N{GREEK SMALL LETTER SIGMA}"),
               Mark(forward + move, "+1\N{GREEK SMALL LETTER SIGMA}")),
        unit="% per $1", decimals=3, floor=0.0,
    )  # fmt: skip
    return Pictured(plot, _facts(values, expiry, strikes, told.below, chosen), "")


def _facts(
    values: ChainValues, expiry: int, strikes: Floats, below: Floats, chosen: tuple[float, float] | None
) -> tuple[Fact, ...]:
    forward, move = float(values.forward[expiry]), values.expected_move(expiry)
    found = _density().moments(values.surface, float(values.time[expiry]))
    within = chance_between(values, expiry, max(forward - move, 1e-9), forward + move)
    facts = [
        Fact("1\N{GREEK SMALL LETTER SIGMA} move", f"\N{PLUS-MINUS SIGN}{move:,.2f}",
             "One standard deviation until the expiry, currency."),
        Fact("in %", f"\N{PLUS-MINUS SIGN}{100 * move / forward:.1f}%", "The same of the forward."),
        Fact("Within 1\N{GREEK SMALL LETTER SIGMA}", percent(within.by_smile),
             f"Probability to end within it, by the smile; lognormal {percent(within.by_lognormal)}."),
        Fact("Median", price(_quantile(strikes, below, 0.5)), "Half of the probability lies on either side."),
        Fact("5% below", price(_quantile(strikes, below, 0.05)), "One chance in twenty to end lower."),
        Fact("5% above", price(_quantile(strikes, below, 0.95)), "One chance in twenty to end higher."),
        Fact("Skewness", number(found.skewness), "Of the log return; 0 for a lognormal price."),
        Fact("Kurtosis", number(found.kurtosis), "Of the log return; 3 for a lognormal price."),
    ]  # fmt: skip
    if chosen is not None:
        between = chance_between(values, expiry, *chosen)
        facts.append(
            Fact(f"{chosen[0]:,.2f} to {chosen[1]:,.2f}", percent(between.by_smile),
                 f"Probability to end between both prices; lognormal {percent(between.by_lognormal)}.", "accent")
        )  # fmt: skip
        facts.append(Fact("lognormal", percent(between.by_lognormal), "The same with the vol at the money alone."))
    return tuple(facts)


def _quantile(strikes: Floats, below: Floats, share: float) -> float:
    known = np.isfinite(below)
    if not known.any() or not below[known][0] <= share <= below[known][-1]:
        return float("nan")
    return float(np.interp(share, np.maximum.accumulate(below[known]), strikes[known]))


def percent(share: float) -> str:
    """A probability."""
    return f"{100 * share:.1f}%" if np.isfinite(share) else MISSING


def price(value: float) -> str:
    """A price."""
    return f"{value:,.2f}" if np.isfinite(value) else MISSING


def number(value: float) -> str:
    """A moment."""
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else MISSING


def _density() -> Any:
    """The kernels' module: there is a surface, so they are compiled."""
    return importlib.import_module("terminal.quant.density")
