"""American options against QuantLib: QdFp, Barone-Adesi-Whaley, and finite differences for cash dividends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from terminal.bench import quant_inputs
from terminal.bench.peers import Answer, ask
from terminal.bench.quant_compare import QUANTLIB, beside_child, figure, on_one_core, seconds
from terminal.bench.quant_inputs import Columns
from terminal.bench.result import Benchmark, Result
from terminal.quant import american, american_dividends
from terminal.quant.american import Accuracy
from terminal.quant.implied_vol import Status

COUNT = 2_000
REFERENCE_ROWS = 60
_KNOWN = 2e-10
"""QuantLib's two fixed-point equations with 100 nodes must agree to this before their price is a reference."""
DIVIDENDS = ((45, 1.0), (136, 1.0), (227, 1.2), (318, 1.2))
"""Days and cash of the schedule that the dividend figure uses."""


@dataclass(frozen=True, slots=True)
class _Tier:
    """One of our accuracies: rate and error that are the goal."""

    name: str
    accuracy: Accuracy
    goal: float
    error: float


@dataclass(frozen=True, slots=True)
class _Engine:
    """One of QuantLib's: rows that are timed, and how near to the true price it is known to be."""

    task: str
    beside: str
    timed: int
    tolerance: float


_TIERS = (_Tier("fast", Accuracy.FAST, 60_000.0, 1e-6), _Tier("precise", Accuracy.PRECISE, 5_000.0, 1e-9))
_ENGINES = (
    _Engine("fast", "fast", COUNT, 1e-2),
    _Engine("accurate", "fast", COUNT, 1e-3),
    _Engine("barone_adesi_whaley", "fast", COUNT, 2.0),
    _Engine("high_precision", "precise", 30, 1e-5),
)


def worst(found: Any, reference: Any) -> float:
    """The largest difference; both sides must have an answer."""
    return float(np.max(np.abs(np.asarray(found) - np.asarray(reference))))


def known_error(prices: Any, answer: Answer | None) -> tuple[float, int]:
    """The largest error against QuantLib with 100 nodes, and on how many rows that is exact enough to tell."""
    if answer is None:
        return 0.0, 0
    exact, check = answer.arrays["price"], answer.arrays["check"]
    known = np.abs(exact - check) < _KNOWN
    return worst(prices[: exact.size][known], exact[known]), int(known.sum())


def _tier_row(tier: _Tier, columns: Columns, reference: Any, exact: Answer | None) -> Result:
    arguments = quant_inputs.market(columns)
    prices = american.price(*arguments, accuracy=tier.accuracy)
    (own,) = seconds(lambda: american.price(*arguments, accuracy=tier.accuracy))
    error, (absolute, rows) = worst(prices, reference), known_error(prices, exact)
    best = tier.accuracy is list(Accuracy)[-1]
    note = "our highest tier" if best else f"worst error {error:.1e} per 100 of strike to our highest tier on {COUNT:,}"
    known = f"{absolute:.1e} to QuantLib QdFp of 100 nodes on the {rows} where that is known"
    note += f", goal {tier.error:.0e}; {known if rows else 'no exact price of a peer to hold it against'}"
    row = figure(f"american_{tier.name}", COUNT / own, "options/s", goal=tier.goal, note=note)
    if best and not rows:
        return replace(row, meets_goal=None)  # nothing here to hold it against
    return replace(row, meets_goal=bool(row.meets_goal) and max(error, absolute) <= tier.error)


def _prices(_long: bool) -> list[Result]:
    columns = quant_inputs.options(COUNT, seed=6)
    reference = american.price(*quant_inputs.market(columns), accuracy=list(Accuracy)[-1])
    if not np.isfinite(reference).all():
        raise AssertionError(f"{int(np.sum(~np.isfinite(reference)))} American prices are no number")
    answers = {each.task: ask(QUANTLIB, f"american_{each.task}", columns, timed=each.timed) for each in _ENGINES}
    few = {name: column[:REFERENCE_ROWS] for name, column in columns.items()}
    exact = ask(QUANTLIB, "american_reference", few, rounds=0)
    rows = {tier.name: _tier_row(tier, columns, reference, exact) for tier in _TIERS}
    compared = []
    for engine in _ENGINES:
        answer, row = answers[engine.task], rows[engine.beside]
        bare = figure(f"american_{engine.beside}_{engine.task}", row.value, row.unit)
        theirs = answer.arrays["price"] if answer else reference
        known = np.isfinite(theirs)
        error = worst(theirs[known], reference[known])
        note = f"QuantLib's worst error {error:.1e} per 100 of strike, tolerance {engine.tolerance:.0e}"
        if not known.all():
            note += f", {int(np.sum(~known))} without an answer"
        peer = replace(QUANTLIB, name=f"QuantLib {engine.task.replace('_', ' ')}")
        compared.append(beside_child(bare, peer, answer, 1.0, agree=error < engine.tolerance, note=note))
    return [*rows.values(), *compared]


def _dividends(_long: bool) -> list[Result]:
    columns = quant_inputs.chain(40)
    count = columns["strike"].size
    columns |= {"time": np.ones(count), "days": np.full(count, 365.0), "grid": np.full(count, 400.0)}
    for at, name in enumerate(("dividend_days", "dividend_cash")):
        column = np.array([pair[at] for pair in DIVIDENDS], np.float64)
        columns[name] = np.resize(np.append(column, np.zeros(count)), count)
    schedule = [(days / quant_inputs.DAYS_A_YEAR, cash) for days, cash in DIVIDENDS]
    arguments = quant_inputs.market(columns)
    prices = american_dividends.price(*arguments, schedule)
    fine = american_dividends.price(*arguments, schedule, resolution=american_dividends.FINE)
    (own,) = seconds(lambda: american_dividends.price(*arguments, schedule))
    answer = ask(QUANTLIB, "american_dividends", columns, timed=10)
    apart = worst(answer.arrays["price"], fine) if answer else 0.0
    note = f"{count} options, 4 cash dividends in a year, {worst(prices, fine):.0e} from our finest grid"
    row = figure("american_dividends", count / own, "options/s", note=note)
    peer = replace(QUANTLIB, name="QuantLib Fd 400 x 400")
    return [beside_child(row, peer, answer, 1.0, agree=apart < 5e-3, note=f"apart {apart:.0e}, tolerance 5e-03")]


def _chain(_long: bool) -> list[Result]:
    columns = quant_inputs.chain(200, 30)
    price = american.price(*quant_inputs.market(columns))
    market = tuple(columns[name] for name in ("spot", "strike", "time", "rate", "dividend_yield", "is_call"))
    vol, status, greeks = american.with_implied_vol(price, *market)
    solved = status == 0
    away = float(np.abs(greeks.price - price)[solved].max())
    if away > 1e-4 or np.any(status[~solved] != Status.ZERO_TIME_VALUE):
        raise AssertionError(f"prices at the implied vols are {away:.0e} from those that were given, or one has none")
    (own,) = seconds(lambda: american.with_implied_vol(price, *market))
    error = np.abs(vol - columns["vol"]) * greeks.vega / columns["strike"]
    note = f"{solved.size} options, {int(solved.sum())} solved, the others worth their exercise; "
    note += f"errors of vol times vega within {float(error[solved].max()):.0e} of the strike"
    return [figure("american_implied_vol_chain_6000", own * 1e3, "ms", better="lower", goal=100.0, note=note)]


BENCHMARKS: list[Benchmark] = [
    on_one_core("american", _prices),
    on_one_core("american_implied_vol", _chain),
    on_one_core("american_dividends", _dividends),
]
