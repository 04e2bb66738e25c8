"""Which orders the flow tape shows: a choice in each of a few lists, and choices saved by name for every flow panel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from terminal.infra import atomic_file
from terminal.infra.disk import explain
from terminal.market.flow.rows import Mark
from terminal.market.rows import Rows

VERSION = 1
MOST_NAME, MOST_FILTERS = 40, 200
_NEAR = 0.02
Filter = Mapping[str, str]
"""By field, the key of the choice."""
CHOICES: Mapping[str, Mapping[str, str]] = {
    "scope": {"all": "All underlyings", "symbol": "This underlying"},
    "what": {
        "large": "Large orders", "every": "Every order", "marked": "Sweeps, blocks", "sweeps": "Sweeps",
        "blocks": "Blocks", "opening": "Opening",
    },
    "premium": {"0": "Any premium", "25000": "≥ $25K", "100000": "≥ $100K", "500000": "≥ $500K", "1000000": "≥ $1M"},
    "size": {"0": "Any size", "10": "≥ 10", "50": "≥ 50", "100": "≥ 100", "500": "≥ 500", "1000": "≥ 1,000"},
    "right": {"both": "Calls, puts", "calls": "Calls", "puts": "Puts"},
    "days": {"0-": "Any expiry", "0-0": "Today", "0-7": "≤ 7 days", "7-45": "7–45 days", "45-": "≥ 45 days"},
    "moneyness": {"any": "Any strike", "out": "Out of the money", "near": "Within 2%", "in": "In the money"},
}  # fmt: skip
FIELDS = tuple(CHOICES)
DEFAULT: Filter = {field: next(iter(choices)) for field, choices in CHOICES.items()}


class BadFilterError(ValueError):
    """A filter that cannot be kept, with a sentence that says why."""


def checked(told: object) -> Filter:
    """A filter out of what was saved, perhaps by another version: what does not fit is as at first."""
    given = told if isinstance(told, Mapping) else {}
    return {
        field: str(given[field]) if isinstance(given.get(field), str) and given[field] in choices else DEFAULT[field]
        for field, choices in CHOICES.items()
    }


def passing(orders: Rows, chosen: Filter, underlying: int | None) -> npt.NDArray[np.bool_]:
    """Which orders (ORDER_ROW) pass. What is not known, such as moneyness without a spot, does not pass a choice of
    it."""
    keep: npt.NDArray[np.bool_] = (orders["premium"] >= float(chosen["premium"])) & (
        orders["size"] >= int(chosen["size"])
    )
    if chosen["scope"] == "symbol":
        keep &= orders["underlying"] == (-1 if underlying is None else underlying)
    wanted = {
        "large": Mark.LARGE, "marked": Mark.BLOCK | Mark.sweep(), "sweeps": Mark.sweep(), "blocks": Mark.BLOCK,
        "opening": Mark.OPENING,
    }.get(chosen["what"])  # fmt: skip
    if wanted is not None:
        keep &= orders["marks"] & int(wanted) != 0
    if chosen["right"] != "both":
        keep &= orders["right"] == (1 if chosen["right"] == "calls" else -1)
    least, _, most = chosen["days"].partition("-")
    keep &= orders["days"] >= float(least)
    if most:
        keep &= orders["days"] <= float(most)
    if chosen["moneyness"] != "any":
        away = (orders["low_strike_px"] + orders["high_strike_px"]) / 20_000.0 / orders["spot"] - 1.0
        outside = away * orders["right"]
        if chosen["moneyness"] == "near":
            keep &= np.abs(away) <= _NEAR
        else:
            keep &= outside > 0.0 if chosen["moneyness"] == "out" else outside < 0.0
    return keep


class FlowFilterBook:
    """Filters by name in one file; UI thread only. A file that cannot be read is left alone and told in ``problem``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._filters: dict[str, Filter] = {}
        self._listeners: list[Callable[[], None]] = []
        self.problem = ""
        try:
            body = json.loads(file.read_text(encoding="utf-8"))
            if body["version"] > VERSION:
                raise BadFilterError("it is of a newer version of the program")
            self._filters = {str(name): checked(each) for name, each in body["filters"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.problem = f"The filters of the option flow in {file.name} are not used: {error}"

    def names(self) -> list[str]:
        """In the order of the alphabet."""
        return sorted(self._filters, key=str.casefold)

    def of(self, name: str) -> Filter:
        """KeyError when there is none."""
        return self._filters[name]

    def put(self, name: str, chosen: Filter) -> None:
        """Keeps a filter and writes the file. BadFilterError for a name that is none, WorkFailed when the disk does not
        take it."""
        name = name.strip()
        if not name or len(name) > MOST_NAME or not name.isprintable():
            raise BadFilterError(f"A filter's name has 1 to {MOST_NAME} characters.")
        if self.problem:
            raise BadFilterError(f"{self.problem}. Move that file away to save filters.")
        if name not in self._filters and len(self._filters) >= MOST_FILTERS:
            raise BadFilterError(f"There is room for {MOST_FILTERS} filters; remove one first.")
        self._filters[name] = checked(chosen)
        self._write()

    def remove(self, name: str) -> None:
        """Forgets a filter; nothing when there is none."""
        if self._filters.pop(name, None) is not None:
            self._write()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls ``listener`` after every change; gives the end of it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _write(self) -> None:
        for listener in list(self._listeners):
            listener()
        body = {"version": VERSION, "filters": {name: dict(each) for name, each in self._filters.items()}}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.write_text(self._file, json.dumps(body, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise explain(error, "saving the filters of the option flow", self._file.parent) from error
