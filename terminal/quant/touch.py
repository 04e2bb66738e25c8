"""The probability that the underlying touches a price before a time, at constant vol and carry."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtr

from terminal.quant.columns import float_columns, shaped


def probability(spot: Any, barrier: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any) -> Any:
    """Risk-neutral probability that ``spot`` reaches ``barrier``, from either side, within ``time`` years.

    First passage of a Brownian motion with drift (Shreve 2004, "Stochastic Calculus for Finance II", eq. 7.2.6 and
    theorem 3.7.1's exponent): with ``b = |ln(barrier / spot)|`` and ``m`` the drift of the log towards the barrier,
    ``N((m T - b) / s) + exp(2 m b / vol^2) N((-m T - b) / s)``, ``s = vol sqrt(T)``. Arguments broadcast; a float for
    scalars. At the barrier 1; without time or vol 1 or 0, as the certain path reaches it or not. NaN for bad rows.
    """
    columns, _, shape = float_columns((spot, barrier, time, vol, rate, dividend_yield), True)
    spots, barriers, times, vols, rates, yields = columns
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(spots + barriers + times + vols + rates + yields)
        bad |= (spots <= 0.0) | (barriers <= 0.0) | (times < 0.0) | (vols < 0.0)
        way = np.log(barriers / spots)
        towards = np.where(way < 0.0, -1.0, 1.0)
        far = np.abs(way)
        drift = towards * (rates - yields - 0.5 * vols * vols)
        spread = vols * np.sqrt(times)
        direct = ndtr((drift * times - far) / spread)
        mirrored = np.exp(2.0 * drift * far / (vols * vols) + log_ndtr((-drift * times - far) / spread))
        certain = towards * (rates - yields) * times >= far
        found = np.where(spread > 0.0, np.clip(direct + mirrored, 0.0, 1.0), certain.astype(np.float64))
        found = np.where(far == 0.0, 1.0, found)
    found[bad] = np.nan
    return shaped(found, shape)
