"""Drawings: what is painted is what is hit, every edit can be undone by the old value, and files never stop a chart."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.app.drawings.book import MOST_DRAWINGS, DrawingBook
from terminal.app.drawings.outline import RETRACEMENTS, Line, Words, hit, moved, outline
from terminal.app.drawings.shapes import COLOURS, Anchor, Drawing, DrawingError, Tool, from_json, to_json
from terminal.infra.failures import WorkFailed

NS = 1_000_000_000
START_NS = 1_767_623_400 * NS


@dataclass(frozen=True)
class Plot:
    """A plot of 600 by 400 pixels: a pixel is 10 s; prices from 90 to 110, logarithmic or not."""

    is_log: bool = False
    width: float = 600.0
    height: float = 400.0

    def x(self, ts_ns: int) -> float:
        return (ts_ns - START_NS) / (10 * NS)

    def y(self, price: float) -> float:
        top, bottom = math.log(110), math.log(90)
        share = (top - math.log(max(price, 1e-9))) / (top - bottom) if self.is_log else (110 - price) / 20
        return share * self.height

    def ts_ns(self, x: float) -> int:
        return START_NS + round(x * 10 * NS)

    def price(self, y: float) -> float:
        if self.is_log:
            return math.exp(math.log(110) - y / self.height * (math.log(110) - math.log(90)))
        return 110 - y / self.height * 20


WORDS = Words(lambda price: f"{price:.2f}", lambda change: f"{change:+.2f}", lambda a, b: (b - a) // (60 * NS))

_anchors = st.builds(
    Anchor,
    st.integers(START_NS - 10**13, START_NS + 10**13),
    st.floats(80, 120, allow_nan=False),
)


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    tool = draw(st.sampled_from(Tool))
    points = tuple(draw(_anchors) for _ in range(tool.anchor_count))
    return Drawing(
        draw(st.text("abcdef0123456789", min_size=1, max_size=8)), tool, points, draw(st.sampled_from(COLOURS)),
        draw(st.integers(1, 3)), draw(st.text(max_size=20)), draw(st.booleans()),
    )  # fmt: skip


def two(tool: Tool, *points: tuple[float, float], text: str = "") -> Drawing:
    plot = Plot()
    return Drawing("a", tool, tuple(Anchor(plot.ts_ns(x), plot.price(y)) for x, y in points), text=text)


@given(drawings())
@settings(max_examples=150)
def test_a_drawing_survives_its_file(drawing: Drawing) -> None:
    assert from_json(to_json(drawing)) == drawing


@given(drawings(), st.booleans())
@settings(max_examples=150)
def test_every_handle_and_line_that_is_painted_is_hit(drawing: Drawing, is_log: bool) -> None:
    drawn = outline(drawing, Plot(is_log), WORDS)
    assert len(drawn.handles) == drawing.tool.anchor_count
    for x, y in drawn.handles:
        assert hit(drawn, x, y) is not None
    for line in drawn.lines:
        assert hit(drawn, (line.x1 + line.x2) / 2, (line.y1 + line.y2) / 2) is not None


@given(drawings(), st.booleans(), st.floats(-300, 300), st.floats(-200, 200))
@settings(max_examples=150)
def test_a_moved_drawing_looks_the_same_elsewhere(drawing: Drawing, is_log: bool, dx: float, dy: float) -> None:
    plot = Plot(is_log)
    before, after = outline(drawing, plot, WORDS), outline(moved(drawing, plot, dx, dy), plot, WORDS)
    for (x1, y1), (x2, y2) in zip(before.handles, after.handles, strict=True):
        assert x2 - x1 == pytest.approx(dx, abs=1e-3)
        assert y2 - y1 == pytest.approx(dy, abs=1e-3)


def test_a_ray_leaves_the_plot_through_its_second_point() -> None:
    (line,) = outline(two(Tool.RAY, (100, 100), (200, 150)), Plot(), WORDS).lines
    assert (line.x2, line.y2) == pytest.approx((600, 350))
    assert line.distance(200, 150) == pytest.approx(0, abs=1e-6)
    (back,) = outline(two(Tool.RAY, (200, 150), (100, 100)), Plot(), WORDS).lines
    assert (back.x2, back.y2) == pytest.approx((0, 50))


def test_a_ray_that_points_nowhere_is_a_dot() -> None:
    (line,) = outline(two(Tool.RAY, (100, 100), (100, 100)), Plot(), WORDS).lines
    assert line == Line(100, 100, 100, 100)


def test_retracements_run_back_from_the_end_of_the_move() -> None:
    drawn = outline(two(Tool.FIBONACCI, (100, 400), (300, 0)), Plot(), WORDS)
    texts = [each.text for each in drawn.labels]
    assert len(texts) == len(RETRACEMENTS)
    assert texts[0] == "0.0%  110.00"
    assert texts[3] == "50.0%  100.00"
    assert texts[6] == "100.0%  90.00"
    assert texts[8] == "161.8%  77.64"


def test_a_measure_says_the_difference_the_share_the_bars_and_the_time() -> None:
    drawn = outline(two(Tool.MEASURE, (0, 400), (600, 200)), Plot(), WORDS)
    assert drawn.labels[0].text == "+10.00 (+11.11%)  100 bars  1 h 40 min"
    backwards = outline(two(Tool.MEASURE, (600, 200), (0, 400)), Plot(), WORDS)
    assert backwards.labels[0].text == "-10.00 (-10.00%)  -100 bars  -1 h 40 min".replace("-", "\N{MINUS SIGN}")


def test_the_inside_of_a_rectangle_is_hit_only_when_asked_for() -> None:
    drawn = outline(two(Tool.RECTANGLE, (100, 100), (300, 300)), Plot(), WORDS)
    assert hit(drawn, 200, 200) is None
    assert hit(drawn, 200, 200, is_filled=True) is not None
    assert hit(drawn, 200, 103) is not None
    assert hit(drawn, 301, 301) is not None
    assert hit(drawn, 400, 400) is None


def test_one_point_moves_and_the_others_stay() -> None:
    drawing = two(Tool.TREND_LINE, (100, 100), (200, 150))
    changed = drawing.with_anchor(1, Anchor(START_NS, 95.0))
    assert changed.anchors == (drawing.anchors[0], Anchor(START_NS, 95.0))


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {},
        {"tool": "circle", "id": "a", "anchors": [[1, 1.0]]},
        {"tool": "text", "id": "", "anchors": [[1, 1.0]]},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0], [2, 2.0]]},
        {"tool": "text", "id": "a", "anchors": [[1.5, 1.0]]},
        {"tool": "text", "id": "a", "anchors": [[1, float("inf")]]},
        {"tool": "text", "id": "a", "anchors": [[1, 10**400]]},
        {"tool": "text", "id": "a", "anchors": [[1, True]]},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0]], "colour": "pink"},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0]], "width": 9},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0]], "text": "x" * 501},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0]], "text": 5},
        {"tool": ["text"], "id": "a", "anchors": [[1, 1.0]]},
        {"tool": "text", "id": "a", "anchors": [[1, 1.0]], "colour": ["accent"]},
    ],
)
def test_what_is_no_drawing_is_refused_with_a_sentence(row: object) -> None:
    with pytest.raises(DrawingError, match=r"\.$"):
        from_json(row)


def test_drawings_are_kept_by_symbol_and_every_chart_hears_of_them(tmp_path: Path) -> None:
    book = DrawingBook(tmp_path / "drawings")
    heard: list[str] = []
    end = book.subscribe(heard.append)
    line = two(Tool.TREND_LINE, (0, 0), (100, 100))
    book.replace_all("BRK.B", (line,))
    end()
    book.replace_all("ACME", (replace(line, id="b"),))
    assert heard == ["BRK.B"]
    again = DrawingBook(tmp_path / "drawings")
    assert again.of("BRK.B") == (line,)
    assert again.of("brk.b") == ()
    book.replace_all("BRK.B", ())
    assert DrawingBook(tmp_path / "drawings").of("BRK.B") == ()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"version": 9, "symbol": "ACME", "drawings": []}', "[" * 100_000, "\xff"]
)
def test_a_broken_file_is_kept_aside_and_the_chart_is_empty(tmp_path: Path, text: str) -> None:
    book = DrawingBook(tmp_path)
    book.path_of("ACME").write_bytes(text.encode("latin-1"))
    assert book.of("ACME") == ()
    assert len(book.problems) == 1
    assert book.path_of("ACME").with_name("ACME.json.broken").is_file()


def test_too_many_drawings_and_equal_ids_are_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    book = DrawingBook(tmp_path)
    line = two(Tool.HORIZONTAL, (0, 0))
    book.replace_all("ACME", (line,))
    with pytest.raises(DrawingError):
        book.replace_all("ACME", tuple(replace(line, id=str(at)) for at in range(MOST_DRAWINGS + 1)))
    with pytest.raises(DrawingError):
        book.replace_all("ACME", (line, line))
    assert book.of("ACME") == (line,)


def test_a_disk_that_does_not_take_them_is_named_and_they_are_still_shown(tmp_path: Path) -> None:
    (tmp_path / "drawings").write_text("a file in the way")
    book = DrawingBook(tmp_path / "drawings")
    line = two(Tool.HORIZONTAL, (0, 0))
    with pytest.raises(WorkFailed):
        book.replace_all("ACME", (line,))
    assert book.of("ACME") == (line,)
