"""NautilusTrader's task, run by peer_child.py in its environment: quotes of an option chain through its BacktestEngine.

An OptionContract for each instrument and a strategy that subscribes to all of them and does nothing but look. Engine,
contracts and ticks are made before the clock runs, and the engine is put back to its start between rounds without it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

Columns = dict[str, Any]
MODEL = "nautilus_trader.model"
VENUE, UNDERLYING = "OPRA", "GOOG"
MULTIPLIER = 100
SCALE = 100
"""The columns' prices are in 1/10,000; these prices have two decimals."""


class Replay:
    """One engine with all contracts and ticks in it; a call runs it once."""

    def __init__(self, columns: Columns) -> None:
        engine = import_module("nautilus_trader.backtest.engine")
        logging = import_module("nautilus_trader.config").LoggingConfig(bypass_logging=True)
        enums, objects = import_module(f"{MODEL}.enums"), import_module(f"{MODEL}.objects")
        self._identifiers = import_module(f"{MODEL}.identifiers")
        self._currency = import_module(f"{MODEL}.currencies").USD
        self._engine = engine.BacktestEngine(engine.BacktestEngineConfig(logging=logging, run_analysis=False))
        venue = self._identifiers.Venue(VENUE)
        self._engine.add_venue(
            venue=venue, oms_type=enums.OmsType.NETTING, account_type=enums.AccountType.MARGIN,
            base_currency=self._currency, starting_balances=[objects.Money(1_000_000, self._currency)],
        )  # fmt: skip
        self._instruments = int(columns["instrument"].max()) + 1
        self._ids: dict[Any, int] = {}
        for number in np.unique(columns["instrument"]).tolist():
            contract = self._contract(columns, number, venue, enums, objects)
            self._engine.add_instrument(contract)
            self._ids[contract.id] = number
        self._engine.add_data(_ticks(columns, {number: name for name, number in self._ids.items()}))
        self._look = _strategy(tuple(self._ids))
        self._engine.add_strategy(self._look)
        self._ran = False

    def before(self) -> None:
        """Back to the start; the data and the contracts stay."""
        if self._ran:
            self._engine.reset()
            self._look.count, self._look.last = 0, {}

    def __call__(self) -> Columns:
        """Runs all ticks; how many the strategy saw, and each contract's last bid and ask in 1/10,000."""
        self._ran = True
        self._engine.run()
        last = np.full((self._instruments, 2), -1, np.int64)
        for tick in self._look.last.values():
            sides = (tick.bid_price, tick.ask_price)
            last[self._ids[tick.instrument_id]] = [round(float(px) * SCALE) * SCALE for px in sides]
        return {"count": np.array([self._look.count]), "last": last}

    def _contract(self, columns: Columns, number: int, venue: Any, enums: Any, objects: Any) -> Any:
        symbol = self._identifiers.Symbol(f"{UNDERLYING}{number}")
        terms = {
            "instrument_id": self._identifiers.InstrumentId(symbol, venue), "raw_symbol": symbol,
            "currency": self._currency, "price_precision": 2, "price_increment": objects.Price.from_str("0.01"),
            "lot_size": objects.Quantity.from_int(1), "ts_event": 0, "ts_init": 0,
        }  # fmt: skip
        instruments = import_module(f"{MODEL}.instruments")
        strike = float(columns["strike"][number])
        if not strike:
            return instruments.Equity(**terms)
        right = enums.OptionKind.CALL if columns["is_call"][number] else enums.OptionKind.PUT
        return instruments.OptionContract(
            **terms, asset_class=enums.AssetClass.EQUITY, multiplier=objects.Quantity.from_int(MULTIPLIER),
            underlying=UNDERLYING, option_kind=right, strike_price=objects.Price(strike, 2), activation_ns=0,
            expiration_ns=int(columns["expires_ns"][number]),
        )  # fmt: skip


def _strategy(instruments: tuple[Any, ...]) -> Any:
    class Look(import_module("nautilus_trader.trading.strategy").Strategy):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.count = 0
            self.last: dict[Any, Any] = {}

        def on_start(self) -> None:
            for each in instruments:
                self.subscribe_quote_ticks(each)

        def on_quote_tick(self, tick: Any) -> None:
            self.count += 1
            self.last[tick.instrument_id] = tick

    return Look()


def _ticks(columns: Columns, names: dict[int, Any]) -> list[Any]:
    """Every row as a tick, from the fixed-point numbers that the peer itself keeps."""
    objects = import_module(f"{MODEL}.objects")
    make = import_module(f"{MODEL}.data").QuoteTick.from_raw
    cent, lot = objects.Price.from_str("0.01").raw, objects.Quantity.from_int(1).raw
    order = ("instrument", "bid", "ask", "bid_size", "ask_size", "ts_ns")
    rows = zip(*(columns[name].tolist() for name in order), strict=True)
    return [
        make(names[number], bid // SCALE * cent, ask // SCALE * cent, 2, 2, bids * lot, asks * lot, 0, 0, at_ns, at_ns)
        for number, bid, ask, bids, asks, at_ns in rows
    ]


TASKS: dict[str, Callable[[Columns], Replay]] = {"chain": Replay}
