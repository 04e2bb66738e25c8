#!/usr/bin/env python3
"""Holds recorded frames against the capture that they show: python3 packaging/check_frames.py FRAMES CAPTURE.gz

FRAMES is the folder of `moneyness desk --replay CAPTURE.gz --frames FRAMES`. The book is built again from the capture,
by Binance's own rules, with plain dictionaries and nothing of the program's. Each best bid and ask painted must
have been the book's after the update whose number the frame carries, and each column of the heatmap must end with the
best prices of its time; no bid may stand at or above an ask unless the data's did. Exits with 1 when one does not.
"""

from __future__ import annotations

import bisect
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Pair = tuple["int | None", "int | None"]
LINES = "frames.jsonl"
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Model:
    """The book of a capture. ``by_number``: best prices after each update; ``times`` and ``by_time``: after each one.

    ``by_number`` has two pairs where a snapshot and an update reach the same number. ``good_from``: of the snapshot.
    """

    by_number: dict[int, set[Pair]] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    by_time: list[Pair] = field(default_factory=list)
    good_from: int | None = None
    gaps: int = 0

    def at(self, ts_ns: int) -> Pair:
        """Best prices after everything up to a time."""
        place = bisect.bisect_right(self.times, ts_ns)
        return self.by_time[place - 1] if place else (None, None)


@dataclass
class Verdict:
    """``counts`` of what was looked at; ``faults``: sentences."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def _messages(capture: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(capture, "rt", encoding="utf-8") as lines:
        for line in lines:
            stamp, _, body = line.partition(" ")
            message = json.loads(body)
            yield int(stamp), message.get("data", message)


def model_of(capture: Path, price_scale: int) -> Model:
    """Builds the book by Binance's rules: a snapshot replaces it, then what was kept after its number comes again."""
    model, sides = Model(), ({}, {})  # type: ignore[var-annotated]
    kept: list[dict[str, Any]] = []
    number, latest = None, 0
    for stamp, message in _messages(capture):
        if "lastUpdateId" in message:
            number = message["lastUpdateId"]
            for side, name in zip(sides, ("bids", "asks"), strict=True):
                side.clear()
                _put(side, message[name], price_scale)
            for update in (each for each in kept if each["u"] > number):
                _apply(sides, update, price_scale)
                number = update["u"]
            model.good_from = stamp if model.good_from is None else model.good_from
        elif message.get("e") == "depthUpdate":
            kept.append(message)
            if number is not None and message["u"] <= number:
                continue
            follows = message.get("pu", message["U"] - 1) == number or (number or 0) >= message["U"] - 1
            model.gaps += number is not None and not follows
            number = None if number is None else message["u"]
            _apply(sides, message, price_scale)
        else:
            continue
        latest = max(latest, stamp)
        pair = (max(sides[0], default=None), min(sides[1], default=None))
        shown = message["u"] if number is None else number
        model.by_number.setdefault(shown, set()).add(pair)
        model.times.append(latest)
        model.by_time.append(pair)
    return model


def _apply(sides: Any, update: dict[str, Any], price_scale: int) -> None:
    _put(sides[0], update["b"], price_scale)
    _put(sides[1], update["a"], price_scale)


def _put(side: dict[int, str], levels: list[list[str]], price_scale: int) -> None:
    for price, size in levels:
        px = int(Decimal(price) * price_scale)
        if float(size):
            side[px] = size
        else:
            side.pop(px, None)


def check(folder: Path, capture: Path) -> Verdict:
    """Compares every line of the recording's list."""
    verdict = Verdict()
    *lines, totals = [json.loads(each) for each in (folder / LINES).read_text(encoding="utf-8").splitlines()]
    verdict.counts["left out"] = totals["left_out"]
    if totals["frames"] != len(lines):
        verdict.faults.append(f"{totals['frames']} frames were recorded and {len(lines)} are listed")
    shown = {(line["symbol"], line["price_scale"]) for line in lines if "status" in line}
    if len(shown) != 1:
        verdict.faults.append(f"the frames show {len(shown)} books, and the capture has one")
        return verdict
    model = model_of(capture, shown.pop()[1])
    for line in lines:
        where = f"{line['panel']} in frame {line['frame']}"
        verdict.counts[f"frames of {line['panel']}"] += 1
        if not _is_picture(folder / str(line["file"])):
            verdict.faults.append(f"{where}: {line['file']} is no picture")
        if "status" in line:
            _check_touch(line, model, verdict, where)
            _check_columns(line, model, verdict, where)
    verdict.counts["updates in the data"] = len(model.times)
    verdict.counts["gaps in the data"] = model.gaps
    return verdict


def _check_touch(line: dict[str, Any], model: Model, verdict: Verdict, where: str) -> None:
    pair = (line["bid_px"], line["ask_px"])
    if line["doubt"]:
        verdict.counts["under a word of doubt"] += 1
        return
    if None in pair:
        verdict.counts["without both prices"] += 1
        return
    verdict.counts["pairs"] += 1
    verdict.counts["bid at or above ask"] += pair[0] >= pair[1]
    if line["sequence"] is None:
        # A sample, or a book that changed in each of the tries; that it was some book's must do.
        verdict.counts["pairs without a number"] += 1
        known = set().union(*model.by_number.values())
    else:
        verdict.counts["pairs by number"] += 1
        known = model.by_number.get(line["sequence"], set())
    if pair not in known:
        verdict.faults.append(f"{where}: {pair} was painted for update {line['sequence']}, the data says {known}")


def _check_columns(line: dict[str, Any], model: Model, verdict: Verdict, where: str) -> None:
    began = 0
    # A picture whose size has just changed is empty until its next refresh.
    is_filled = any(bid_px is not None for _, bid_px, _ in line.get("columns", ()))
    for stamp, bid_px, ask_px in line.get("columns", ()):
        # A column in which the book was unfinished at first has no lines.
        is_whole, began = model.good_from is not None and began >= model.good_from, stamp
        if bid_px is None and ask_px is None:
            verdict.counts["columns without lines"] += 1
            if is_whole and is_filled and line["status"] == "OK":
                verdict.faults.append(f"{where}: the column at {stamp} has no lines, and the data has a book")
            continue
        verdict.counts["columns"] += 1
        if (bid_px, ask_px) != model.at(stamp):
            verdict.faults.append(f"{where}: {(bid_px, ask_px)} at {stamp}, the data says {model.at(stamp)}")


def _is_picture(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(len(PNG)) == PNG
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    """Prints the counts and the first faults."""
    if len(arguments) != 2:
        print(__doc__)
        return 2
    verdict = check(Path(arguments[0]), Path(arguments[1]))
    for name, count in sorted(verdict.counts.items()):
        print(f"{count:>9,} {name}")
    for each in verdict.faults[:20]:
        print(each, file=sys.stderr)
    print(f"{len(verdict.faults):>9,} faults")
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
