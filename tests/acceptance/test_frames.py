"""A recording of ladder and heatmap over a real market, held against the raw capture by a book of its own."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import RunMoneyness

CAPTURE = "binance_usdm_btcusdt_20240808_raw_ws.gz"


@pytest.fixture
def check_frames(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, which imports nothing of ours."""
    spec = importlib.util.spec_from_file_location("check_frames", repository / "packaging" / "check_frames.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "check_frames", module)
    spec.loader.exec_module(module)
    return module


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    (folder / "frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def test_every_painted_price_was_the_books_at_that_update(
    check_frames: ModuleType, run_moneyness: RunMoneyness, shared_data: Path, tmp_path: Path
) -> None:
    folder, capture = tmp_path / "frames", shared_data / "crypto" / CAPTURE
    done = run_moneyness(
        "desk", "--headless", "--replay", capture, "--underlying", "BTCUSDT", "--date", "2024-08-08", "--speed", "2",
        "--seconds", "10", "--frames", folder, "--frames-of", "ladder,heatmap",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    verdict = check_frames.check(folder, capture)
    print(dict(verdict.counts))
    assert verdict.faults == []
    counts = verdict.counts
    assert counts["frames of ladder-1"] > 10
    assert counts["frames of heatmap-1"] > 10
    assert counts["pairs by number"] > 20
    assert counts["columns"] > 10
    assert counts["bid at or above ask"] == 0
    assert counts["gaps in the data"] == 0
    # It is no judge that finds nothing: each of these is one fault.
    lines = [json.loads(line) for line in (folder / "frames.jsonl").read_text(encoding="utf-8").splitlines()]
    good = [at for at, line in enumerate(lines) if line.get("status") == "OK"]
    heat = next(at for at in good if lines[at]["panel"] == "heatmap-1" and lines[at]["columns"][-1][1] is not None)
    for change in (
        {"bid_px": lines[good[-1]]["ask_px"]},
        {"ask_px": lines[good[-1]]["ask_px"] + 10},
        {"sequence": lines[good[-1]]["sequence"] + 1},
        {"file": "nothing.png"},
    ):
        torn = [{**line, **change} if at == good[-1] else line for at, line in enumerate(lines)]
        assert len(check_frames.check(written(folder, torn), capture).faults) == 1, change
    stamp, bid_px, ask_px = lines[heat]["columns"][-1]
    mixed = {"columns": [*lines[heat]["columns"][:-1], [stamp, bid_px + 10, ask_px]]}
    torn = [{**line, **mixed} if at == heat else line for at, line in enumerate(lines)]
    assert len(check_frames.check(written(folder, torn), capture).faults) == 1
