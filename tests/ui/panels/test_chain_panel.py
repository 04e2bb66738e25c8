"""The option chain panel."""

from __future__ import annotations

import datetime

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from terminal.app.views.cells import Look
from terminal.app.views.chain_columns import COLUMNS
from terminal.core.instruments import SettlementTime
from terminal.core.money import PRICE_SCALE
from terminal.core.orders import Side
from terminal.core.osi import Right
from terminal.market.analytics.service import Interest
from terminal.ui.panels.chain.columns import SETS
from terminal.ui.panels.chain.panel import ChainPanel
from tests.ui.panels.panel_desk import Bench

AT = {column.id: place for place, column in enumerate(COLUMNS)}


def chain(bench: Bench) -> ChainPanel:
    panel: ChainPanel = bench.make(ChainPanel, 1100, 300)
    bench.context.links.choose(1, bench.market.acme.id)
    panel.layout().activate()
    bench.frame(4)
    return panel


def test_calls_left_strikes_puts_right(bench: Bench) -> None:
    panel = chain(bench)
    model = panel.table.model()
    assert model.rowCount() == 3
    assert [model.index(row, AT["strike"]).data() for row in range(3)] == ["95", "100", "105"]
    assert model.index(0, AT["call.bid"]).data() == "2.00"
    assert model.index(0, AT["put.bid"]).data() == "2.05"
    assert panel.expiry.currentText() == "05 Jan 2026   0DTE   PM"
    assert panel.subtitle() == "ACME"


def test_iv_is_reckoned_for_the_rows_in_sight_and_named_honestly(bench: Bench) -> None:
    panel = chain(bench)
    iv = panel.table.model().index(1, AT["call.iv"]).data()
    assert float(iv) > 0
    head = panel.table.model().headerData(AT["call.iv"], Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "Black-Scholes, r = 0.00%" in head
    assert "priced as European" in head
    panel.rate.setValue(4.0)
    bench.frame(2)
    assert "r=4.00%" in panel.method.text()
    assert panel.save_settings()["rate_pct"] == 4.0


def test_a_click_on_a_bid_drafts_a_sale_and_on_an_ask_a_purchase(bench: Bench) -> None:
    panel = chain(bench)
    for column, side in (("call.bid", Side.SELL), ("put.ask", Side.BUY)):
        rect = panel.table.visualRect(panel.table.model().index(1, AT[column]))
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
        draft = bench.context.draft.draft
        assert draft is not None
        assert (draft.side, draft.limit_px) == (side, None)
    assert bench.desk.trading.submitted == []
    assert bench.shell.opened[-1] == ("ticket", None)


def test_the_keyboard_reaches_every_cell_and_enter_drafts(bench: Bench) -> None:
    panel = chain(bench)
    panel.table.setCurrentIndex(panel.table.model().index(0, AT["call.bid"]))
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    QTest.keyClick(panel.table, Qt.Key.Key_Right)
    assert panel.table.currentIndex().row() == 1
    assert panel.table.currentIndex().column() == AT["call.ask"]
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    draft = bench.context.draft.draft
    assert draft is not None
    assert draft.side is Side.BUY
    assert draft.instrument == panel._view.option(1, AT["call.ask"]).id  # type: ignore[union-attr]


def test_an_option_of_the_group_shows_its_own_expiry_and_a_contract_can_be_published(bench: Bench) -> None:
    later = datetime.date(2026, 1, 16)
    monthly = bench.market.index_option("SIMX", later, 5000, Right.CALL, SettlementTime.AM)
    bench.market.index_option("SIMXW", later, 5000, Right.PUT, SettlementTime.PM)
    panel = chain(bench)
    bench.context.links.choose(1, monthly)
    bench.frame(4)
    assert panel.expiry.currentText() == "SIMX   16 Jan 2026   11d   AM"
    assert panel.table.model().rowCount() == 1
    bench.shell.run("chain.next")
    bench.frame(2)
    assert panel.expiry.currentText() == "SIMXW   16 Jan 2026   11d   PM"
    assert panel.save_settings()["expiry"] == "2026-01-16 SIMXW"


def test_without_options_it_says_so(bench: Bench) -> None:
    panel = chain(bench)
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame(2)
    assert panel.pages.currentIndex() == 0
    assert "no listed options" in panel.empty.sentence.text()


def test_columns_come_and_go_in_pairs_and_a_choice_is_kept(bench: Bench) -> None:
    panel = chain(bench)
    for width in (400, 600, 800, 1300):
        panel.resize(width, 300)
        panel.layout().activate()
        bench.frame()
        for name in ("iv", "last", "volume", "oi"):
            hidden = [panel.table.isColumnHidden(AT[f"{side}.{name}"]) for side in ("call", "put")]
            assert hidden[0] == hidden[1]
        assert not panel.table.isColumnHidden(AT["strike"])
    panel.columns.show_pair("volume", False)
    saved = panel.save_settings()
    assert "put.volume" in saved["hidden"]
    other = ChainPanel(bench.context, "chain-2")
    other.restore_settings(saved)
    assert other.table.isColumnHidden(AT["call.volume"])
    other.close_panel()


def test_only_changed_cells_are_repainted(bench: Bench) -> None:
    panel = chain(bench)
    told: list[tuple[int, int]] = []
    panel.table.model().dataChanged.connect(lambda first, _last, _roles: told.append((first.row(), first.column())))
    bench.frame()
    assert told == []
    bench.market.quote(bench.market.options[2], 21_100, 22_000, 10, 12)
    bench.frame()
    assert (1, AT["call.bid"]) in told
    assert {row for row, _column in told} == {1}


def test_the_whole_series_is_exported(bench: Bench) -> None:
    exported = chain(bench).export_rows()
    assert exported is not None
    heads, rows = exported
    assert "Call Bid" in heads
    assert "Put Ask" in heads
    assert len(rows) == 3


def test_the_rate_is_auto_until_a_person_says_one(bench: Bench) -> None:
    panel = chain(bench)
    assert panel.rate.text() == "r auto"
    assert panel.rate.rate is None
    assert panel.save_settings()["rate_pct"] is None
    panel.rate.stepUp()
    assert panel.rate.rate == 0.0, "the first step up from auto is zero"
    panel.rate.setValue(5.0)
    assert panel.save_settings()["rate_pct"] == 5.0
    panel.restore_settings({"rate_pct": None})
    assert panel.rate.rate == 0.05, "settings without a rate change nothing"
    panel.rate.setValue(panel.rate.minimum())
    assert panel.rate.text() == "r auto"


def test_a_hidden_chain_is_not_reckoned(bench: Bench) -> None:
    panel = chain(bench)
    assert bench.desk.analytics._wants == {panel.panel_id: (bench.market.acme.id, Interest.SHOWN)}
    panel.hide()
    assert bench.desk.analytics._wants == {}


def test_any_part_of_the_grid_is_painted_as_in_the_whole_and_nothing_behind_shows(bench: Bench) -> None:
    panel = chain(bench)
    table = panel.table
    table.setCurrentIndex(table.model().index(1, AT["call.bid"]))
    table.show()
    QApplication.processEvents()
    view = table.viewport()

    def picture(part: QRect) -> QImage:
        image = QImage(view.size(), QImage.Format.Format_RGB32)
        image.fill(QColor("magenta"))
        view.render(image, part.topLeft(), QRegion(part))
        return image.copy(part)

    whole = picture(view.rect())
    inks = {whole.pixelColor(x, y).name() for x in range(0, whole.width(), 5) for y in range(0, 90, 5)}
    assert QColor("magenta").name() not in inks
    frame = table.visualRect(table.model().index(1, AT["call.bid"]))
    assert whole.pixelColor(frame.topLeft()) == bench.context.theme.colour("accent")
    for part in (QRect(30, 5, 200, 30), QRect(0, 21, 77, 1), frame, QRect(whole.width() - 90, 0, 90, 60)):
        assert picture(part) == whole.copy(part)


def test_a_number_that_does_not_fit_is_not_another_number(bench: Bench) -> None:
    panel = chain(bench)
    table, place = panel.table, AT["call.bid"]
    cell = table.visualRect(table.model().index(1, place))
    before = table.viewport().grab(cell).toImage()
    table.setColumnWidth(place, 24)
    narrow = table.visualRect(table.model().index(1, place))
    assert narrow.width() == 24
    assert table.viewport().grab(narrow).toImage() != before.copy(before.width() - 24, 0, 24, before.height())


def test_a_rate_belongs_to_its_expiry_and_comes_back_with_it(bench: Bench) -> None:
    later = datetime.date(2026, 1, 16)
    bench.market.index_option("SIMX", later, 5000, Right.CALL, SettlementTime.AM)
    monthly = bench.market.index_option("SIMXW", later, 5000, Right.PUT, SettlementTime.PM)
    panel = chain(bench)
    bench.context.links.choose(1, monthly)
    bench.frame(2)
    panel.rate.setValue(4.0)
    saved = panel.save_settings()
    bench.shell.run("chain.previous")
    assert panel.expiry.currentText().startswith("SIMX ")
    assert panel.rate.rate is None, "the morning's series of the same date is another one"
    bench.context.links.choose(1, bench.market.acme.id)
    bench.frame(2)
    assert panel.rate.rate is None
    assert [len(each) for each in bench.desk.analytics._overrides.values()] == [1]
    bench.desk.analytics._overrides.clear()
    other = ChainPanel(bench.context, "chain-2")
    other.restore_settings(saved)
    assert other.save_settings()["rate_pct"] == 4.0
    other.set_instrument(bench.market.index.id)
    other._keep_series(bench.market.ts_ns)
    assert other.rate.rate == 0.04
    ((_series, told),) = bench.desk.analytics._overrides[bench.market.index.id].items()
    assert told.rate == 0.04
    other.close_panel()


def test_strikes_that_are_listed_later_get_their_rows(bench: Bench) -> None:
    later = datetime.date(2026, 1, 16)
    first = bench.market.index_option("SIMX", later, 5000, Right.CALL, SettlementTime.AM)
    panel = chain(bench)
    bench.context.links.choose(1, first)
    bench.frame(2)
    assert panel.table.model().rowCount() == 1
    bench.market.index_option("SIMX", later, 5100, Right.CALL, SettlementTime.AM)
    bench.frame(2)
    assert panel.table.model().rowCount() == 2


def test_a_chain_that_failed_or_is_gone_is_not_reckoned(bench: Bench) -> None:
    panel = chain(bench)
    assert bench.desk.analytics._wants
    panel.quarantine("broken")
    assert bench.desk.analytics._wants == {}
    panel.start_again()
    bench.frame(2)
    assert bench.desk.analytics._wants
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame(2)
    assert bench.desk.analytics._wants == {}, "it has no options"
    panel._source.refresh(0, 1, bench.market.ts_ns, 0)
    bench.panels.remove(panel)
    panel.close_panel()
    assert bench.desk.analytics._wants == {}


def test_ctrl_click_and_a_key_add_a_leg_and_no_order(bench: Bench) -> None:
    panel = chain(bench)
    rect = panel.table.visualRect(panel.table.model().index(1, AT["call.bid"]))
    control = Qt.KeyboardModifier.ControlModifier
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, control, rect.center())
    assert bench.context.draft.draft is None, "the ticket is left alone"
    sold = panel._view.option(1, AT["call.bid"])
    assert sold is not None
    legs = bench.context.legs
    assert [(leg.instrument, leg.quantity) for leg in legs.legs(bench.market.acme.id)] == [(sold.id, -1)]
    panel.table.setCurrentIndex(panel.table.model().index(0, AT["put.ask"]))
    bench.shell.run("chain.leg")
    assert [leg.quantity for leg in legs.legs(bench.market.acme.id)] == [-1, 1]
    panel.table.setCurrentIndex(panel.table.model().index(0, AT["put.delta"]))
    bench.shell.run("chain.leg")
    assert len(legs.legs(bench.market.acme.id)) == 2, "neither a bid nor an ask"


def test_a_window_of_strikes_keeps_the_chosen_cell(bench: Bench) -> None:
    for strike in range(4000, 6100, 100):
        bench.market.index_option("SIMX", datetime.date(2026, 1, 16), strike, Right.CALL, SettlementTime.AM)
    panel = chain(bench)
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame(3)
    everything = panel.table.model().rowCount()
    assert everything == 21
    spot = panel._view.spot_in_strikes()
    assert spot is not None
    panel.table.setCurrentIndex(panel.table.model().index(0, AT["call.ask"]))
    panel.head.strikes.setCurrentIndex(panel.head.strikes.findData("count5"))
    bench.frame(2)
    model = panel.table.model()
    assert model.rowCount() < everything
    assert panel.table.currentIndex().column() == AT["call.ask"]
    chosen = panel.table.currentIndex()
    assert panel._view.strikes_px[chosen.row()] == 4000 * PRICE_SCALE
    assert panel.save_settings()["strikes"] == "count5"
    panel.head.strikes.setCurrentIndex(0)
    bench.frame(2)
    assert model.rowCount() == everything
    other = ChainPanel(bench.context, "chain-2")
    other.restore_settings({"strikes": "sd2"})
    assert other._view.window.key == "sd2"
    other.close_panel()


def test_a_rate_is_told_when_it_is_whole(bench: Bench) -> None:
    panel = chain(bench)
    told: list[float | None] = []
    panel.rate.told.connect(lambda: told.append(panel.rate.rate))
    panel.rate.setFocus()
    panel.rate.selectAll()
    QTest.keyClicks(panel.rate, "4.25")
    assert told == []
    QTest.keyClick(panel.rate, Qt.Key.Key_Return)
    assert told == [0.0425]


def test_a_chain_in_a_minimised_window_is_not_reckoned(bench: Bench) -> None:
    panel = chain(bench)
    panel.show()
    assert bench.desk.analytics._wants
    panel.window().showMinimized()
    QApplication.processEvents()
    assert bench.desk.analytics._wants == {}


def test_unusual_volume_is_marked_by_a_rule_that_the_head_says(bench: Bench) -> None:
    panel = chain(bench)
    view = panel._view
    quotes = view._market.read(view._ids.ravel()).reshape(-1, 2)
    for volume, open_interest, is_marked in ((500, 400, True), (99, 10, False), (500, 501, False), (500, 0, False)):
        quotes["volume"][1, 0], quotes["open_interest"][1, 0] = volume, open_interest
        raw = view._raw(0, view._ids, quotes, bench.market.ts_ns)
        looks = view._looks(0, view._ids, quotes, raw, bench.market.ts_ns, panel._feed.pulse(0))
        assert bool(looks[1, AT["call.volume"]] & Look.STRONG) is is_marked
    assert "100 or more" in COLUMNS[AT["call.volume"]].help


def test_a_set_of_columns_is_shown_and_kept(bench: Bench) -> None:
    panel = chain(bench)
    for name, members in SETS.items():
        panel.columns.show_set(name)
        for side in ("call", "put"):
            shown = {each for each in AT if each.startswith(side) and not panel.table.isColumnHidden(AT[each])}
            assert shown == {f"{side}.{each}" for each in members}
    assert not panel.table.isColumnHidden(AT["strike"])
    assert "call.volume" in panel.save_settings()["hidden"]


def _listed(bench: Bench, expiry: datetime.date, strikes: range) -> list[int]:
    return [bench.market.index_option("SIMX", expiry, each, Right.CALL, SettlementTime.AM) for each in strikes]


def _chosen(panel: ChainPanel) -> tuple[int, int]:
    index = panel.table.currentIndex()
    return int(panel._view.strikes_px[index.row()]) // PRICE_SCALE, index.column()


def test_the_chosen_strike_stays_chosen_in_another_expiry_and_when_strikes_are_listed_below(bench: Bench) -> None:
    first, second = datetime.date(2026, 1, 16), datetime.date(2026, 1, 23)
    _listed(bench, first, range(4900, 5200, 100))
    _listed(bench, second, range(4500, 5200, 100))
    panel = chain(bench)
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame(2)
    panel.table.setCurrentIndex(panel.table.model().index(1, AT["call.ask"]))
    assert _chosen(panel) == (5000, AT["call.ask"])
    bench.shell.run("chain.next")
    bench.frame(2)
    assert _chosen(panel) == (5000, AT["call.ask"])
    _listed(bench, second, range(4000, 4500, 100))
    bench.frame(2)
    assert panel.table.model().rowCount() == 12
    assert _chosen(panel) == (5000, AT["call.ask"])


def test_a_contract_that_is_asked_for_is_listed_though_it_is_outside_the_window(bench: Bench) -> None:
    contracts = _listed(bench, datetime.date(2026, 1, 16), range(4000, 6100, 100))
    panel = chain(bench)
    panel.head.strikes.setCurrentIndex(panel.head.strikes.findData("count5"))
    bench.context.links.choose(1, bench.market.index.id)
    bench.frame(2)
    assert panel._view.row_of(contracts[0]) is None
    bench.context.links.choose(1, contracts[0])
    bench.frame(2)
    assert _chosen(panel) == (4000, AT["call.bid"])


def test_a_quick_second_ctrl_click_adds_a_second_leg_and_moves_no_linked_panel(bench: Bench) -> None:
    panel = chain(bench)
    shown: list[int] = []
    panel.table.doubleClicked.connect(lambda index: shown.append(index.row()))
    view, control, left = panel.table.viewport(), Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton
    at = panel.table.visualRect(panel.table.model().index(1, AT["call.bid"])).center()
    QTest.mouseClick(view, left, control, at)
    QTest.mouseDClick(view, left, control, at)
    assert [leg.quantity for leg in bench.context.legs.legs(bench.market.acme.id)] == [-2]
    assert shown == []
    assert panel.table.selectionModel().selectedIndexes(), "the frame stays"
