"""Local volatility from the fitted surface (Dupire 1994), in total variance: ``sigma^2 = (dw/dt) / g``.

Gatheral, "The Volatility Surface" (2006), eq. 1.10, whose denominator is Durrleman's ``g``; ``t``-derivatives are at
constant log-moneyness. Every part is in closed form, so there is no noise from differences; where the surface is free
of arbitrage both are not negative. As the slices are linear in time, local variance jumps at the expiries: at one it
is that of the interval after it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from terminal.quant.surface import SurfaceFit

_EARLY = 1e-9
"""The part of the first expiry that stands for time 0, where variance and its slope in ``k`` vanish together."""


def dupire(fitted: SurfaceFit, k: Any, t: Any) -> Any:
    """Local vol at log-moneyness ``k = ln(S / F(t))`` and ``t`` years; arguments broadcast, scalars give a float.

    0 where the surface does not grow in time; NaN for bad rows and where there is no positive density (in far wings
    both vanish: the quotient goes on as long as ``g`` is above 0). Raises ValueError for shapes that do not broadcast.
    """
    k, t = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(t, np.float64))
    first = fitted.times[0] if fitted.times.size else np.nan
    with np.errstate(all="ignore"):
        when = np.where(t >= 0.0, np.maximum(t, _EARLY * first), np.nan)
        g = np.asarray(fitted.durrleman_g(k, when))
        grown = np.maximum(fitted.time_slope(k, when), 0.0)
        found = np.sqrt(grown / np.where(g > 0.0, g, np.nan))
    return float(found) if found.ndim == 0 else found


def dupire_at(fitted: SurfaceFit, spot: Any, t: Any, forward: Any = None) -> Any:
    """The same at a price ``spot`` of the underlying; ``forward`` at ``t`` is the surface's unless given."""
    t = np.asarray(t, np.float64)
    forward = fitted.forward(t) if forward is None else forward
    with np.errstate(all="ignore"):
        return dupire(fitted, np.log(np.asarray(spot, np.float64) / forward), t)
