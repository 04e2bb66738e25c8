"""``moneyness bench``: runs what was asked for and reports every figure, reached or not."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from terminal.app.report import write_json
from terminal.bench import (
    books,
    chain_replay,
    chart,
    decoders,
    fuzz,
    market_flow,
    options_chain,
    panels,
    panels_heatmap,
    past,
    quant_american,
    quant_european,
    quant_heston,
    quant_implied_vol,
    quant_monte_carlo,
    quant_scenarios,
    quant_surface,
    recording,
    replay,
    start,
    storage,
    wire,
)
from terminal.bench.result import Benchmark, Result, machine
from terminal.infra.failures import UsageError


def all_benchmarks() -> list[Benchmark]:
    """Every benchmark, by group."""
    return [
        *market_flow.BENCHMARKS,
        *chain_replay.BENCHMARKS,
        *books.BENCHMARKS,
        *decoders.BENCHMARKS,
        *fuzz.BENCHMARKS,
        *panels.BENCHMARKS,
        *chart.BENCHMARKS,
        *panels_heatmap.BENCHMARKS,
        *replay.BENCHMARKS,
        *options_chain.BENCHMARKS,
        *recording.BENCHMARKS,
        *past.BENCHMARKS,
        *storage.BENCHMARKS,
        *wire.BENCHMARKS,
        *start.BENCHMARKS,
        *quant_european.BENCHMARKS,
        *quant_implied_vol.BENCHMARKS,
        *quant_american.BENCHMARKS,
        *quant_heston.BENCHMARKS,
        *quant_monte_carlo.BENCHMARKS,
        *quant_scenarios.BENCHMARKS,
        *quant_surface.BENCHMARKS,
    ]


def choose(names: Sequence[str]) -> list[Benchmark]:
    """The benchmarks of ``names`` (names or groups; none means all); UsageError for a name that is neither."""
    known = all_benchmarks()
    for name in names:
        if not any(name in {each.name, each.group} for each in known):
            words = sorted({each.group for each in known} | {each.name for each in known})
            raise UsageError(f"{name!r} is not a benchmark; there are {', '.join(words)}.")
    return [each for each in known if not names or each.name in names or each.group in names]


def run_benchmarks(names: Sequence[str], *, long: bool, target: str | None) -> int:
    """Runs benchmarks and prints or writes them; 1 when one crashed or disagreed with its peer."""
    chosen = choose(names)
    results: list[Result] = []
    failed = False
    for at, benchmark in enumerate(chosen, start=1):
        if sys.stderr.isatty():
            print(f"[{at}/{len(chosen)}] {benchmark.name}", file=sys.stderr)
        try:
            results += benchmark.run(long)
        except Exception as problem:  # noqa: BLE001 - one broken benchmark must not hide the others
            failed = True
            traceback.print_exception(problem, file=sys.stderr)
            print(f"The benchmark {benchmark.name} failed: {problem}", file=sys.stderr)
    failed = failed or any(each.answers_agree is False for each in results)
    if target is not None:
        write_json({"machine": machine(), "results": [each.as_json() for each in results]}, target)
    if target != "-":
        for each in results:
            print(_line(each))
    return 1 if failed else 0


def _line(each: Result) -> str:
    text = f"{each.group:<8} {each.name:<36} {each.value:>16,.3f} {each.unit}"
    if each.goal is not None:
        verdict = {True: "reached", False: "NOT REACHED", None: "not compared"}[each.meets_goal]
        text += f"   goal {each.goal:,g}{'x' if each.goal_is_ratio else ''} {verdict}"
    if each.peer is not None and each.ratio is not None:
        text += f"   {each.ratio:.2f}x {each.peer} {each.peer_version} ({each.peer_value:,.4g})"
    if each.answers_agree is False:
        text += "   ANSWERS DISAGREE"
    return f"{text}   {each.note}" if each.note else text
