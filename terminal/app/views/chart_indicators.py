"""The indicators of one chart: which, with which parameters and colours, in which pane; their values as bars come."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from terminal.app.views import chart_own
from terminal.app.views.chart_axes import value_text
from terminal.app.views.chart_workers import ChartWorkers
from terminal.market.bar_series import BarSeries
from terminal.market.indicators import catalog
from terminal.market.indicators.computation import Computation
from terminal.market.indicators.file_series import FileSeries
from terminal.market.indicators.formula import Formula
from terminal.market.indicators.making import make_computation
from terminal.market.indicators.series import IndicatorSeries
from terminal.market.indicators.spec import (
    IndicatorError,
    IndicatorSpec,
    OutputStyle,
    Setting,
)
from terminal.market.indicators.user_file import FILE_ID, FileFailed

MOST = 24
"""Indicators on one chart."""
DEFAULT_SHARE = 0.18
_LEAST_SHARE, _MOST_SHARE = 0.05, 0.6


@dataclass(frozen=True, slots=True)
class IndicatorChoice:
    """What the trader chose, as it is saved. ``colours``: places in the theme's series, one an output; ``share``: of
    the chart's height for a pane of its own. ``text``: the formula, or the file's name."""

    spec: IndicatorSpec
    settings: Mapping[str, Setting] = field(default_factory=dict)
    colours: tuple[int, ...] = ()
    is_visible: bool = True
    share: float = DEFAULT_SHARE
    text: str = ""

    @property
    def title(self) -> str:
        """As the legend has it."""
        if self.spec.id == chart_own.FORMULA_ID:
            return str(self.settings.get("name") or self.text)
        if self.spec.id == FILE_ID:
            numbers = [f"{value:g}" for value in self.settings.values() if isinstance(value, int | float)]
            return " ".join([self.spec.title, *numbers])
        return self.spec.short(self.settings)


class ChartIndicator:
    """One indicator of a chart with its values."""

    def __init__(self, choice: IndicatorChoice) -> None:
        self.choice = choice
        self.series: IndicatorSeries | FileSeries | None = None
        self.failure: IndicatorError | None = None
        """Why nothing could be begun."""

    @property
    def spec(self) -> IndicatorSpec:
        """What it is."""
        return self.choice.spec

    @property
    def _error(self) -> BaseException | None:
        return self.failure if self.series is None else self.series.error

    @property
    def problem(self) -> str:
        """One line on why it shows nothing; empty when it does or will."""
        error = self._error
        if error is None:
            return ""
        text = str(error).strip() or type(error).__name__
        return text if isinstance(error, IndicatorError) else f"{type(error).__name__}: {text}"

    @property
    def details(self) -> str:
        """The whole traceback of what its code raised."""
        error = self._error
        if isinstance(error, FileFailed):
            return error.details or str(error)
        return "" if error is None else "".join(traceback.format_exception(error))

    def drop_values(self) -> None:
        """Computes everything anew at the next look; ends a process of its own."""
        if isinstance(self.series, FileSeries):
            self.series.close()
        self.series, self.failure = None, None

    def value(self, output: int, place: int) -> float | None:
        """A value, None where there is none."""
        if self.series is None or not 0 <= place < len(self.series):
            return None
        found = float(self.series.values(output)[place])
        return None if math.isnan(found) else found


class IndicatorSet:
    """All indicators of a chart, overlays and panes, in the order they were added. UI thread only."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder``: where the trader's own files lie."""
        self.folder = folder
        self._items: list[ChartIndicator] = []
        self._scales = (1.0, 1.0)
        self._workers = ChartWorkers()
        self.revision = 0
        """Grows with every change of what is drawn beside new values at the right end."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def overlays(self) -> list[ChartIndicator]:
        """Those on the bars that are visible."""
        return [each for each in self._items if each.spec.is_overlay and each.choice.is_visible]

    @property
    def panes(self) -> list[ChartIndicator]:
        """Those with a pane of their own that are visible, from the top."""
        return [each for each in self._items if not each.spec.is_overlay and each.choice.is_visible]

    def add(self, choice: IndicatorChoice) -> ChartIndicator:
        """One more; IndicatorError when there are enough."""
        if len(self._items) >= MOST:
            raise IndicatorError(f"a chart shows {MOST} indicators at most; remove one first")
        item = ChartIndicator(self._coloured(choice))
        self._items.append(item)
        self.revision += 1
        return item

    def _coloured(self, choice: IndicatorChoice) -> IndicatorChoice:
        missing = len(choice.spec.outputs) - len(choice.colours)
        if missing <= 0:
            return choice
        used = {each.choice.colours[0] for each in self._items if each.spec.is_overlay == choice.spec.is_overlay}
        free = next((number for number in (0, 1, 4, 2, 5, 3) if number not in used), len(self._items) % 6)
        first = free if choice.spec.is_overlay else 4 if len(choice.spec.outputs) == 1 else 0
        styles = [each.style for each in choice.spec.outputs]
        if OutputStyle.UPPER in styles:
            made = tuple(first if style in {OutputStyle.UPPER, OutputStyle.LOWER} else (first + 1) % 6
                         for style in styles)  # fmt: skip
        else:
            made = tuple((first + number) % 6 for number in range(len(styles)))
        return replace(choice, colours=(*choice.colours, *made[len(choice.colours) :]))

    def remove(self, item: ChartIndicator) -> None:
        """Takes one away."""
        self._items.remove(item)
        item.drop_values()
        self.revision += 1

    def change(self, item: ChartIndicator, choice: IndicatorChoice) -> None:
        """Other parameters, colours, visibility or size; computes again only when numbers can be different."""
        before, item.choice = item.choice, self._coloured(choice)
        if (choice.spec, dict(choice.settings), choice.text) != (before.spec, dict(before.settings), before.text):
            item.drop_values()
        self.revision += 1

    def share(self, item: ChartIndicator, share: float) -> None:
        """Another height of its pane."""
        item.choice = replace(item.choice, share=min(max(share, _LEAST_SHARE), _MOST_SHARE))
        self.revision += 1

    def again(self, item: ChartIndicator) -> None:
        """Tries a failed one once more, a file as it is now; FileFailed when it cannot be read."""
        item.drop_values()
        self.revision += 1
        if item.spec.id == FILE_ID:
            spec = chart_own.file_of(self.folder, item.choice.text).spec
            changed = replace(item.choice, spec=spec, settings=spec.fit(item.choice.settings))
            item.choice = self._coloured(replace(changed, colours=changed.colours[: len(spec.outputs)]))

    def close(self) -> None:
        """The chart goes: ends the processes of own files, and the threads."""
        for item in self._items:
            item.drop_values()
        self._workers.close()

    def set_scales(self, price_scale: float, size_scale: float = 1.0) -> None:
        """Units of the bars' integers a whole one; everything is computed again when they are different."""
        if (price_scale, size_scale) != self._scales:
            self._scales = (price_scale, size_scale)
            for item in self._items:
                item.drop_values()

    def follow(self, bars: BarSeries) -> bool:
        """Brings every visible indicator up to the bars; True when more than the newest values is different."""
        changed = False
        for item in self._items:
            if not item.choice.is_visible:
                # What is not followed bar by bar begins anew when it is shown.
                item.drop_values()
                continue
            if item.series is None and item.failure is None:
                self._begin(item)
            if item.series is not None:
                changed = item.series.follow(bars) or changed
        if changed:
            self.revision += 1
        return changed

    @property
    def is_waiting(self) -> bool:
        """Whether a thread or a process still computes."""
        return any(
            each.series is not None and (each.series.is_waiting or isinstance(each.series, FileSeries))
            for each in self._items
        )

    def _begin(self, item: ChartIndicator) -> None:
        choice = item.choice
        if choice.spec.id != FILE_ID:
            item.series = IndicatorSeries(
                lambda: _make(choice), len(choice.spec.outputs), *self._scales, self._workers.compute
            )
            return
        try:
            file = chart_own.file_of(self.folder, choice.text)
        except FileFailed as problem:
            item.failure = problem
            return
        item.series = chart_own.file_series(
            replace(file, spec=choice.spec), choice.settings, *self._scales, self._workers.wait
        )

    # Settings.

    def save(self) -> list[dict[str, Any]]:
        """For the workspace."""
        return [
            {
                "id": each.choice.spec.id,
                "settings": dict(each.choice.settings),
                "colours": list(each.choice.colours),
                "visible": each.choice.is_visible,
                "share": round(each.choice.share, 3),
                **({"text": each.choice.text} if each.choice.text else {}),
            }
            for each in self._items
        ]

    def restore(self, rows: object) -> list[str]:
        """Takes back :meth:`save`, in place of all; sentences on what this version cannot show."""
        self.close()
        self._items.clear()
        self.revision += 1
        problems: list[str] = []
        for row in rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ():
            if not isinstance(row, Mapping):
                continue
            try:
                self.add(choice_of(row, self.folder))
            except IndicatorError as problem:
                problems.append(str(problem))
        return problems


def new_choice(indicator: str) -> IndicatorChoice:
    """An indicator of the catalog as it is offered; IndicatorError for an unknown id."""
    spec = catalog.find(indicator)
    return IndicatorChoice(spec, spec.fit({}))


def formula_choice(text: str, settings: Mapping[str, object] | None = None) -> IndicatorChoice:
    """A formula; FormulaError with the place when it is none."""
    spec = chart_own.formula_spec(text, settings or {})
    return IndicatorChoice(spec, spec.fit(settings or {}), text=text)


def file_choice(folder: Path | None, name: str) -> IndicatorChoice:
    """A file of the trader's folder; FileFailed when it cannot be read."""
    spec = chart_own.file_of(folder, name).spec
    return IndicatorChoice(spec, spec.fit({}), text=name)


def _spec_of(row: Mapping[str, Any], settings: Mapping[str, object], folder: Path | None) -> IndicatorSpec:
    name, text = str(row.get("id", "")), str(row.get("text", ""))
    if name == chart_own.FORMULA_ID:
        return chart_own.formula_spec(text, settings)
    if name == FILE_ID:
        try:
            return chart_own.file_of(folder, text).spec
        except FileFailed:
            # It may be mended, and must not be lost from the workspace until then.
            return chart_own.unread_file_spec(text)
    return catalog.find(name)


def choice_of(row: Mapping[str, Any], folder: Path | None = None) -> IndicatorChoice:
    """A saved choice, whatever does not fit replaced; IndicatorError for what this version or profile has not."""
    settings = row.get("settings")
    spec = _spec_of(row, settings if isinstance(settings, Mapping) else {}, folder)
    colours = row.get("colours")
    share = row.get("share")
    return IndicatorChoice(
        spec,
        spec.fit(settings if isinstance(settings, Mapping) else {}),
        tuple(each for each in colours if isinstance(each, int) and 0 <= each < 6)[: len(spec.outputs)]
        if isinstance(colours, list)
        else (),
        row.get("visible") is not False,
        min(max(float(share), _LEAST_SHARE), _MOST_SHARE) if isinstance(share, int | float) else DEFAULT_SHARE,
        str(row.get("text", "")),
    )


def legend_value(item: ChartIndicator, output: int, place: int) -> str:
    """A value as the legend shows it."""
    found = item.value(output, place)
    return value_text(found if found is not None else float("nan"), _step(found))


def _step(value: float | None) -> float:
    size = abs(value or 0.0)
    return 0.01 if size < 1_000 else 0.1 if size < 10_000 else 100 if size < 1e6 else size / 10_000


def _make(choice: IndicatorChoice) -> Computation:
    if choice.spec.id == chart_own.FORMULA_ID:
        return Formula(choice.text)
    return make_computation(choice.spec, choice.settings)
