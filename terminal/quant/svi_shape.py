"""What every smile is asked for: total variance and its derivatives, and Durrleman's function of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terminal.quant.columns import Floats


@dataclass(frozen=True, slots=True)
class Smile:
    """Log-moneyness ``k``, total variance ``w``, and its first and second derivatives in ``k``, of one shape."""

    k: Any
    w: Any
    dw: Any
    d2w: Any


def smile_of(k: Any, a: Any, b: Any, rho: Any, m: Any, sigma: Any) -> Smile:
    """Raw SVI and its derivatives; NaN where the parameters are no SVI or anything is not finite."""
    k, a, b, rho, m, sigma = (np.asarray(each, np.float64) for each in np.broadcast_arrays(k, a, b, rho, m, sigma))
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(k + a + b + rho + m + sigma) | (b < 0.0) | (sigma < 0.0) | (np.abs(rho) > 1.0)
        x = np.where(bad, np.nan, k - m)
        root = np.hypot(x, sigma)
        lean = np.where(root > 0.0, x / root, 0.0)
        bend = np.where(sigma > 0.0, (sigma / root) ** 2 / root, 0.0)
        return Smile(k, a + b * (rho * x + root), b * (rho + lean), b * bend)


def g_of(smile: Smile) -> Floats:
    """Durrleman's ``g = (1 - k w' / 2w)^2 - w'^2 / 4 (1 / w + 1 / 4) + w'' / 2`` (Gatheral and Jacquier 2014, eq. 2.1);
    NaN where ``w`` is not positive."""
    with np.errstate(all="ignore"):
        w = np.where(smile.w > 0.0, smile.w, np.nan)
        slope = np.asarray(smile.dw, np.float64)
        lean = 1.0 - 0.5 * smile.k * slope / w
        found: Floats = lean * lean - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * smile.d2w
    return found
