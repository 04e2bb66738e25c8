"""vnpy's table of ticks under load, in vnpy's own environment; see peer_child.

A tick counts as shown at the end of the first paint of the table's window after its cells were set. Ticks that are not
on the screen when the time is over count with what they have waited by then.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def table(inputs: dict[str, Any]) -> Any:
    """Puts ticks at a rate for some seconds; the answers are delays and gaps in ms."""
    rate, seconds = float(inputs["rate"][0]), float(inputs["seconds"][0])
    symbols = int(inputs["symbols"][0])
    return lambda: _run(rate, seconds, symbols)


def _run(rate: float, seconds: float, symbols: int) -> dict[str, Any]:
    # By name, since the desk itself keeps Qt out of its benchmarks.
    qt_core, qt_widgets = import_module("PySide6.QtCore"), import_module("PySide6.QtWidgets")
    from vnpy.event import Event, EventEngine
    from vnpy.trader.constant import Exchange
    from vnpy.trader.event import EVENT_TICK
    from vnpy.trader.object import TickData
    from vnpy.trader.ui.widget import TickMonitor

    application = qt_widgets.QApplication.instance() or qt_widgets.QApplication([])
    waiting: list[float] = []
    delays: list[float] = []

    class Window(qt_widgets.QMainWindow):  # type: ignore[misc,name-defined]
        def event(self, event: Any) -> bool:
            done = super().event(event)
            if event.type() == qt_core.QEvent.Type.UpdateRequest and waiting:
                now = time.perf_counter()
                delays.extend(now - put for put in waiting)
                waiting.clear()
            return bool(done)

    class Monitor(TickMonitor):  # type: ignore[misc]
        def process_event(self, event: Any) -> None:
            super().process_event(event)
            waiting.append(event.data.put_at)

    class Main:
        def get_exchange(self, _symbol: str) -> Any:
            return None

    engine = EventEngine()
    window = Window()
    window.setCentralWidget(Monitor(Main(), engine))
    window.resize(1600, 900)
    window.show()
    engine.start()
    over = threading.Event()
    puts: list[float] = []

    def publish() -> None:
        begun = time.perf_counter()
        while (now := time.perf_counter() - begun) < seconds:
            while len(puts) < rate * now:
                number = len(puts) % symbols
                price = 100.0 + len(puts) % 97 * 0.01
                tick = TickData(
                    gateway_name="BENCH", symbol=f"S{number:04d}", exchange=Exchange.SMART, datetime=datetime.now(UTC),
                    name="", volume=len(puts), last_price=price, bid_price_1=price - 0.01, ask_price_1=price + 0.01,
                    bid_volume_1=5, ask_volume_1=7,
                )  # fmt: skip
                tick.put_at = time.perf_counter()
                puts.append(tick.put_at)
                engine.put(Event(EVENT_TICK, tick))
            time.sleep(0.002)
        over.set()

    gaps, last = [0.0], [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now
        if over.is_set():
            application.quit()

    timer = qt_core.QTimer()
    timer.setTimerType(qt_core.Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(16)
    thread = threading.Thread(target=publish, daemon=True)
    thread.start()
    application.exec()
    now = time.perf_counter()
    shown = len(delays)
    late = [now - put for put in puts[shown:]]
    engine.stop()
    found = np.array(delays + late) * 1000
    return {
        "p50_ms": np.array([np.percentile(found, 50)]),
        "p99_ms": np.array([np.percentile(found, 99)]),
        "longest_gap_ms": np.array([max(gaps) * 1000]),
        "shown": np.array([shown]),
        "put": np.array([len(puts)]),
    }


TASKS = {"table": table}
