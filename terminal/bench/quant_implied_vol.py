"""Implied vol against pyvolr, py_vollib_vectorized, vollib and fast-vollib: speed, and who is right on hard cases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from terminal.bench import quant_inputs
from terminal.bench.peers import Peer, ask
from terminal.bench.quant_compare import (
    FAST_VOLLIB,
    VECTORIZED,
    VOLLIB,
    VOLR,
    beside_child,
    figure,
    on_one_core,
    ratio_goal,
    seconds,
)
from terminal.bench.quant_inputs import Columns
from terminal.bench.result import Benchmark, Result
from terminal.quant import european, implied_vol

_MEGA = 1e-6
_RIGHT = 1e-9
"""A relative error of the vol above this, beyond what the price's own last digit makes of it, is wrong."""
_AS_EXACT = 1e-13
"""The largest error on the 10,000 of a peer that counts as exact; pyvolr and py_vollib_vectorized come to 7e-15."""
_AGREE = 1e-9


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The largest error on the ordinary options and on the hard cases, and how many of these are wrong."""

    common: float
    hard: float
    wrong: int
    of: int

    def __str__(self) -> str:
        hard = f"wrong on {self.wrong} of {self.of} hard cases (largest error {self.hard:.0e})"
        return f"largest error {self.common:.0e}, {hard}"


def errors(columns: Columns, vol: Any) -> Any:
    """Relative error of ``vol`` in units of what the rounding of the price allows.

    A price known to one part in 2^53 leaves the vol uncertain by price / (vega vol) parts; inf where there is no vol.
    """
    found = european.greeks(*quant_inputs.market(columns))
    allowed = np.maximum(found.price / (found.vega * columns["vol"]), 1.0)
    error = np.abs(np.asarray(vol) - columns["vol"]) / columns["vol"] / allowed
    return np.where(np.isnan(error), np.inf, error)


def accuracy(common: Columns, vol: Any, hard: Columns, hard_vol: Any) -> Accuracy:
    """How exact the answers of one solver are."""
    found = errors(hard, hard_vol)
    return Accuracy(float(errors(common, vol).max()), float(found.max()), int(np.sum(found > _RIGHT)), found.size)


def _prices(columns: Columns) -> list[Any]:
    return [columns[name] for name in ("price", "spot", "strike", "time", "rate", "dividend_yield", "is_call")]


_PEERS: tuple[tuple[Peer, str, int], ...] = (
    (VOLR, "volr_implied_vol", 10_000),
    (VECTORIZED, "vectorized_implied_vol", 10_000),
    (VOLLIB, "vollib_implied_vol", 500),
    (FAST_VOLLIB, "fastvollib_implied_vol", 10_000),
)


def _beside_peer(row: Result, peer: Peer, task: str, timed: int, common: Columns, hard: Columns) -> tuple[Result, bool]:
    """The row beside one peer, and whether that peer is as exact."""
    answer = ask(peer, task, common, timed=timed)
    if answer is None:
        return beside_child(row, peer, None, _MEGA), False
    on_hard = ask(peer, task, hard, rounds=0)
    found = accuracy(common, answer.arrays["vol"], hard, on_hard.arrays["vol"] if on_hard else np.nan)
    # fast-vollib is looked at for its speed only: its errors are told, and are no disagreement of ours.
    agree = None if peer is FAST_VOLLIB else found.common < _AGREE
    note = f"{peer.name}: {found}; tolerance {_AGREE:.0e} on the ordinary ones"
    return beside_child(row, peer, answer, _MEGA, agree=agree, note=note), found.common <= _AS_EXACT


def _implied_vol(_long: bool) -> list[Result]:
    drawn = quant_inputs.with_prices(quant_inputs.options(20_000, seed=3))
    common = {name: np.ascontiguousarray(column[:10_000]) for name, column in drawn.items()}
    hard = quant_inputs.hard_cases()
    vol, hard_vol = (implied_vol.european(*_prices(each))[0] for each in (common, hard))
    ours = accuracy(common, vol, hard, hard_vol)
    if ours.common > _AGREE or ours.wrong:
        raise AssertionError(f"our own implied vols: {ours}")
    (own,) = seconds(lambda: implied_vol.european(*_prices(common)))
    row = figure("implied_vol_10k", 10_000 / own * _MEGA, "M options/s", goal=4.0, note=f"ours: {ours}")
    rows, exact = [row], []
    for peer, task, timed in _PEERS:
        bare = figure(f"implied_vol_10k_{peer.environment}", row.value, row.unit)
        compared, is_exact = _beside_peer(bare, peer, task, timed, common, hard)
        rows.append(compared)
        if is_exact:
            exact.append(compared)
    return [*rows, _lead(row, exact)]


def _lead(row: Result, exact: list[Result]) -> Result:
    """The goal that is a ratio: to the fastest of the peers that are as exact."""
    bare = ratio_goal(replace(row, name="implied_vol_10k_lead", note="beside the fastest peer that is as exact"), 2.0)
    if not exact:
        return bare
    best = max(exact, key=lambda each: each.peer_value or 0.0)
    taken = {name: getattr(best, name) for name in ("peer", "peer_version", "peer_value", "ratio", "answers_agree")}
    return replace(bare, **taken, meets_goal=(best.ratio or 0.0) >= 2.0)


def _chain(_long: bool) -> list[Result]:
    columns = quant_inputs.with_prices(quant_inputs.chain(200, 30), keep=0.0)
    arguments = _prices(columns)
    vol, status, greeks = implied_vol.with_greeks(*arguments)
    solved = np.asarray(status) == 0
    worst, away = float(errors(columns, vol)[solved].max()), np.abs(greeks.price - columns["price"])[solved]
    if worst > _AGREE or away.max() > 1e-12 * columns["spot"][0]:
        raise AssertionError(f"implied vols of the chain are {worst:.0e} off, its prices {away.max():.0e}")
    (own,) = seconds(lambda: implied_vol.with_greeks(*arguments))
    note = f"{solved.size} options, {int(solved.sum())} solved, largest error {worst:.0e}"
    return [figure("implied_vol_greeks_chain_6000", own * 1e3, "ms", better="lower", goal=3.0, note=note)]


BENCHMARKS: list[Benchmark] = [
    on_one_core("implied_vol", _implied_vol),
    on_one_core("implied_vol_greeks", _chain),
]
