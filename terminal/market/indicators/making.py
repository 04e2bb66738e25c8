"""From an indicator's specification and settings to its computation."""

from __future__ import annotations

from terminal.market.indicators.computation import Computation
from terminal.market.indicators.session_vwap import VWAP_SPEC, SessionVwap
from terminal.market.indicators.spec import IndicatorSpec, Settings
from terminal.market.indicators.talib_computation import TalibComputation


def make_computation(spec: IndicatorSpec, settings: Settings) -> Computation:
    """A fresh computation of an indicator of the catalog; ``settings`` as :meth:`IndicatorSpec.fit` gives them."""
    if spec.id == VWAP_SPEC.id:
        return SessionVwap(settings)
    return TalibComputation(spec, settings)
