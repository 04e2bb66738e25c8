"""The one style sheet, from the tokens."""

from __future__ import annotations

from string import Template

from terminal.infra import resources
from terminal.ui.theme.tokens import Tokens

_SHEET = Template("""
QWidget { color: $text0; }
QMainWindow, QDialog, #window { background: $bg0; }
#panel, #panel > QWidget { background: $bg1; }
QToolTip { background: $bg2; color: $text0; border: 1px solid $line; padding: 4px 6px; }
#unitLine { color: $text2; font-size: ${column_px}px; padding: 1px 8px 2px 8px; background: $bg1; }
#sentence { color: $text1; }
#mono { font-family: "JetBrains Mono", "DejaVu Sans Mono"; font-size: ${label_px}px; }
QLabel[role="label"] { color: $text1; font-size: ${label_px}px; }
QLabel[role="faint"] { color: $text2; font-size: ${label_px}px; }
QLabel[role="value"] { color: $text0; font-size: ${value_px}px; }
QLabel[role="heading"] { color: $text0; font-size: 14px; font-weight: 600; }

QPushButton, QToolButton { background: $bg2; color: $text0; border: 1px solid $line; border-radius: ${radius}px;
    padding: 3px 10px; min-height: 16px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $selection; border-color: $text2; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $text2; background: $bg1; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:disabled { background: $bg2; color: $text2; border-color: $line; }
QPushButton[role="danger"] { color: $critical; border-color: $critical; }
QToolButton[role="flat"] { background: transparent; border: 1px solid transparent; padding: 1px 4px; min-height: 14px; }
QToolButton[role="warn"] { background: $warn; color: $on_accent; border: 1px solid $warn; padding: 1px 4px; }
QToolButton[role="flat"]:hover { background: $hover; }
QToolButton[role="flat"]:checked { background: $selection; color: $text0; }
QToolButton::menu-indicator { image: none; width: 0; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTextEdit { background: $bg0; color: $text0;
    border: 1px solid $line; border-radius: ${radius}px; padding: 2px 6px; selection-background-color: $selection;
    selection-color: $text0; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border-color: $accent; }
QLineEdit[invalid="true"], QAbstractSpinBox[invalid="true"] { border-color: $critical; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $text2; }
QComboBox { padding-right: 4px; }
QComboBox::drop-down { border: none; width: 16px; }
QComboBox::down-arrow { image: url($down); width: 10px; height: 10px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; background: transparent; width: 16px; }
QAbstractSpinBox::up-arrow { image: url($up_arrow); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url($down); width: 9px; height: 9px; }
QComboBox QAbstractItemView { background: $bg2; border: 1px solid $line; selection-background-color: $selection;
    selection-color: $text0; outline: 0; }
QCheckBox, QRadioButton { spacing: 6px; background: transparent; }
QCheckBox::indicator, QMenu::indicator { width: 12px; height: 12px; border: 1px solid $line; border-radius: 2px;
    background: $bg0; }
QCheckBox::indicator:checked, QMenu::indicator:checked { image: url($tick); border-color: $text2; }
QCheckBox::indicator:focus { border-color: $accent; }

QTableView, QTreeView, QListView { background: $bg1; color: $text0; border: none; gridline-color: $line; outline: 0;
    selection-background-color: $selection; selection-color: $text0; alternate-background-color: $bg1; }
QHeaderView { background: $bg1; border: none; }
QHeaderView::section { background: $bg1; color: $text2; border: none; border-bottom: 1px solid $line; padding: 0 6px;
    font-size: ${column_px}px; text-transform: uppercase; letter-spacing: 0.4px; }
QHeaderView::section:hover { color: $text0; }
QTableCornerButton::section { background: $bg1; border: none; }

QMenuBar { background: $bg0; color: $text1; padding: 0; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: ${radius}px; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $hover; color: $text0; }
QMenu { background: $bg2; color: $text0; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 4px 28px 4px 22px; border-radius: ${radius}px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $text2; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QMenu::indicator { left: 5px; }

QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; min-height: 24px; min-width: 24px; margin: 1px; }
QScrollBar::handle:hover { background: $text2; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea { background: $bg1; border: none; }
QAbstractScrollArea::corner { background: $bg1; }

QTabBar::tab { background: transparent; color: $text2; padding: 3px 10px; border: none; }
QTabBar::tab:selected { color: $text0; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text0; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QProgressBar { background: $bg2; border: none; border-radius: 2px; max-height: 4px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QSlider::groove:horizontal { background: $line; height: 3px; border-radius: 1px; }
QSlider::sub-page:horizontal { background: $text2; border-radius: 1px; }
QSlider::handle:horizontal { background: $text0; width: 10px; height: 10px; margin: -4px 0; border-radius: 5px; }
QSplitter::handle { background: $bg0; }

#topRow { background: $bg0; border-bottom: 1px solid $line; }
#statusBar { background: $bg0; border-top: 1px solid $line; }
#statusBar QLabel { font-size: ${label_px}px; color: $text1; }
#palette, #symbolEntry { background: $bg2; border: 1px solid $line; border-radius: 6px; }
#palette QListView, #symbolEntry QListView { background: $bg2; }
#paletteEdit { border: none; border-bottom: 1px solid $line; border-radius: 0; background: transparent; font-size: 15px;
    padding: 10px 12px; }
#toast { background: $bg2; border: 1px solid $line; border-left: 3px solid $text2; border-radius: ${radius}px; }
#toast[level="error"] { border-left-color: $critical; }
#toast[level="warn"] { border-left-color: $warn; }
#toast[level="good"] { border-left-color: $up; }

ads--CDockContainerWidget, ads--CDockAreaWidget, ads--CDockManager { background: $bg0; border: none; }
ads--CDockAreaWidget { background: $bg1; }
ads--CDockAreaTitleBar { background: $bg2; border: none; padding: 0; min-height: ${head_height}px;
    max-height: ${head_height}px; }
ads--CDockAreaTabBar { background: $bg2; border: none; }
ads--CDockWidget { background: $bg1; border: none; }
ads--CDockWidgetTab { background: $bg2; border: none; border-right: 1px solid $line; padding: 0 4px;
    min-height: ${head_height}px; max-height: ${head_height}px; }
ads--CDockWidgetTab QLabel { color: $text2; font-size: ${label_px}px; background: transparent; }
ads--CDockWidgetTab[activeTab="true"] { background: $bg1; }
ads--CDockWidgetTab[activeTab="true"] QLabel { color: $text0; }
ads--CDockSplitter::handle { background: $bg0; }
ads--CDockSplitter::handle:horizontal { width: 3px; }
ads--CDockSplitter::handle:vertical { height: 3px; }
ads--CTitleBarButton { background: transparent; border: none; padding: 0 2px; min-height: 0; }
ads--CDockAreaTitleBar QToolButton { background: transparent; border: none; padding: 1px 3px; min-height: 0; }
ads--CDockAreaTitleBar QToolButton:hover { background: $hover; }
ads--CFloatingDockContainer { background: $bg0; border: 1px solid $line; }
ads--CAutoHideTab { color: $text1; background: $bg0; border: none; padding: 3px 8px; }
""")


def style_sheet(tokens: Tokens) -> str:
    """The application's style sheet for a set of tokens."""
    values = {name: getattr(tokens, name) for name in tokens.__slots__}
    return _SHEET.substitute(values, down=_picture("down"), up_arrow=_picture("up"), tick=_picture("tick"))


def _picture(name: str) -> str:
    try:
        return resources.find("style", f"{name}.svg").as_posix()
    except resources.ResourceMissing:
        return ""
