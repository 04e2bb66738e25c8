"""The time and sales panel: real trades, keys and wheel, and what is on the screen."""

from __future__ import annotations

import random

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from terminal.core.messages import Flag, Kind, empty_batch
from terminal.ui.panels.time_and_sales.panel import TimeAndSalesPanel
from tests.ui.panels.panel_desk import Bench

BUY, SELL = int(Flag.BUYER_AGGRESSOR), int(Flag.SELLER_AGGRESSOR)


def tape(bench: Bench, width: int = 640) -> TimeAndSalesPanel:
    panel: TimeAndSalesPanel = bench.make(TimeAndSalesPanel, width, 300)
    bench.context.links.choose(1, bench.market.acme.id)
    panel.layout().activate()
    bench.frame(2)
    return panel


def sizes(panel: TimeAndSalesPanel) -> list[str]:
    return [cells.size for cells in panel.canvas._cells]


def test_it_shows_the_groups_symbol_with_side_and_place(bench: Bench) -> None:
    acme = bench.market.acme.id
    bench.market.trade(acme, 1_000_100, 250, flags=BUY, after_ns=1_500_000)
    bench.market.trade(bench.market.index.id, 50_000_000, 2)
    bench.market.trade(acme, 999_800, 40, flags=SELL, after_ns=20_000_000)
    panel = tape(bench)
    first, second, _ = panel.canvas._cells
    assert (first.arrow, first.price, first.size, first.place) == ("▼", "99.98", "40", "B\u2212")
    assert (second.arrow, second.place, second.time) == ("▲", "A", "09:30:00.001")
    assert "40 sold at 99.98, below the bid" in panel.canvas.accessibleDescription()
    assert (panel.foot.bought.text(), panel.foot.sold.text(), panel.foot.delta.text())[1] == "▼ 40"
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame()
    assert sizes(panel) == ["2", "1"]


def test_space_pauses_without_losing_a_trade(bench: Bench, qapp: QApplication) -> None:
    panel = tape(bench)
    acme = bench.market.acme.id
    before = sizes(panel)
    bench.shell.run("time_and_sales.pause")
    for size in (11, 12):
        bench.market.trade(acme, 1_000_000, size)
    bench.frame()
    assert sizes(panel) == before
    assert panel.canvas._banner == "Paused: 2 new. Space goes on."
    panel.controls.pause.click()
    bench.frame()
    assert sizes(panel)[:2] == ["12", "11"]
    assert not panel.controls.pause.isChecked()


def test_scrolling_back_pauses_and_home_goes_on(bench: Bench) -> None:
    panel = tape(bench)
    for size in range(100, 140):
        bench.market.trade(bench.market.acme.id, 1_000_000, size)
    bench.frame()
    turn = QWheelEvent(
        QPointF(50, 80), QPointF(50, 80), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    panel.canvas.wheelEvent(turn)
    bench.market.trade(bench.market.acme.id, 1_000_000, 7)
    bench.frame()
    assert sizes(panel)[0] == "136"
    assert panel._view.waiting == 1
    panel.bar.setValue(10)
    bench.frame()
    assert sizes(panel)[0] == "129"
    bench.shell.run("time_and_sales.newest")
    bench.frame()
    assert sizes(panel)[:2] == ["7", "139"]


def test_a_sweep_is_marked_and_joined(bench: Bench) -> None:
    panel = tape(bench)
    acme = bench.market.acme.id
    bench.market.ts_ns += 1_000_000_000
    for step, size in enumerate((100, 200, 300)):
        bench.market.trade(acme, 1_000_100 + 100 * step, size, flags=BUY, after_ns=1_000_000)
    bench.frame()
    assert panel.canvas._cells[0].mark == "SWEEP ×3 600  100.01–100.03"
    assert [cells.mark for cells in panel.canvas._cells[1:3]] == ["", ""]
    panel.controls.joining.setCurrentIndex(panel.controls.joining.findData("sweep"))
    bench.frame()
    first = panel.canvas._cells[0]
    assert (first.size, first.price, first.mark) == ("600", "100.01–100.03", "SWEEP ×3")


def test_the_least_size_is_kept_by_symbol_and_a_wrong_one_is_refused(bench: Bench) -> None:
    panel = tape(bench)
    for size in (10, 500, 20):
        bench.market.trade(bench.market.acme.id, 1_000_000, size)
    panel.controls.size_typed.emit("≥ 100")
    bench.frame()
    assert sizes(panel) == ["500", "100"]
    panel.controls.size_typed.emit("many")
    assert "no size" in bench.shell.said[-1]
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame()
    assert sizes(panel) == ["1"]
    settings = panel.save_settings()
    assert settings["least"] == {"ACME": 100}
    panel.controls.size_typed.emit("5")
    panel.restore_settings({**settings, "joining": "sweep", "scope": "nonsense"})
    assert panel.save_settings() == {**settings, "joining": "sweep"}
    panel.restore_settings({"least": {"ACME": True, "X": -1, "Y": "1"}})
    assert panel.save_settings()["least"] == {}


def test_all_symbols_and_the_watchlist(bench: Bench) -> None:
    panel = tape(bench)
    bench.market.trade(bench.market.options[0], 20_500, 3)
    panel.controls.scope.setCurrentIndex(panel.controls.scope.findData("all"))
    bench.frame()
    assert [cells.symbol for cells in panel.canvas._cells[:2]] == [
        bench.market.table.get(bench.market.options[0]).label, "SIMX",
    ]  # fmt: skip
    bench.context.links.list_instruments(1, (bench.market.index.id,))
    panel.controls.scope.setCurrentIndex(panel.controls.scope.findData("list"))
    bench.frame()
    assert {cells.symbol for cells in panel.canvas._cells} == {"SIMX"}
    assert panel.subtitle() == "Watchlist"


def test_a_hidden_tape_catches_up(bench: Bench) -> None:
    panel = tape(bench)
    panel.hide()
    for size in range(1, 200):
        bench.market.trade(bench.market.acme.id, 1_000_000, size)
    bench.frame()
    assert panel._view.page(0, 999).total == 1
    panel.show()
    bench.frame()
    assert panel._view.page(0, 999).total == 200


def test_it_exports_what_passes_the_filter(bench: Bench) -> None:
    panel = tape(bench)
    bench.market.trade(bench.market.acme.id, 1_000_100, 2_500, flags=BUY, after_ns=1_234_000)
    bench.frame()
    found = panel.export_rows()
    assert found is not None
    heads, rows = found
    row = dict(zip(heads, rows[0], strict=True))
    assert (row["Symbol"], row["Side"], row["Size"], row["At"]) == ("ACME", "buy", "2500", "at the ask")
    assert row["Time"].startswith("2026-01-05T09:30:00.001234-05:00")


@pytest.mark.parametrize("width", [180, 300, 900])
def test_it_paints_at_every_width_in_both_themes(bench: Bench, width: int) -> None:
    panel = tape(bench, width)
    bench.shell.run("time_and_sales.pause")
    for name in ("light", "dark"):
        bench.themes.choose(name)
        bench.frame()
        picture = panel.canvas.grab().toImage()
        assert len({picture.pixel(x, 50) for x in range(picture.width())}) > 2
    QTest.mouseMove(panel.canvas, QPoint(20, 50))
    assert panel.canvas.row_at(QPoint(20, 45)) == 0
    assert panel.canvas.row_at(QPoint(20, 30)) == -1


def heads(panel: TimeAndSalesPanel) -> list[str]:
    return [column.name for column in panel.canvas._lay_out()]


def test_venues_have_names_or_no_column(bench: Bench) -> None:
    acme = bench.market.acme.id
    panel = tape(bench, 900)
    rows = panel._view._raw.prints
    assert len(rows)
    assert "venue" not in heads(panel)
    bench.desk.table.venue_names = {7: "XNAS", 8: "ARCX"}
    for venue in (7, 9):
        batch = empty_batch(1)
        batch["ts_ns"], batch["kind"], batch["instrument"] = bench.market.ts_ns, Kind.TRADE, acme
        batch["venue"], batch["v0"], batch["v1"] = venue, 1_000_000, 5
        bench.market.state.apply(batch)
    bench.frame()
    assert "venue" in heads(panel)
    assert [cells.venue for cells in panel.canvas._cells[:2]] == ["–", "XNAS"]
    exported = panel.export_rows()
    assert exported is not None
    names, lines = exported
    assert [line[names.index("Venue")] for line in lines[:2]] == ["9", "XNAS"]


def test_bars_without_trades_say_why_the_tape_is_empty(bench: Bench) -> None:
    option = bench.market.options[0]
    panel = tape(bench)
    bench.context.links.choose(1, option)
    bench.frame()
    assert panel.canvas._note == "No trades yet: the first one will stand here."
    bench.market.send(Kind.BAR, option, 20_000, 20_500, 19_500, 20_000, 300)
    bench.frame()
    assert panel.canvas._note.startswith("These data have bars and no single trades")
    assert "the chart shows the bars" in panel.canvas._note
    bench.market.trade(option, 20_000, 3)
    bench.frame()
    assert panel.canvas._note == ""
    panel._size_typed("100")
    bench.frame()
    assert panel.canvas._note == "No trade passes the filter: choose a smaller least size."


def test_rows_that_move_down_leave_the_screen_as_a_whole_paint_would(bench: Bench) -> None:
    panel = tape(bench)
    acme, chance = bench.market.acme.id, random.Random(1)
    shown_before = 0
    for step in range(30):
        for _ in range(chance.choice((0, 1, 1, 2, 5, 40))):
            bench.market.trade(
                acme, 1_000_000 + 100 * chance.randint(-3, 3), chance.choice((1, 10, 100, 2_500)),
                flags=chance.choice((BUY, SELL)), after_ns=chance.choice((1_000, 20_000_000)),
            )  # fmt: skip
        if step == 20:
            bench.shell.run("time_and_sales.pause")
        if step == 25:
            bench.shell.run("time_and_sales.newest")
        bench.frame()
        QApplication.processEvents()
        window = panel.window()
        screen = window.screen().grabWindow(window.winId()).toImage()
        where = QRect(panel.canvas.mapTo(window, QPoint()), panel.canvas.size())
        whole = panel.canvas.grab().toImage().convertToFormat(screen.format())
        assert screen.copy(where) == whole, f"after step {step}"
        shown_before += len(panel.canvas._cells)
    assert shown_before > 100


def test_only_the_new_row_is_painted_and_the_totals_beside_it(bench: Bench) -> None:
    panel = tape(bench)
    acme = bench.market.acme.id
    for size in range(40):
        bench.market.trade(acme, 1_000_000, 10 + size % 3, flags=BUY, after_ns=30_000_000)
    bench.frame()
    QApplication.processEvents()
    seen: list[QRect] = []

    class Paints(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                seen.append(event.region().boundingRect())  # type: ignore[attr-defined]
            return False

    paints = Paints()
    panel.canvas.installEventFilter(paints)
    bench.market.trade(acme, 1_000_000, 11, flags=BUY, after_ns=30_000_000)
    bench.frame()
    QApplication.processEvents()
    panel.canvas.removeEventFilter(paints)
    height = bench.context.theme.tokens.row_height
    assert [(each.top(), each.height()) for each in seen] == [(20, height)]
    assert panel.canvas._cells[0].size == "11"
