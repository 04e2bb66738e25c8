"""The surface on recorded chains: American quotes made European, fitted, and every quote accounted for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from terminal.quant import american, parity, surface
from terminal.quant.implied_vol import Status
from terminal.quant.surface import QuoteStatus, SurfaceFit, SurfaceQuotes
from tests.quant import real_chains
from tests.quant.real_chains import Flags, RealChain
from tests.quant.test_surface import assert_no_arbitrage

DAY = 1.0 / 365.0


def european_quotes(chain: RealChain, *, is_american: bool, rate: float, rate_error: float) -> SurfaceQuotes:
    """Forward, rate and yield of every expiry from parity; then the vols at which the style's price is bid and ask."""
    fits = parity.term_structure(
        chain.expires_ns, chain.time, chain.strike, chain.is_call, chain.bid, chain.ask, spot=chain.underlying_mid,
        rate=rate, rate_error=rate_error, is_american=is_american, window=0.1 if is_american else 0.25,
    )  # fmt: skip
    row = np.unique(chain.expires_ns, return_inverse=True)[1]
    forward, discount = (np.array([getattr(each, name) for each in fits])[row] for name in ("forward", "discount"))
    if not is_american:
        bid, ask, calls = chain.bid, chain.ask, chain.is_call
        return surface.from_prices(chain.time, forward, discount, chain.strike, bid, ask, calls)
    flat_rate, carry = (np.array([getattr(each, name) for each in fits])[row] for name in ("rate", "dividend_yield"))
    contract = (chain.underlying_mid, chain.strike, chain.time, flat_rate, carry, chain.is_call)
    fast = american.Accuracy.FAST
    low, _ = american.implied_vol(np.where(chain.bid > 0.0, chain.bid, np.nan), *contract, accuracy=fast)
    high, code = american.implied_vol(chain.ask, *contract, accuracy=fast)
    # An ask that no vol gives is no bound above; one at or below intrinsic is honoured by none.
    high = np.where((code == Status.BELOW_INTRINSIC) | (code == Status.ZERO_TIME_VALUE), 0.0, high)
    return surface.from_vols(chain.time, forward, chain.strike, low, high)


def share_inside(chain: RealChain, fitted: SurfaceFit, rows: Flags) -> float:
    """Of all quotes with a bid and an ask, whether they could be used or not."""
    counted = chain.is_two_sided & rows
    return float(np.mean(fitted.report.status[counted] == QuoteStatus.INSIDE))


def test_goog_at_noon(shared_data: Path) -> None:
    chain = real_chains.goog(shared_data)
    fitted = surface.fit(european_quotes(chain, is_american=True, rate=0.01, rate_error=0.01))
    assert_no_arbitrage(fitted)
    assert fitted.times.size == 12
    share = share_inside(chain, fitted, chain.time > DAY)
    print(f"GOOG 2015-12-24 12:00: {share:.4f} of two-sided quotes with more than a day to run are inside")
    print(fitted.report.counts(), fitted.slices.inside / fitted.slices.used)
    assert share > 0.98
    # The earnings of early February lift the expiries after them.
    vol = fitted.implied_vol(chain.underlying_mid, fitted.times)
    assert 0.1 < vol.min() < vol.max() < 0.4
    assert np.array_equal(np.flatnonzero(fitted.report.status), fitted.report.not_honoured)


@pytest.mark.parametrize(
    ("day", "least"), [(real_chains.AAPL_DAY, 0.85), (real_chains.AAPL_SPLIT_DAY, 0.87)], ids=["before", "split"]
)
def test_aapl_at_noon(shared_data: Path, day: date, least: float) -> None:
    chain = real_chains.aapl(shared_data, day)
    quotes = european_quotes(chain, is_american=True, rate=0.005, rate_error=0.005)
    fitted = surface.fit(quotes)
    assert_no_arbitrage(fitted)
    share = share_inside(chain, fitted, chain.time > DAY)
    plain = share_inside(chain, surface.fit(quotes, refine=False), chain.time > DAY)
    print(f"AAPL {day} 12:00: {share:.4f} inside, plain eSSVI {plain:.4f}", fitted.report.counts())
    print(fitted.slices.inside / fitted.slices.used)
    assert share > least
    assert share > plain


def test_spx_has_too_few_strikes_and_says_so(shared_data: Path) -> None:
    chain = real_chains.spx(shared_data)
    fitted = surface.fit(european_quotes(chain, is_american=False, rate=0.0, rate_error=0.01))
    evening, morning = (np.isin(fitted.slices.time, chain.time[chain.root == root]) for root in ("SPXW", "SPX"))
    assert (fitted.slices.status[evening] == surface.SliceStatus.TOO_FEW_QUOTES).all()
    assert (fitted.slices.status[morning] == surface.SliceStatus.FITTED).all()
    assert evening.sum() == 3
    assert (fitted.report.status[chain.root == "SPXW"] != QuoteStatus.INSIDE).all()
    assert_no_arbitrage(fitted)
    used = np.isin(fitted.report.status, [QuoteStatus.INSIDE, QuoteStatus.BELOW_BID, QuoteStatus.ABOVE_ASK])
    assert used.any()
    assert (fitted.report.status[used] == QuoteStatus.INSIDE).all()
