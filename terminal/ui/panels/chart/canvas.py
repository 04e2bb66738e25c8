"""The chart as one painted widget. Everything but the last bar lies in a pixmap, so that a tick repaints one bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from terminal.app import ages, formats
from terminal.app.views.chart import ChartView, Mark
from terminal.core.instruments import InstrumentKind
from terminal.ui.panels.chart.candles import CandlePainter
from terminal.ui.panels.chart.geometry import Geometry
from terminal.ui.panels.chart.overlays import PriceLine, TradeMark, paint_lines, paint_trades
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_AXIS_HEIGHT = 18
_MARK_EVERY_X = 90
_MARK_EVERY_Y = 34
_TAG_HEIGHT = 16


@dataclass(frozen=True, slots=True)
class _Drag:
    start: QPointF
    right: float
    on_axis: bool


class ChartCanvas(QWidget):
    """Paints a :class:`ChartView`. Drag pans, wheel zooms, a drag on the price axis stretches, double click resets."""

    moved = Signal()
    """A person panned or zoomed."""

    def __init__(self, view: ChartView, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._candles = CandlePainter()
        self._pixmap: QPixmap | None = None
        self._pixmap_key: tuple[object, ...] = ()
        self._generation = 0
        self._time_marks: list[Mark] = []
        self._pointer: QPointF | None = None
        self._drag: _Drag | None = None
        self.lines: Sequence[PriceLine] = ()
        self.trades: Sequence[TradeMark] = ()
        self.is_stale = False
        self.is_closed = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Candle chart")
        self.setMinimumSize(220, 120)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Colours and fonts."""
        self._theme = theme
        self._font, self._bold = theme.label_font(), theme.value_font(bold=True)
        self._metrics = QFontMetrics(self._font)
        self.renew()

    def renew(self) -> None:
        """Paints every bar again."""
        self._generation += 1
        self.update()

    def geometry_now(self) -> Geometry:
        """Where things stand at the widget's size of now."""
        view = self._view
        low, high = view.prices()
        sample = formats.MISSING
        if view.instrument is not None:
            sample = formats.price(int(high), view.instrument)
        axis = max(48, self._metrics.horizontalAdvance(sample) + 14)
        volume = view.instrument is None or view.instrument.kind is not InstrumentKind.INDEX
        return Geometry(self.width(), self.height(), axis, _AXIS_HEIGHT, view.right, view.in_view, low, high, volume)

    # Painting.

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """The pixmap, then what moves: the last bar, lines, trades, crosshair."""
        painter = QPainter(self)
        view = self._view
        if view.instrument is None or not len(view.bars):
            painter.fillRect(self.rect(), self._theme.colour("bg1"))
            return
        geometry = self.geometry_now()
        self._refresh_pixmap(geometry)
        if self._pixmap is not None:
            painter.drawPixmap(0, 0, self._pixmap)
        painter.setClipRect(geometry.plot())
        last = len(view.bars) - 1
        first_in_view, end = view.visible()
        if first_in_view <= last < end:
            self._candles.paint(painter, geometry, view.bars[last:], last, self._theme, view.most_volume())
        paint_trades(painter, geometry, self.trades, self._theme)
        painter.setClipping(False)
        self._paint_price_axis(painter, geometry)
        self._paint_time_axis(painter, geometry)
        last_y = self._paint_last_line(painter, geometry)
        paint_lines(painter, geometry, self.lines, self._theme, self._font, view.instrument, last_y)
        self._paint_last_tag(painter, geometry, last_y)
        self._paint_crosshair(painter, geometry)
        self._paint_readout(painter, geometry)

    def _refresh_pixmap(self, geometry: Geometry) -> None:
        view, ratio = self._view, self.devicePixelRatioF()
        key = (geometry, ratio, len(view.bars), view.most_volume(), self._generation)
        if key == self._pixmap_key and self._pixmap is not None:
            return
        self._pixmap_key = key
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.colour("bg1"))
        painter = QPainter(pixmap)
        self._paint_axes(painter, geometry)
        painter.setClipRect(geometry.plot())
        first, end = view.visible()
        end = min(end, len(view.bars) - 1)
        self._candles.paint(painter, geometry, view.bars[first:end], first, self._theme, view.most_volume())
        painter.end()
        self._pixmap = pixmap

    def _paint_axes(self, painter: QPainter, geometry: Geometry) -> None:
        theme, view = self._theme, self._view
        grid = QColor(theme.colour("line"))
        grid.setAlpha(110)
        bottom = geometry.height - geometry.axis_height
        painter.setFont(self._font)
        for px in _price_marks(view, geometry):
            y = round(geometry.y(px))
            painter.setPen(grid)
            painter.drawLine(0, y, geometry.plot_width, y)
        self._time_marks = view.time_marks(max(2, geometry.plot_width // _MARK_EVERY_X))
        for mark in self._time_marks:
            x = round(geometry.x(mark.at))
            painter.setPen(grid)
            painter.drawLine(x, geometry.price_top, x, bottom)
        night = QColor(theme.colour("text2"))
        night.setAlpha(130)
        painter.setPen(QPen(night, 1, Qt.PenStyle.DotLine))
        for place in view.day_breaks():
            x = round(geometry.x(place - 0.5))
            painter.drawLine(x, geometry.price_top, x, bottom)
        painter.setPen(theme.colour("line"))
        painter.drawLine(0, bottom, geometry.width, bottom)
        painter.drawLine(geometry.plot_width, 0, geometry.plot_width, bottom)
        if geometry.volume_height > 12:
            painter.drawLine(0, geometry.volume_top - 2, geometry.plot_width, geometry.volume_top - 2)
            painter.setPen(theme.colour("text2"))
            text = f"vol {formats.size(view.most_volume())}"
            painter.drawText(QRect(4, geometry.volume_top, 160, 14), _LEFT, text)

    def _paint_price_axis(self, painter: QPainter, geometry: Geometry) -> None:
        """Round prices, but for those that a tag would half cover."""
        instrument = self._view.instrument
        if instrument is None:
            return
        taken = [geometry.y(line.px) for line in self.lines] + [geometry.y(float(self._view.bars["close"][-1]))]
        if self._pointer is not None and geometry.plot().contains(self._pointer.toPoint()):
            taken.append(self._pointer.y())
        painter.setFont(self._font)
        painter.setPen(self._theme.colour("text2"))
        for px in _price_marks(self._view, geometry):
            y = round(geometry.y(px))
            free = all(abs(y - other) >= _TAG_HEIGHT for other in taken)
            if free and geometry.price_top - 2 <= y <= geometry.volume_top:
                rect = QRect(geometry.plot_width + 2, y - 8, geometry.axis_width - 6, 16)
                painter.drawText(rect, _RIGHT, formats.price(round(px), instrument))

    def _paint_time_axis(self, painter: QPainter, geometry: Geometry) -> None:
        """Times, but for those that the crosshair's would half cover."""
        bottom = geometry.height - geometry.axis_height
        taken = self._pointer_time(geometry)
        least = 0
        for mark in self._time_marks:
            x, width = round(geometry.x(mark.at)), self._metrics.horizontalAdvance(mark.text) + 8
            rect = QRect(min(x - width // 2, geometry.plot_width - width), bottom, width, geometry.axis_height)
            if rect.left() < least or x > geometry.plot_width or (taken is not None and rect.intersects(taken[0])):
                continue
            painter.setPen(self._theme.colour("text1" if mark.is_major else "text2"))
            painter.drawText(rect, _CENTRE, mark.text)
            least = rect.right()

    def _pointer_time(self, geometry: Geometry) -> tuple[QRect, str] | None:
        """Where the crosshair's time stands, and its text; None without a crosshair."""
        if self._pointer is None or not geometry.plot().contains(self._pointer.toPoint()):
            return None
        place = self._place_under(geometry)
        text = self._time_text(place)
        width = self._metrics.horizontalAdvance(text) + 12
        left = min(max(0, round(geometry.x(place)) - width // 2), geometry.plot_width - width)
        bottom = geometry.height - geometry.axis_height
        return QRect(left, bottom + 1, width, geometry.axis_height - 1), text

    def _last_token(self) -> str:
        last = self._view.bars[-1]
        return "text2" if self.is_stale or self.is_closed else "up" if last["close"] >= last["open"] else "down"

    def _paint_last_line(self, painter: QPainter, geometry: Geometry) -> int | None:
        """A dotted line at the last price; its pixel row, None when it is out of view."""
        y = round(geometry.y(float(self._view.bars["close"][-1])))
        if not geometry.price_top <= y <= geometry.volume_top:
            return None
        painter.setPen(QPen(self._theme.colour(self._last_token()), 1, Qt.PenStyle.DotLine))
        painter.drawLine(0, y, geometry.plot_width, y)
        return y

    def _paint_last_tag(self, painter: QPainter, geometry: Geometry, y: int | None) -> None:
        instrument = self._view.instrument
        if y is not None and instrument is not None:
            text = formats.price(int(self._view.bars["close"][-1]), instrument)
            self._tag(painter, geometry, y, text, self._last_token())

    def _tag(self, painter: QPainter, geometry: Geometry, y: int, text: str, token: str) -> None:
        rect = QRect(geometry.plot_width + 1, y - _TAG_HEIGHT // 2, geometry.axis_width - 1, _TAG_HEIGHT)
        painter.fillRect(rect, self._theme.colour(token))
        painter.setFont(self._font)
        painter.setPen(self._theme.ink_on(token))
        painter.drawText(rect.adjusted(0, 0, -5, 0), _RIGHT, text)

    def _paint_crosshair(self, painter: QPainter, geometry: Geometry) -> None:
        pointer, instrument = self._pointer, self._view.instrument
        if pointer is None or instrument is None or not geometry.plot().contains(pointer.toPoint()):
            return
        place = self._place_under(geometry)
        x, y = round(geometry.x(place)), round(pointer.y())
        bottom = geometry.height - geometry.axis_height
        painter.setPen(QPen(self._theme.colour("text2"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(x, geometry.price_top, x, bottom)
        painter.drawLine(0, y, geometry.plot_width, y)
        if y < geometry.volume_top:
            price = instrument.tick_class.table.nearest(round(geometry.price(y)))
            self._tag(painter, geometry, y, formats.price(price, instrument), "bg2")
        found = self._pointer_time(geometry)
        if found is not None:
            painter.fillRect(found[0], self._theme.colour("bg2"))
            painter.setPen(self._theme.colour("text0"))
            painter.drawText(found[0], _CENTRE, found[1])

    def _time_text(self, place: int) -> str:
        bars = self._view.bars
        if not 0 <= place < len(bars):
            return formats.MISSING
        ts_ns = int(bars["ts_ns"][place])
        day = ages.day_text(ts_ns)
        return day if self._view.seconds >= 86_400 else f"{day} {ages.time_of_day(ts_ns)}"

    def _place_under(self, geometry: Geometry) -> int:
        x = self._pointer.x() if self._pointer is not None else 0.0
        return min(max(0, round(geometry.place(x))), len(self._view.bars) - 1)

    def _paint_readout(self, painter: QPainter, geometry: Geometry) -> None:
        """Open, high, low, close, volume of the bar under the pointer, else of the newest."""
        bars, instrument = self._view.bars, self._view.instrument
        if instrument is None:
            return
        inside = self._pointer is not None and geometry.plot().contains(self._pointer.toPoint())
        place = self._place_under(geometry) if inside else len(bars) - 1
        bar = bars[place]
        painter.setFont(self._font)
        x = 6
        tone = "up" if bar["close"] >= bar["open"] else "down"
        parts = [(name.upper(), formats.price(int(bar[field]), instrument), tone)
                 for name, field in (("o", "open"), ("h", "high"), ("l", "low"), ("c", "close"))]  # fmt: skip
        if geometry.has_volume:
            parts.append(("V", formats.size(int(bar["volume"])), "text0"))
        if place:
            change = int(bar["close"] - bars["close"][place - 1])
            parts.append(
                ("", formats.change(change, instrument), "up" if change > 0 else "down" if change else "text1")
            )
        if self.is_stale or self.is_closed:
            parts.append(("", "stale" if self.is_stale else "closed", "text2"))
        for name, text, token in parts:
            for piece, ink in ((name, "text2"), (text, token)):
                width = self._metrics.horizontalAdvance(piece)
                if x + width > geometry.plot_width:
                    return
                painter.setPen(self._theme.colour(ink))
                painter.drawText(QRect(x, 2, width + 2, 16), _LEFT, piece)
                x += width + 4 if piece else 0
            x += 6

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begins a pan, or a stretch on the price axis."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            on_axis = event.position().x() > self.geometry_now().plot_width
            self._drag = _Drag(event.position(), self._view.right, on_axis)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the crosshair, or what is dragged."""
        before, self._pointer = self._pointer, event.position()
        drag = self._drag
        if drag is not None and event.buttons() & Qt.MouseButton.LeftButton and before is not None:
            geometry = self.geometry_now()
            down = event.position().y() - before.y()
            if drag.on_axis:
                self._view.zoom_prices(1 + down / max(50, geometry.price_height))
            else:
                self._view.pan(-(event.position().x() - before.x()) / geometry.bar_width)
                self._view.pan_prices(down * (geometry.high - geometry.low) / geometry.price_height)
            self.moved.emit()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends a drag."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Follows the newest bar at prices that fit."""
        self._view.reset()
        self.moved.emit()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Takes the crosshair away."""
        self._pointer = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms around the pointer; over the price axis it stretches the prices."""
        notches = event.angleDelta().y() / 120
        if not notches:
            return
        geometry = self.geometry_now()
        if event.position().x() > geometry.plot_width:
            self._view.zoom_prices(0.9**notches)
        else:
            self._view.zoom(0.85**notches, geometry.place(event.position().x()))
        self.moved.emit()
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Another screen has another pixel ratio."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.renew()


def _price_marks(view: ChartView, geometry: Geometry) -> list[float]:
    """Round prices for the height of the plot."""
    return view.price_marks(max(2, geometry.price_height // _MARK_EVERY_Y))
