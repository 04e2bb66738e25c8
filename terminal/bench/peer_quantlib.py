"""Tasks of QuantLib, run by peer_child.py in its environment. Objects are built before the clock starts.

QuantLib counts in whole days: the columns hold ``days`` where it needs a date, and time is days / 365.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Columns = dict[str, Any]
Work = Callable[[], Columns]
DAYS = 365.0
_NAMES = ("delta", "gamma", "vega", "theta", "rho")


def _quantlib() -> tuple[Any, Any]:
    ql = importlib.import_module("QuantLib")
    today = ql.Date(15, 6, 2026)
    ql.Settings.instance().evaluationDate = today
    return ql, today


def _each(columns: Columns, *names: str) -> Any:
    return zip(*(columns[name].tolist() for name in names), strict=True)


def european_greeks(columns: Columns) -> Work:
    """A Python loop over BlackCalculator, its leanest road to a price with Greeks."""
    ql, _ = _quantlib()
    rows = list(_each(columns, "spot", "strike", "time", "vol", "rate", "dividend_yield", "is_call"))

    def one(spot: float, strike: float, time: float, vol: float, rate: float, carry: float, call: bool) -> Any:
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike)
        forward = spot * math.exp((rate - carry) * time)
        black = ql.BlackCalculator(payoff, forward, vol * math.sqrt(time), math.exp(-rate * time))
        delta, gamma = black.delta(spot), black.gamma(spot)
        return black.value(), delta, gamma, black.vega(time), black.theta(spot, time), black.rho(time)

    def work() -> Columns:
        table = np.array([one(*row) for row in rows])
        return dict(zip(("price", *_NAMES), table.T, strict=True))

    return work


def _flat(ql: Any, today: Any, rate: float) -> Any:
    return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, ql.Actual365Fixed()))


def _process(ql: Any, today: Any, spot: float, vol: float, rate: float, carry: float) -> Any:
    level = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, ql.Actual365Fixed()))
    quote = ql.QuoteHandle(ql.SimpleQuote(spot))
    return ql.BlackScholesMertonProcess(quote, _flat(ql, today, carry), _flat(ql, today, rate), level)


def _valued(options: list[Any]) -> Work:
    def work() -> Columns:
        prices = np.empty(len(options))
        for at, option in enumerate(options):
            try:
                option.recalculate()
                prices[at] = option.NPV()
            except RuntimeError:  # a refusal is an answer
                prices[at] = np.nan
        return {"price": prices}

    return work


def _american(engine: Callable[[Any, Any], Any]) -> Callable[[Columns], Work]:
    def prepare(columns: Columns) -> Work:
        ql, today = _quantlib()
        options = []
        names = ("spot", "strike", "days", "vol", "rate", "dividend_yield", "is_call")
        for spot, strike, days, vol, rate, carry, call in _each(columns, *names):
            payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike)
            option = ql.VanillaOption(payoff, ql.AmericanExercise(today, today + int(days)))
            option.setPricingEngine(engine(ql, _process(ql, today, spot, vol, rate, carry)))
            options.append(option)
        return _valued(options)

    return prepare


def _qdfp(scheme: str) -> Callable[[Any, Any], Any]:
    return lambda ql, process: ql.QdFpAmericanEngine(process, getattr(ql.QdFpAmericanEngine, scheme)())


def american_reference(columns: Columns) -> Work:
    """QdFp with 100 nodes by both of its fixed-point equations; where these agree the price is known."""

    def by(equation: str) -> Callable[[Any, Any], Any]:
        def engine(ql: Any, process: Any) -> Any:
            scheme = ql.QdFpTanhSinhIterationScheme(40, 100, 1e-13)
            return ql.QdFpAmericanEngine(process, scheme, getattr(ql.QdFpAmericanEngine, equation))

        return engine

    first, second = _american(by("FP_A"))(columns), _american(by("FP_B"))(columns)
    return lambda: {"price": first()["price"], "check": second()["price"]}


def american_dividends(columns: Columns) -> Work:
    """Finite differences in spot with cash dividends that make the spot jump; one schedule for all rows."""
    ql, today = _quantlib()
    paid = [(days, cash) for days, cash in _each(columns, "dividend_days", "dividend_cash") if cash > 0.0]
    dates, amounts = [today + int(days) for days, _ in paid], [cash for _, cash in paid]
    grid = int(columns["grid"][0])

    def engine(_ql: Any, process: Any) -> Any:
        return ql.FdBlackScholesVanillaEngine(process, ql.DividendVector(dates, amounts), grid, grid)

    return _american(engine)(columns)


def _heston(engine: Callable[[Any, Any], Any]) -> Callable[[Columns], Work]:
    def prepare(columns: Columns) -> Work:
        ql, today = _quantlib()
        first = {name: float(column[0]) for name, column in columns.items()}
        quote = ql.QuoteHandle(ql.SimpleQuote(first["spot"]))
        rates = _flat(ql, today, first["rate"]), _flat(ql, today, first["dividend_yield"])
        numbers = (first[name] for name in ("v0", "kappa", "theta", "sigma", "rho"))
        shared = engine(ql, ql.HestonModel(ql.HestonProcess(*rates, quote, *numbers)))
        options = []
        for strike, days, call in _each(columns, "strike", "days", "is_call"):
            payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike)
            option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + int(days)))
            option.setPricingEngine(shared)
            options.append(option)
        return _valued(options)

    return prepare


TASKS: dict[str, Callable[[Columns], Work]] = {
    "european_greeks": european_greeks,
    "american_fast": _american(_qdfp("fastScheme")),
    "american_accurate": _american(_qdfp("accurateScheme")),
    "american_high_precision": _american(_qdfp("highPrecisionScheme")),
    "american_barone_adesi_whaley": _american(lambda ql, process: ql.BaroneAdesiWhaleyApproximationEngine(process)),
    "american_reference": american_reference,
    "american_dividends": american_dividends,
    "heston_analytic": _heston(lambda ql, model: ql.AnalyticHestonEngine(model)),
    "heston_laguerre_64": _heston(lambda ql, model: ql.AnalyticHestonEngine(model, 64)),
}
