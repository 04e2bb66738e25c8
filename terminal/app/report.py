"""What a run leaves behind for programs to read: the report of ``--report`` and its digest."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terminal.app.ports import DeskMode, TradingSnapshot
from terminal.core.clock import from_ns
from terminal.core.instruments import InstrumentTable
from terminal.core.latency import LatencyMeter
from terminal.core.money import format_money, format_px
from terminal.infra import atomic_file
from terminal.infra.failures import UsageError, WorkFailed
from terminal.market.state import MarketState


@dataclass(frozen=True, slots=True)
class UiFigures:
    """What the frame clock counted since the status bar said ready; None without a window."""

    frames: int = 0
    p99_frame_ms: float | None = None
    longest_gap_ms: float | None = None


@dataclass(slots=True)
class RunFigures:
    """What a run knows beside market and trading. Times are market time."""

    mode: DeskMode
    seed: int | None
    first_ns: int
    last_ns: int
    refused: dict[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()
    feed_to_state: LatencyMeter | None = None
    state_to_paint: LatencyMeter | None = None
    command_to_venue: LatencyMeter | None = None
    ui: UiFigures = UiFigures()


def build_report(
    figures: RunFigures, table: InstrumentTable, market: MarketState, trading: TradingSnapshot
) -> dict[str, Any]:
    """The report as JSON values: money as decimal strings, times as ISO 8601 in New York."""
    fills = [
        {
            "time": _time(fill.ts_ns),
            "order_id": fill.order_id,
            "symbol": table.get(fill.instrument).symbol,
            "side": fill.side.name.lower(),
            "quantity": fill.quantity,
            "price": format_px(fill.price_px),
            "fee": format_money(fill.fee_e4),
        }
        for fill in trading.fills
    ]
    fees: dict[str, int] = {}
    for fill in trading.fills:
        fees[fill.order_id] = fees.get(fill.order_id, 0) + fill.fee_e4
    orders = [
        {
            "id": order.order_id,
            "order_id": order.order_id,
            "time": _time(order.created_ns),
            "symbol": table.get(order.instrument).symbol if order.instrument >= 0 else "",
            "side": order.side.name.lower(),
            "quantity": order.quantity,
            "filled": order.filled,
            "price": _px(order.average_px if order.average_px is not None else order.limit_px),
            "fee": format_money(fees.get(order.order_id, 0)),
            "state": order.state.value,
            "reason": order.reason,
        }
        for order in trading.orders
    ]
    positions = [
        {
            "symbol": table.get(position.instrument).symbol,
            "quantity": position.quantity,
            "average_price": _px(position.average_px),
            "mark": _px(position.mark_px),
        }
        for position in trading.positions
        if position.quantity
    ]
    account = trading.account
    return {
        "mode": figures.mode.value,
        "seed": figures.seed,
        "market": {
            "messages": market.message_counts(),
            "refused": {**figures.refused, **market.refused},
            "instruments": len(table),
            "first_time": _time(figures.first_ns),
            "last_time": _time(figures.last_ns),
        },
        "digest": digest_of(table, market, trading),
        "fills": fills,
        "orders": orders,
        "positions": positions,
        "cash": format_money(account.cash_e4),
        "equity": None if account.equity_e4 is None else format_money(account.equity_e4),
        "latency": {
            "feed_to_state": _latency(figures.feed_to_state),
            "state_to_paint": _latency(figures.state_to_paint),
            "command_to_venue": _latency(figures.command_to_venue),
        },
        "ui": {
            "frames": figures.ui.frames,
            "p99_frame_ms": figures.ui.p99_frame_ms,
            "longest_gap_ms": figures.ui.longest_gap_ms,
        },
        "problems": list(figures.problems),
    }


def digest_of(table: InstrumentTable, market: MarketState, trading: TradingSnapshot) -> str:
    """SHA-256 over integers only: every instrument's messages by symbol, then orders, fills, positions and cash.

    Order ids hold the session's id, so orders stand by their number in the book instead.
    """
    number = {order.order_id: at for at, order in enumerate(trading.orders)}
    lines = [
        f"order {at} {_symbol(table, order.instrument)} {int(order.side)} {order.quantity} {order.filled} "
        f"{order.state.value}"
        for at, order in enumerate(trading.orders)
    ]
    lines += [
        f"fill {number.get(fill.order_id, -1)} {_symbol(table, fill.instrument)} {int(fill.side)} {fill.quantity} "
        f"{fill.price_px} {fill.fee_e4} {fill.ts_ns}"
        for fill in trading.fills
    ]
    lines += sorted(
        f"position {_symbol(table, position.instrument)} {position.quantity}"
        for position in trading.positions
        if position.quantity
    )
    lines.append(f"cash {trading.account.cash_e4}")
    return market.digest("\n".join(lines).encode())


def check_target(target: Path | str | None) -> None:
    """Raises UsageError for a file that cannot be written, before a run that would only end in that."""
    if target is None or target == "-":
        return
    file = Path(target)
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it.")
    if not file.parent.is_dir():
        raise UsageError(f"The folder of {file} does not exist; make it or name another file.")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise UsageError(f"{file} cannot be written; check its permissions or name another file.")


def write_json(value: object, target: str) -> None:
    """Writes JSON to a file, whole or not at all, or to standard output for ``-``."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        atomic_file.write_text(Path(target), text, mode=0o644)
    except OSError as problem:
        raise WorkFailed(f"The file {target} cannot be written: {problem.strerror}.") from problem


def _symbol(table: InstrumentTable, instrument: int) -> str:
    return table.get(instrument).symbol if instrument >= 0 else "-"


def _time(ts_ns: int) -> str | None:
    return from_ns(ts_ns).isoformat(timespec="milliseconds") if ts_ns > 0 else None


def _px(px: int | None) -> str | None:
    return None if px is None else format_px(px)


def _latency(meter: LatencyMeter | None) -> dict[str, float | None]:
    return (meter or LatencyMeter()).summary()
