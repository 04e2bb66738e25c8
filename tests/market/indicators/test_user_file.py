"""Own files: what they say of themselves, what they give, and that nothing they do hurts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from terminal.app.views.chart_own import EXAMPLE, EXAMPLE_NAME, write_example
from terminal.market.bar_series import BarSeries
from terminal.market.indicators.computation import columns_of
from terminal.market.indicators.file_series import Answer, FileSeries
from terminal.market.indicators.spec import IndicatorError
from terminal.market.indicators.user_file import FileFailed, FileProcess, files_in, read_user_file
from tests.market.indicators.test_indicators import walk

BARS = walk(300)
COLUMNS = columns_of(BARS, 10_000)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], FileProcess]]:
    made: list[FileProcess] = []

    def begin(text: str, limit_s: float = 20.0) -> FileProcess:
        (tmp_path / "mine.py").write_text(text)
        file = read_user_file(tmp_path, "mine.py")
        made.append(FileProcess(file, file.spec.fit({}), limit_s))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def test_the_example_says_what_it_is_and_gives_the_same_from_a_tail_as_from_all(tmp_path: Path) -> None:
    write_example(tmp_path)
    assert files_in(tmp_path) == [EXAMPLE_NAME]
    file = read_user_file(tmp_path, EXAMPLE_NAME)
    assert file.spec.title == "Stretch"
    assert file.spec.guides == (-2.0, 2.0)
    assert file.spec.fit({"period": 5}) == {"period": 5}
    process = FileProcess(file, file.spec.fit({}))
    try:
        _, whole = process.compute(0, COLUMNS)
        first, tail = process.compute(290, COLUMNS.part(290, 300))
    finally:
        process.close()
    namespace: dict[str, object] = {}
    exec(EXAMPLE, namespace)
    compute = namespace["compute"]
    assert callable(compute)
    wanted = compute(COLUMNS.high, COLUMNS.low, COLUMNS.close, 20)
    np.testing.assert_allclose(whole[0], wanted, equal_nan=True)
    assert first == 289
    np.testing.assert_allclose(tail[0], wanted[289:], rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def compute(close):\n    return close[3] / None\n", "TypeError"),
        ("def compute(close):\n    return close[:-1]\n", "one number a bar"),
        ("def compute(close):\n    return 'text'\n", "could not convert"),
        ("OUTPUTS = ('a', 'b')\ndef compute(close):\n    return close\n", "1 outputs"),
        ("OUTPUTS = ('a', 'b')\ndef compute(close):\n    return {'a': close}\n", "gave no 'b'"),
        ("import nothing_of_that_name\ndef compute(close):\n    return close\n", "nothing_of_that_name"),
        ("value = 3\n", "no function compute"),
        ("def compute(close):\n    raise SystemExit(3)\n", "SystemExit"),
        ("import os\ndef compute(close):\n    os._exit(3)\n", "ended by itself"),
        ("def compute(elsewhere):\n    return elsewhere\n", "elsewhere"),
    ],
)
def test_what_a_file_does_wrong_is_told(run: Callable[[str], FileProcess], text: str, says: str) -> None:
    with pytest.raises(FileFailed) as found:
        run(text).compute(0, COLUMNS)
    assert says in str(found.value) + found.value.details
    if found.value.details:
        assert "user_file_child" not in found.value.details


def test_a_file_that_never_ends_is_ended(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def compute(close):\n    while len(close) == 299:\n        pass\n    return close\n"
    )
    file = read_user_file(tmp_path, "mine.py")
    process = FileProcess(file, {}, limit_s=0.3)
    process.compute(0, COLUMNS)
    with pytest.raises(FileFailed, match="took more than"):
        process.compute(0, COLUMNS.part(0, 299))
    with pytest.raises(FileFailed, match="closed"):
        process.compute(0, COLUMNS)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("mine.py", "def compute(:\n", "line 1"),
        ("mine.py", "x = 1\0", "no Python"),
        ("../mine.py", "", "no Python file of the folder"),
        ("mine.txt", "", "no Python file of the folder"),
        ("other.py", None, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, text: str | None, says: str) -> None:
    if text is not None and "/" not in name:
        (tmp_path / name).write_text(text)
    with pytest.raises(IndicatorError, match=says):
        read_user_file(tmp_path, name)


def test_reading_runs_nothing_and_takes_only_plain_values(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "TITLE = open('gone')\nOVERLAY = True\nPARAMETERS = {'a': 1, 'b': 'x', 'not good': 2}\n"
        "OUTPUTS = ('up', 3, 'down')\nraise SystemExit\n"
    )
    spec = read_user_file(tmp_path, "mine.py").spec
    assert spec.title == "mine"
    assert spec.is_overlay
    assert [each.name for each in spec.parameters] == ["a"]
    assert [each.name for each in spec.outputs] == ["up", "down"]


class _Now:
    """A process that answers at once, or when it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.fails = False

    def compute(self, kept: int, tail: object) -> Answer:
        count = len(tail.close)  # type: ignore[attr-defined]
        self.calls.append((kept, count))
        if self.fails:
            raise FileFailed("mine.py: it is over", "Traceback")
        return kept, [tail.close.copy()]  # type: ignore[attr-defined]

    def close(self) -> None:
        self.fails = True


def test_values_come_when_they_come_and_only_new_bars_are_sent() -> None:
    process, jobs = _Now(), []

    def submit(work: Callable[[], Answer]) -> Future[Answer]:
        future: Future[Answer] = Future()
        jobs.append((work, future))
        return future

    def finish() -> None:
        work, future = jobs.pop()
        try:
            future.set_result(work())
        except FileFailed as problem:
            future.set_exception(problem)

    series, source = FileSeries(process, 1, 10_000, 1, submit), BarSeries()  # type: ignore[arg-type]
    source.replace(BARS[:100])
    series.follow(source)
    assert series.is_waiting
    source.join(BARS[97:102])
    series.follow(source)
    finish()
    assert series.follow(source)
    assert len(series) == 102
    assert np.isnan(series.values(0)[100:]).all()
    finish()
    series.follow(source)
    np.testing.assert_array_equal(series.values(0), BARS["close"][:102] / 10_000)
    assert process.calls == [(0, 100), (100, 2)]
    # A growing bar waits for a quarter of a second, a new one does not.
    growing = BARS[98:102].copy()
    growing["close"][-1] += 100
    source.join(growing)
    series.follow(source)
    assert not jobs
    deadline = time.monotonic() + 10
    while not jobs and time.monotonic() < deadline:
        time.sleep(0.01)
        series.follow(source)
    finish()
    series.follow(source)
    assert series.values(0)[101] == growing["close"][-1] / 10_000
    process.fails = True
    source.join(BARS[100:104])
    series.follow(source)
    finish()
    assert series.follow(source)
    assert "over" in str(series.error)
    assert len(series) == 0
