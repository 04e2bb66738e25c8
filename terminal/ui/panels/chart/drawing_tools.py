"""The drawing tools of one chart: the layer, its undo, the button's menu and the commands."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from terminal.app.drawings.book import DrawingBook
from terminal.app.drawings.shapes import Drawing, Tool
from terminal.core.instruments import Instrument
from terminal.ui.panel import PanelCommand
from terminal.ui.panels.chart.drawing_history import DrawingHistory
from terminal.ui.panels.chart.drawing_layer import DrawingLayer
from terminal.ui.panels.chart.drawing_menus import LineEditor, open_menu

TOOL_KEYS = {
    Tool.TREND_LINE: "Alt+T", Tool.RAY: "Alt+R", Tool.HORIZONTAL: "Alt+H", Tool.VERTICAL: "Alt+V",
    Tool.RECTANGLE: "Alt+B", Tool.FIBONACCI: "Alt+F", Tool.MEASURE: "Alt+M", Tool.TEXT: "Alt+X",
}  # fmt: skip

DRAWING_COMMANDS = (
    *(PanelCommand(f"draw_{tool.value}", f"Draw: {tool.title.lower()}", f"draw_{tool.value}", (key,))
      for tool, key in TOOL_KEYS.items()),
    PanelCommand("undo", "Undo the last change of a drawing", "undo_drawing", ("Ctrl+Z",), enabled_method="can_undo"),
    PanelCommand("redo", "Redo the change of a drawing", "redo_drawing", ("Ctrl+Y", "Ctrl+Shift+Z"),
                 enabled_method="can_redo"),
    PanelCommand("hide_drawings", "Hide or show the drawings", "hide_drawings", ("Alt+D",)),
    PanelCommand("remove_drawings", "Remove all drawings of this symbol", "remove_drawings"),
)  # fmt: skip


class DrawingTools:
    """Give :attr:`layer` to the canvas and :attr:`button` to the head row. ``say`` shows a sentence."""

    def __init__(self, canvas: QWidget, book: DrawingBook, say: Callable[[str], None]) -> None:
        self._canvas = canvas
        self._book = book
        self._say = say
        self._told = 0
        self.history = DrawingHistory(book, say)
        self.layer = DrawingLayer(self.history)
        self.layer.ask_text = self._ask_text
        self.layer.open_menu = self._open_menu
        self.layer.tool_changed = self._tool_changed
        self.button = QToolButton()
        self.button.setText("Draw")
        self.button.setCheckable(True)
        self.button.setProperty("role", "flat")
        self.button.setToolTip("Draw lines, levels, rectangles, retracements and texts; Shift and a drag measures")
        self.button.setAccessibleName("Drawing tools")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setMenu(self._menu())

    def show_instrument(self, instrument: Instrument) -> None:
        """Another symbol's drawings; what was wrong with their file is said once."""
        self.layer.show_instrument(instrument)
        self._book.of(instrument.symbol)
        for problem in self._book.problems[self._told :]:
            self._say(problem)
        self._told = len(self._book.problems)

    def take(self, tool: Tool) -> None:
        """Takes a tool up; the same one again puts it down."""
        self.layer.take(None if self.layer.tool is tool else tool)
        self._canvas.setFocus()

    def close(self) -> None:
        """The chart goes."""
        self.layer.close()

    def _menu(self) -> QMenu:
        menu = QMenu(self.button)
        for tool, key in TOOL_KEYS.items():
            menu.addAction(f"{tool.title}\t{key}", partial(self.take, tool))
        menu.addSeparator()
        undo = menu.addAction("Undo\tCtrl+Z", self.history.undo)
        redo = menu.addAction("Redo\tCtrl+Y", self.history.redo)
        menu.addAction("Hide or show\tAlt+D", self.layer.toggle_hidden)
        menu.addAction("Remove all", self.layer.remove_all)

        def about_to_show() -> None:
            undo.setEnabled(self.history.can_undo)
            redo.setEnabled(self.history.can_redo)

        menu.aboutToShow.connect(about_to_show)
        return menu

    def _ask_text(self, point: QPointF, text: str, done: Callable[[str], None]) -> None:
        LineEditor(self._canvas, point, text, done)

    def _open_menu(self, drawing: Drawing) -> None:
        open_menu(self.layer, drawing, self._canvas)

    def _tool_changed(self) -> None:
        tool = self.layer.tool
        self.button.setChecked(tool is not None)
        self.button.setText("Draw" if tool is None else f"Draw: {tool.title.lower()}")


class DrawingCommands:
    """What :data:`DRAWING_COMMANDS` run, for the panel to inherit. ``drawing`` is the panel's."""

    drawing: DrawingTools

    def undo_drawing(self) -> None:
        """Takes the last change back."""
        self.drawing.history.undo()

    def redo_drawing(self) -> None:
        """Makes it again."""
        self.drawing.history.redo()

    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self.drawing.history.can_undo

    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self.drawing.history.can_redo

    def hide_drawings(self) -> None:
        """Hides or shows them."""
        self.drawing.layer.toggle_hidden()

    def remove_drawings(self) -> None:
        """Takes all of this symbol's away; undo brings them back."""
        self.drawing.layer.remove_all()

    def draw_trend_line(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.TREND_LINE)

    def draw_ray(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.RAY)

    def draw_horizontal(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.HORIZONTAL)

    def draw_vertical(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.VERTICAL)

    def draw_rectangle(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.RECTANGLE)

    def draw_fibonacci(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.FIBONACCI)

    def draw_measure(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.MEASURE)

    def draw_text(self) -> None:
        """Takes the tool up."""
        self.drawing.take(Tool.TEXT)
