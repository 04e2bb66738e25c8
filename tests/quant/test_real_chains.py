"""The recorded chains that other tests stand on: the traps of the data are walked around."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.quant import real_chains


def test_goog_at_noon_is_the_whole_chain(shared_data: Path) -> None:
    chain = real_chains.goog(shared_data)
    assert len(chain.strike) == 2192
    assert len(np.unique(chain.expiry)) == 12
    assert (chain.strike.min(), chain.strike.max()) == (290.0, 1140.0)
    # A half day: one hour is left to the options that expire today.
    assert np.isclose(chain.time.min() * 365 * 24, 1.0)
    assert 740.0 < chain.underlying_bid < chain.underlying_ask < 760.0
    assert chain.underlying_bid <= chain.underlying_last <= chain.underlying_ask + 0.5
    both = np.isfinite(chain.bid) & np.isfinite(chain.ask)
    assert np.all(chain.ask[both] >= chain.bid[both])
    assert np.count_nonzero(chain.is_two_sided) > 1500
    assert np.nanmin(chain.bid_age_s) >= 0.0
    assert np.nanmax(chain.bid_age_s) <= 9000.0


def test_a_bar_is_seen_at_its_end(shared_data: Path) -> None:
    at = {minute: real_chains.goog(shared_data, 9, minute) for minute in (36, 37)}
    quotes = {}
    for minute, chain in at.items():
        row = chain.is_call & (chain.strike == 750.0) & (chain.expiry == np.datetime64("2015-12-24"))
        quotes[minute] = (chain.bid[row].item(), chain.ask[row].item())
    assert quotes[36] == (1.40, 1.60)
    assert quotes[37] == (1.55, 2.10)


def test_aapl_splits_between_the_days(shared_data: Path) -> None:
    before = real_chains.aapl(shared_data)
    after = real_chains.aapl(shared_data, real_chains.AAPL_SPLIT_DAY)
    assert len(before.strike) > 2000
    assert len(after.strike) > 2000
    assert 6.5 < before.underlying_mid / after.underlying_mid < 7.5
    assert 695.0 in before.strike
    assert 99.29 in after.strike


def test_spx_roots_settle_in_the_morning_and_in_the_evening(shared_data: Path) -> None:
    chain = real_chains.spx(shared_data)
    assert set(chain.root) == {"SPX", "SPXW"}
    assert np.array_equal(chain.is_am, chain.root == "SPX")
    # 0DTE: four hours from noon to 16:00.
    assert np.isclose(chain.time.min() * 365 * 24, 4.0)
    assert 3600.0 < chain.underlying_mid < 3800.0
    assert np.isnan(chain.underlying_bid)


def test_rows_are_taken_together(shared_data: Path) -> None:
    chain = real_chains.goog(shared_data)
    calls = chain.take(chain.is_call)
    assert np.all(calls.is_call)
    assert calls.strike.shape == calls.bid_age_s.shape == (np.count_nonzero(chain.is_call),)
    assert calls.underlying_mid == chain.underlying_mid
