"""A year of volatility of one underlying: lines by day, ranks, cone, skew and term structure."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from terminal.app.formats import MISSING
from terminal.app.views.plots import Band, Fact, Line, Pictured, Plot, XAxis
from terminal.app.vol_history import VolSeries
from terminal.quant.columns import Floats
from terminal.quant.vol_measures import LEAST_DAYS, TENORS_DAYS, WINDOWS_DAYS, SmilePoints, cone, standing, standings
from terminal.store.vol_days import VolDays, blank_days

AGO = ((1, "1 d ago"), (7, "1 w ago"), (30, "1 m ago"))
"""Calendar days back that the term structure is shown beside today's, of the last close until then."""
_LONGEST_PAUSE = np.timedelta64(4, "D")


class VolChart(Enum):
    """What the panel draws."""

    VOLS = "Vols"
    RANK = "IV rank"
    CONE = "Cone"
    SKEW = "Skew"
    TERM = "Term"


def with_now(days: VolDays, day: np.datetime64, now: SmilePoints | None, spot: float) -> VolDays:
    """The days with one for the market of now at the end, where its chain tells anything; its prices are the spot's
    alone, so that it has no realised vols of its own."""
    if now is None or not np.isfinite(now.at_the_money).any() or (len(days) and days["day"][-1] >= day):
        return days
    row = blank_days(1)
    row["day"], row["close"] = day, spot
    for name, column in (("atm", now.at_the_money), ("skew", now.skew), ("fly", now.butterfly)):
        for tenor, value in zip(TENORS_DAYS, column, strict=True):
            row[f"{name}_{tenor}"] = value
    row["slope"] = row["atm_90"] - row["atm_30"]
    joined: VolDays = np.concatenate((days, row))
    return joined


def picture(series: VolSeries | None, days: VolDays, chart: VolChart, tenor: int) -> Pictured:
    """The plot and the facts of a chart. ``days``: of :meth:`VolSeries.known_at`, perhaps with one of now."""
    if series is None:
        return Pictured(Plot(XAxis.DAY, reason="The history is being read."))
    if not len(days):
        return Pictured(Plot(XAxis.DAY, reason=_NOTHING))
    make = {
        VolChart.VOLS: _vols, VolChart.RANK: _rank, VolChart.CONE: _cone, VolChart.SKEW: _skew, VolChart.TERM: _term,
    }[chart]  # fmt: skip
    return Pictured(make(days, tenor), facts(days, tenor), note(series, days))


_NOTHING = (
    "No day is recorded yet. Days are written at each close; 'moneyness volatility' makes them from recordings and "
    "imports."
)


def note(series: VolSeries, days: VolDays) -> str:
    """Where the days come from."""
    source = "simulated days" if series.origin.is_simulated else "recorded days"
    return f"{len(days):,} {source} since {days['day'][0]}"


def facts(days: VolDays, tenor: int) -> tuple[Fact, ...]:
    """Figures of the last day, vols in points."""
    iv, realised = days[f"atm_{tenor}"], _at_close(days, "yz_20")
    stands = standing(iv)
    last = days[-1]
    too_few = f"{stands.days} days are known; at least {LEAST_DAYS} are needed."
    return (
        Fact(f"IV {tenor}d", points(iv[-1]), f"At-the-money vol of {tenor} calendar days, points."),
        Fact("Rank", whole(stands.rank),
             "Where it stands between the least (0) and the greatest (100) of the last 252 days."
             if stands.rank is not None else too_few),
        Fact("Pctl", whole(stands.percentile),
             "Percent of the earlier days of the last 252 on which it was lower."
             if stands.percentile is not None else too_few),
        Fact("HV 20d", points(realised), "Realised vol of 20 trading days, Yang and Zhang, points."),
        Fact("IV-HV".replace("-", "\N{MINUS SIGN}"), points(iv[-1] - realised, sign=True),
             "Implied less realised of 20 days, points.", tone_of(iv[-1] - realised)),
        Fact("25\N{GREEK CAPITAL LETTER DELTA} skew", points(last[f"skew_{tenor}"], sign=True),
             "Vol of the 25-delta put less that of the 25-delta call, points."),
        Fact("Fly", points(last[f"fly_{tenor}"], sign=True), "Mean of both 25-delta vols less the one at the money."),
        Fact("90d\N{MINUS SIGN}30d", points(last["slope"], sign=True), "Slope of the term structure, points."),
        Fact("VIX-style", points(_at_close(days, "vix")), "Vol of 30 days by the Cboe's method, at the last close."),
        Fact("Var swap", points(_at_close(days, "varswap")),
             "Fair strike of a variance swap of 30 days from the fitted smile, at the last close."),
    )  # fmt: skip


def points(vol: float, *, sign: bool = False) -> str:
    """A decimal as points of vol."""
    if not math.isfinite(vol):
        return MISSING
    text = f"{100.0 * vol:+.1f}" if sign else f"{100.0 * vol:.1f}"
    return text.replace("-", "\N{MINUS SIGN}")


def whole(value: float | None) -> str:
    """A rank or a percentile."""
    return MISSING if value is None else f"{value:.0f}"


def tone_of(value: float) -> str:
    """The colour of a difference."""
    return "text0" if not math.isfinite(value) or value == 0 else "up" if value > 0 else "down"


def _at_close(days: VolDays, name: str) -> float:
    """At the last close, and of no earlier one: what was known before a hole is no figure of now."""
    known = np.flatnonzero(days["known_ns"] > 0)
    return float(days[name][known[-1]]) if len(known) else math.nan


def _x(days: VolDays) -> Floats:
    return days["day"].astype(np.int64).astype(np.float64)


def _vols(days: VolDays, tenor: int) -> Plot:
    x = _x(days)
    window = min(WINDOWS_DAYS, key=lambda each: abs(each * 365.0 / 252.0 - tenor))
    lines = (
        Line(f"IV {tenor}d", x, 100.0 * days[f"atm_{tenor}"], "0"),
        Line(f"HV {window}d Yang-Zhang", x, 100.0 * days[f"yz_{window}"], "1"),
        Line(f"HV {window}d close-close", x, 100.0 * days[f"cc_{window}"], "5", dashed=True),
        Line("VIX-style", x, 100.0 * days["vix"], "4", dots=True),
    )
    known = tuple(line for line in lines if np.isfinite(line.y).any())
    return Plot(XAxis.DAY, known, unit="vol, points", reason=f"No day tells a vol of {tenor} days.")


def _rank(days: VolDays, tenor: int) -> Plot:
    iv = days[f"atm_{tenor}"]
    rank, percentile = standings(iv)
    x = _x(days)
    known = int(np.isfinite(iv).sum())
    return Plot(
        XAxis.DAY,
        (Line("Rank", x, rank, "0"), Line("Percentile", x, percentile, "1")),
        unit="of the last 252 days", decimals=0, floor=0.0,
        reason=f"{known} days are known; a rank needs {LEAST_DAYS}.",
    )  # fmt: skip


def _cone(days: VolDays, tenor: int) -> Plot:
    found = cone({window: days[f"yz_{window}"] for window in WINDOWS_DAYS})
    known = [window for window in WINDOWS_DAYS if found[window] is not None]
    reason = f"A cone needs {LEAST_DAYS} realised vols of a horizon."
    if not known:
        return Plot(XAxis.TENOR, reason=reason)
    x = np.array(known, np.float64) * 365.0 / 252.0
    table = 100.0 * np.array([found[window] for window in known])
    labels = ("Least", "10%", "25%", "Median", "75%", "90%", "Most")
    dashed = {0, 6}
    lines = tuple(
        Line(label, x, table[:, at], "2" if at == 3 else "text2", dashed=at in dashed, dots=at == 3)
        for at, label in enumerate(labels)
    )
    now = 100.0 * np.array([_at_close(days, f"yz_{window}") for window in known])
    tenors = np.array(TENORS_DAYS, np.float64)
    implied = 100.0 * np.array([days[f"atm_{each}"][-1] for each in TENORS_DAYS])
    return Plot(
        XAxis.TENOR,
        (*lines, Line("Realised now", x, now, "1", dots=True), Line("Implied now", tenors, implied, "0", dots=True)),
        (Band(x, table[:, 1], table[:, 5], "2"), Band(x, table[:, 2], table[:, 4], "2")),
        unit="vol, points, by horizon", reason=reason,
    )  # fmt: skip


def _skew(days: VolDays, tenor: int) -> Plot:
    x = _x(days)
    return Plot(
        XAxis.DAY,
        (
            Line(f"25\N{GREEK CAPITAL LETTER DELTA} skew {tenor}d", x, 100.0 * days[f"skew_{tenor}"], "0"),
            Line(f"Butterfly {tenor}d", x, 100.0 * days[f"fly_{tenor}"], "1"),
            Line("Slope 90d\N{MINUS SIGN}30d", x, 100.0 * days["slope"], "4", dashed=True),
        ),
        unit="vol, points", reason=f"No day tells a skew of {tenor} days.",
    )  # fmt: skip


def _term(days: VolDays, tenor: int) -> Plot:
    x = np.array(TENORS_DAYS, np.float64)
    lines = [Line("Now" if days["known_ns"][-1] == 0 else str(days["day"][-1]), x, _curve(days[-1]), "0", dots=True)]
    for tone, (back, label) in enumerate(AGO, start=1):
        wanted = days["day"][-1] - back
        at = int(np.searchsorted(days["day"], wanted, "right")) - 1
        if at >= 0 and wanted - days["day"][at] <= _LONGEST_PAUSE:
            lines.append(Line(label, x, _curve(days[at]), str(tone), dashed=True, dots=True))
    return Plot(XAxis.TENOR, tuple(lines), unit="vol, points, by days to go", reason="No expiry tells a vol.")


def _curve(row: np.void) -> Floats:
    return 100.0 * np.array([row[f"atm_{tenor}"] for tenor in TENORS_DAYS])
