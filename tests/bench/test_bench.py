"""The benchmarks' machinery: choice, JSON, failures. No assertion on time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from terminal.bench import run
from terminal.bench.result import Benchmark, Result, result
from terminal.infra.failures import UsageError

KEYS = {
    "name", "group", "value", "unit", "better", "goal", "meets_goal", "peer", "peer_version", "peer_value", "ratio",
    "answers_agree", "note", "goal_is_ratio",
}  # fmt: skip


def test_names_and_groups_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [each.name for each in run.choose(["kernel_flow"])] == ["kernel_flow"]
    assert {each.group for each in run.choose(["market"])} == {"market"}
    assert len(run.choose([])) == len(run.all_benchmarks())
    with pytest.raises(UsageError, match="is not a benchmark"):
        run.choose(["speed"])


def test_the_json_has_every_field_and_a_missed_goal_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Benchmark("slow", "g", lambda long: [result("slow", "g", 1.0, "x/s", goal=2.0)])
    monkeypatch.setattr(run, "all_benchmarks", lambda: [slow])
    assert run.run_benchmarks([], long=False, target=str(tmp_path / "b.json")) == 0
    said = json.loads((tmp_path / "b.json").read_text())
    assert said["machine"]["cores"] >= 1
    (row,) = said["results"]
    assert set(row) == KEYS
    assert row["meets_goal"] is False


def test_a_crash_and_a_disagreement_are_failures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(long: bool) -> list[Result]:
        raise RuntimeError("out of luck")

    fine = Benchmark("fine", "g", lambda long: [result("fine", "g", 1.0, "x/s")])
    monkeypatch.setattr(run, "all_benchmarks", lambda: [Benchmark("crash", "g", crash), fine])
    assert run.run_benchmarks([], long=False, target=None) == 1
    said = capsys.readouterr()
    assert "out of luck" in said.err
    assert "fine" in said.out
    wrong = Result("w", "g", 1.0, "x", "higher", answers_agree=False)
    monkeypatch.setattr(run, "all_benchmarks", lambda: [Benchmark("w", "g", lambda long: [wrong])])
    assert run.run_benchmarks([], long=False, target=None) == 1


def test_the_market_benchmarks_count_every_message() -> None:
    names = {each.name for bench in run.choose(["kernel_flow", "tape_flow"]) for each in bench.run(False)}
    assert names == {"kernel_flow", "tape_flow"}


def test_better_is_one_of_two_words() -> None:
    assert result("n", "g", 1.0, "s", better="lower", goal=2.0).meets_goal is True
    with pytest.raises(ValueError, match="higher or lower"):
        result("n", "g", 1.0, "s", better="larger")
