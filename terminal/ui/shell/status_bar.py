"""The status bar: painted from segments, nothing jumps, the least important goes first when the room is short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from terminal.app.status import Segment
from terminal.app.tasks import Tasks
from terminal.ui.bridge.frame_clock import Frame, Needs
from terminal.ui.quarantine import guarded
from terminal.ui.theme.theme import Theme
from terminal.ui.widgets.painted_text import At, PaintedTexts

HEIGHT_PX = 24
_PAD, _GROUP_GAP, _LABEL_GAP, _BADGE_PAD = 7, 9, 4, 6
_TASK_PX = 210
_MARK = "NOW"


@dataclass(frozen=True, slots=True)
class _Place:
    segment: Segment
    rect: QRect
    mark_px: int
    label_px: int


class StatusBar(QWidget):
    """``read`` gives the segments of now; it is called ten times a second."""

    command_wanted = Signal(str)
    """A person clicked a piece; carries the command's id."""

    needs = Needs.ALWAYS
    min_interval_ms = 100

    def __init__(
        self, read: Callable[[], tuple[Segment, ...]], tasks: Tasks, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._read, self._tasks, self._theme = read, tasks, theme
        self._texts = PaintedTexts(theme.label_font(), HEIGHT_PX)
        self._segments: tuple[Segment, ...] = ()
        self._task: tuple[str, float | None, int] | None = None
        self._places: list[_Place] = []
        self._task_rect = QRect()
        self._cancel_rect = QRect()
        self._described_s = -1
        self.setFixedHeight(HEIGHT_PX)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def text(self) -> str:
        """All of it as a sentence, for tests and screen readers."""
        return " | ".join(" ".join((_MARK * bool(s.mark), s.label, s.text)).strip() for s in self._segments)

    def shown_keys(self) -> list[str]:
        """Keys of the segments that there is room for."""
        return [place.segment.key for place in self._places]

    def set_theme(self, theme: Theme) -> None:
        """Other colours and fonts."""
        self._theme = theme
        self._texts = PaintedTexts(theme.label_font(), HEIGHT_PX)
        self._arrange()
        self.update()

    def is_on_screen(self) -> bool:
        """Whether it can be seen."""
        return self.isVisible()

    def run_frame(self, frame: Frame) -> None:
        """Reads, and repaints when a text has changed."""
        self._refresh()
        second = frame.wall_ns // 1_000_000_000
        if second != self._described_s:
            self._described_s = second
            self.setAccessibleName("Status: " + self.text())

    @guarded
    def _refresh(self) -> None:
        segments, task = self._read(), self._task_now()
        if segments == self._segments and task == self._task:
            return
        before, had_task = self._places, self._task
        self._segments, self._task = segments, task
        self._arrange()
        if task != had_task or [each.rect for each in before] != [each.rect for each in self._places]:
            self.update()
            return
        for was, now in zip(before, self._places, strict=True):
            if was != now:
                self.update(now.rect)

    def _task_now(self) -> tuple[str, float | None, int] | None:
        running = self._tasks.running()
        if not running:
            return None
        first = running[0]
        title = f"{first.title}  {first.note}".strip()
        if first.cancel_asked:
            title = f"{first.title}: stopping"
        return title, first.fraction, len(running)

    def _arrange(self) -> None:
        room = self.width() - 8 - (_TASK_PX if self._task else 0)
        chosen = list(self._segments)
        widths = {each.key: self._width(each) for each in chosen}
        while chosen and self._total(chosen, widths) > room:
            victim = max(chosen, key=lambda each: each.rank)
            if victim.rank == 0:
                break
            chosen.remove(victim)
        self._places = []
        x, group = 4, chosen[0].group if chosen else 0
        slack = max(0, room - self._total(chosen, widths))
        groups = sorted({each.group for each in chosen})
        for each in chosen:
            if each.group != group:
                x += _GROUP_GAP
                if each.group == groups[-2 if len(groups) > 1 else -1]:
                    x += slack
                    slack = 0
                group = each.group
            width, mark, label = widths[each.key]
            self._places.append(_Place(each, QRect(x, 0, width, HEIGHT_PX), mark, label))
            x += width
        self._task_rect = QRect(self.width() - _TASK_PX, 0, _TASK_PX - 4, HEIGHT_PX) if self._task else QRect()

    @staticmethod
    def _total(chosen: list[Segment], widths: dict[str, tuple[int, int, int]]) -> int:
        gaps = len({each.group for each in chosen}) - 1
        return sum(widths[each.key][0] for each in chosen) + max(0, gaps) * _GROUP_GAP + 4

    def _width(self, segment: Segment) -> tuple[int, int, int]:
        """Pixels of all of a piece, of its mark and of its label."""
        width = self._texts.width
        mark = width(_MARK) + 2 * _BADGE_PAD + _PAD if segment.mark else 0
        label = width(segment.label) + _LABEL_GAP if segment.label else 0
        text = max(width(segment.text), width(segment.widest))
        badge = 2 * _BADGE_PAD if segment.badge or segment.key == "armed" else 0
        return mark + label + text + badge + 2 * _PAD, mark, label

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Pieces that are to be painted, hairlines between groups, and the progress of long work at the right."""
        painter = QPainter(self)
        part = event.rect()
        painter.fillRect(part, self._theme.colour("bg0"))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, 0, self.width(), 0)
        painter.setFont(self._texts.font)
        group = self._places[0].segment.group if self._places else 0
        for place in self._places:
            if place.segment.group != group:
                group = place.segment.group
                x = place.rect.left() - _GROUP_GAP // 2
                painter.setPen(self._theme.colour("line"))
                painter.drawLine(x, 6, x, HEIGHT_PX - 6)
            if place.rect.intersects(part):
                self._paint_segment(painter, place)
        if self._task:
            self._paint_task(painter, self._task)
        painter.end()

    def _paint_segment(self, painter: QPainter, place: _Place) -> None:
        segment, rect = place.segment, place.rect.adjusted(_PAD, 0, -_PAD, 0)
        if segment.mark:
            self._paint_badge(painter, rect.left(), place.mark_px - _PAD, segment.mark, _MARK)
            rect.adjust(place.mark_px, 0, 0, 0)
        if segment.label:
            painter.setPen(self._theme.colour("text2"))
            self._texts.draw(painter, rect.left(), 0, rect.width(), At.LEFT, segment.label)
        text_rect = rect.adjusted(place.label_px, 0, 0, 0)
        if segment.badge:
            width = self._texts.width(segment.text) + 2 * _BADGE_PAD
            self._paint_badge(painter, text_rect.left(), width, segment.badge, segment.text)
            return
        painter.setPen(self._theme.colour(segment.tone.value))
        self._texts.draw(painter, text_rect.left(), 0, text_rect.width(), At.LEFT, segment.text)

    def _paint_badge(self, painter: QPainter, left: int, width: int, token: str, text: str) -> None:
        badge = QRect(left, 5, width, HEIGHT_PX - 9)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(token))
        painter.drawRoundedRect(badge, 2, 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._theme.ink_on(token))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_task(self, painter: QPainter, task: tuple[str, float | None, int]) -> None:
        title, fraction, count = task
        rect = self._task_rect
        self._cancel_rect = QRect(rect.right() - 42, 3, 42, HEIGHT_PX - 6)
        bar = QRect(rect.left(), HEIGHT_PX - 5, rect.width() - 50, 2)
        painter.setPen(self._theme.colour("text1"))
        more = f" (+{count - 1})" if count > 1 else ""
        room = rect.width() - 52
        text = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room - 20) + more
        painter.drawText(rect.left(), 0, room, HEIGHT_PX - 4, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.fillRect(bar, self._theme.colour("line"))
        done = bar.adjusted(0, 0, -int(bar.width() * (1 - (fraction if fraction is not None else 0.15))), 0)
        painter.fillRect(done, self._theme.colour("accent"))
        painter.setPen(self._theme.colour("text2"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(self._cancel_rect, 3, 3)
        painter.setPen(self._theme.colour("text0"))
        painter.drawText(self._cancel_rect, int(Qt.AlignmentFlag.AlignCenter), "Cancel")

    def resizeEvent(self, event: QEvent) -> None:
        """Chooses again what there is room for."""
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click runs the piece's command, or cancels the task."""
        point = event.position().toPoint()
        if self._task and self._cancel_rect.contains(point):
            running = self._tasks.running()
            if running:
                running[0].cancel()
            return
        segment = self._at(point)
        if segment is not None and segment.command:
            self.command_wanted.emit(segment.command)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A hand over what can be clicked."""
        point = event.position().toPoint()
        segment = self._at(point)
        clickable = (segment is not None and segment.command) or (self._task and self._cancel_rect.contains(point))
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def event(self, event: QEvent) -> bool:
        """Tooltips by piece."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            segment = self._at(event.pos())
            QToolTip.showText(event.globalPos(), segment.tip if segment else "", self)
            return True
        return super().event(event)

    def _at(self, point: QPoint) -> Segment | None:
        return next((place.segment for place in self._places if place.rect.contains(point)), None)
