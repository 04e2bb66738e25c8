"""Frames on disk, and that no frame shows half of a change of the book."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from terminal.app.views.ladder_columns import Choice, Zone
from terminal.core.messages import BOOK_PX, BOOK_SIDE, BOOK_SIZE, Batch, Kind, empty_batch
from terminal.infra.failures import UsageError
from terminal.ui.frame_recorder import LINES, FrameRecorder
from terminal.ui.panels.ladder.panel import LadderPanel
from tests.app.views.small_market import SmallMarket, opened_market
from tests.ui.panels.panel_desk import Bench

TICK, LEVELS = 100, 6


@pytest.fixture
def bench(qapp: QApplication) -> Iterator[Bench]:
    found = Bench(opened_market())
    yield found
    for panel in found.panels:
        panel.close_panel()


def moves(market: SmallMarket, middles: list[int]) -> list[Batch]:
    """One batch a move: every level of the old place goes, every one of the new place comes."""
    batches = []
    before: int | None = None
    for middle in middles:
        rows = []
        for place, size in ((before, 0), (middle, 500)):
            if place is not None:
                rows += [(side, place - side * TICK * (1 + i), size) for side in (1, -1) for i in range(LEVELS)]
        batch = empty_batch(len(rows))
        batch["kind"], batch["instrument"], batch["ts_ns"] = int(Kind.DEPTH), market.acme.id, market.ts_ns
        for message, (side, px, size) in zip(batch, rows, strict=True):
            message[BOOK_SIDE], message[BOOK_PX], message[BOOK_SIZE] = side, px, size
        batches.append(batch)
        before = middle
    return batches


def painted_rows(panel: LadderPanel, picture: QImage, zone: Zone) -> list[int]:
    """Rows in which a bar was painted, by the pixel at the price's side of the column."""
    ground = panel.context.theme.colour("bg1")
    found = []
    for row in range(panel.canvas.row_count()):
        rect = panel.canvas.cell_rect(row, zone)
        x = rect.right() - 2 if zone is Zone.BIDS else rect.left() + 1
        if QColor(picture.pixel(x, rect.top() + 3)) != ground:
            found.append(row)
    return found


def test_bid_is_never_above_ask_in_any_painted_frame(bench: Bench) -> None:
    """The book jumps about on the engine's thread while the ladder paints; no frame may mix two places."""
    market = bench.market
    chance = np.random.default_rng(7)
    batches = moves(market, [1_000_000 + TICK * int(step) for step in chance.integers(-6, 7, 3000)])
    market.state.apply(batches[0])
    # As high as the book walks, since it does not follow the market while it is held.
    panel: LadderPanel = bench.make(LadderPanel, 320, 1100)
    bench.context.links.choose(1, market.acme.id)
    panel.layout().activate()
    # The hairline of the sums crosses the columns of sizes.
    panel._column_chosen(Choice.SUMS, False)
    panel.canvas.held.emit(True)
    over = threading.Event()

    def engine() -> None:
        for batch in batches[1:]:
            if over.is_set():
                return
            market.state.apply(batch)
            time.sleep(0.0002)

    writer = threading.Thread(target=engine, name="engine")
    writer.start()
    seen = set()
    try:
        for _ in range(60):
            bench.frame()
            facts, picture = panel.frame_facts(), panel.canvas.grab().toImage()
            bid, ask = facts["bid_px"], facts["ask_px"]
            assert (bid, ask) != (None, None)
            assert ask - bid == 2 * TICK, "a frame mixes two moments"
            assert facts["status"] == "OK"
            bids, asks = painted_rows(panel, picture, Zone.BIDS), painted_rows(panel, picture, Zone.ASKS)
            assert bids
            assert asks
            assert max(asks) < min(bids), "a bid is painted at or above an ask"
            seen.add(bid)
    finally:
        over.set()
        writer.join()
    assert len(seen) > 3, "the book did not move between the frames"


def test_a_crossed_book_is_painted_under_its_word(bench: Bench) -> None:
    market = bench.market
    market.state.apply(moves(market, [1_000_000])[0])
    market.depth(market.acme.id, 1, 1_000_200, 50)
    panel: LadderPanel = bench.make(LadderPanel, 320, 620)
    bench.context.links.choose(1, market.acme.id)
    bench.frame(2)
    facts = panel.frame_facts()
    assert facts["bid_px"] > facts["ask_px"]
    assert (facts["status"], facts["doubt"].split(":")[0]) == ("CROSSED", "CROSSED")


def test_frames_are_written_with_what_they_show(bench: Bench, tmp_path: Path) -> None:
    market = bench.market
    batches = moves(market, [1_000_000, 1_000_300, 999_800])
    market.state.apply(batches[0])
    panel: LadderPanel = bench.make(LadderPanel, 300, 500)
    bench.context.links.choose(1, market.acme.id)
    recorder = FrameRecorder(
        bench.frame_clock, tmp_path / "deep" / "frames", lambda: bench.panels, frozenset({"ladder"})
    )

    def record() -> None:
        """A frame has a budget: what does not fit is recorded with a later one, on a busy machine much later."""
        before = recorder.recorded
        bench.frame()
        for _ in range(50):
            if recorder.recorded > before:
                return
            bench.frame()

    record()
    for batch in batches[1:]:
        market.state.apply(batch)
        # Ladder and recorder take turns when both do not fit.
        record()
        record()
    panel.hide()
    bench.frame()
    recorder.close()
    *lines, totals = [json.loads(each) for each in (tmp_path / "deep" / "frames" / LINES).read_text().splitlines()]
    assert totals == {"frames": len(lines), "left_out": 0}
    bids = [line["bid_px"] for line in lines]
    assert list(dict.fromkeys(bids)) == [999_900, 1_000_200, 999_700]
    for line in lines:
        picture = QImage(str(tmp_path / "deep" / "frames" / line["file"]))
        assert picture.size() == panel.size() * picture.devicePixelRatio()
        assert (line["symbol"], line["status"], line["panel"]) == ("ACME", "OK", "ladder-1")


def test_a_folder_that_cannot_be_written_is_a_sentence(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        FrameRecorder(bench.frame_clock, tmp_path / "file", lambda: (), frozenset())
