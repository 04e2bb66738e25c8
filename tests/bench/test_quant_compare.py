"""Comparison with peers: real small measurements, a peer that is not installed, one that fails. None on time."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from terminal.bench import peer_black, peer_child, peer_quantlib, peers, quant_inputs, quant_reference, run
from terminal.bench import quant_american as american_rows
from terminal.bench import quant_european as european_rows
from terminal.bench import quant_heston as heston_rows
from terminal.bench import quant_implied_vol as vol_rows
from terminal.bench import quant_monte_carlo as path_rows
from terminal.bench import quant_scenarios as scenario_rows
from terminal.bench.peers import Peer, PeerFailed, ask
from terminal.bench.quant_compare import QUANTLIB, beside, beside_child, figure, one_core, ratio_goal, seconds
from terminal.quant import american, european, heston, implied_vol, scenarios

_SCRIPT = """
def double(columns):
    return lambda: {"twice": 2.0 * columns["x"]}
def broken(columns):
    raise RuntimeError("no such market")
class Once:
    def __init__(self, columns):
        self.ready, self.calls = False, 0
    def before(self):
        self.ready = True
    def __call__(self):
        if self.calls and not self.ready:
            raise RuntimeError("called twice without being made ready")
        self.ready = False
        self.calls += 1
        return {"calls": [self.calls]}
TASKS = {"double": double, "broken": broken, "once": Once}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """A real child process: this environment's own Python and a task of four lines."""
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    monkeypatch.setattr(peers, "interpreter", lambda environment: Path(sys.executable))
    return Peer("NumPy", "here", str(script), "numpy")


def test_a_child_answers_every_row_and_times_the_first_ones(here: Peer) -> None:
    x = np.arange(100.0)
    answer = ask(here, "double", {"x": x}, timed=10, rounds=2)
    assert answer is not None
    assert np.array_equal(answer.arrays["twice"], 2.0 * x)
    assert (answer.version, answer.timed) == (np.__version__, 10)
    assert answer.rate == answer.timed / answer.seconds
    row = beside_child(figure("n", 1.0, "M rows/s"), here, answer, 1e-6, agree=True, note="said")
    assert row.peer_value == pytest.approx(answer.rate * 1e-6, rel=1e-3)
    assert (row.peer, row.answers_agree, row.note) == ("NumPy", True, "said")


def test_answers_alone_are_not_timed(here: Peer) -> None:
    answer = ask(here, "double", {"x": np.ones(3)}, rounds=0)
    assert answer is not None
    assert answer.seconds == 0.0


def test_work_that_can_be_done_once_is_made_ready_before_every_round(here: Peer) -> None:
    answer = ask(here, "once", {"x": np.ones(3)}, rounds=4)
    assert answer is not None
    assert answer.arrays["calls"].tolist() == [1]
    assert answer.seconds > 0.0


def test_a_peer_that_fails_says_why(here: Peer) -> None:
    with pytest.raises(PeerFailed, match="NumPy failed at broken: RuntimeError: no such market"):
        ask(here, "broken", {"x": np.ones(3)})


def test_a_peer_that_is_not_installed_leaves_its_fields_null() -> None:
    nobody = Peer("Nobody", "nobody", "peer_black.py", "nobody")
    assert peers.interpreter("nobody") is None
    assert ask(nobody, "volr_greeks", quant_inputs.options(2)) is None
    row = beside_child(ratio_goal(figure("n", 5.0, "x/s", note="ours"), 2.0), nobody, None, 1.0, agree=True)
    empty = (row.peer, row.peer_version, row.peer_value, row.ratio, row.answers_agree, row.meets_goal)
    assert empty == (None,) * 6
    assert (row.goal, row.goal_is_ratio, row.note) == (2.0, True, "ours; Nobody is not installed")
    assert "not compared" in run._line(row)


def test_a_ratio_above_one_is_ahead_whichever_way_is_better() -> None:
    faster = beside(figure("n", 6.0, "x/s"), "P", "1", 2.0, agree=True)
    shorter = beside(figure("n", 2.0, "ms", better="lower"), "P", "1", 6.0, agree=True)
    assert faster.ratio == shorter.ratio == 3.0
    assert beside(ratio_goal(figure("n", 6.0, "x/s"), 3.0), "P", "1", 2.0, agree=True).meets_goal is True
    assert beside(ratio_goal(figure("n", 5.9, "x/s"), 3.0), "P", "1", 2.0, agree=True).meets_goal is False
    own = figure("n", 5.9, "x/s", goal=3.0)
    assert beside(own, "P", "1", 20.0, agree=True).meets_goal is True


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no choice of cores here")
def test_one_core_and_back() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_rounds_take_turns() -> None:
    order: list[str] = []
    first, second = seconds(lambda: order.append("a" * 3), lambda: order.append("b"), rounds=3)
    assert first > 0.0
    assert second > 0.0
    turns = "".join(order).replace("aaa", "a")
    assert turns.rindex("a") > turns.index("b", 4)


def test_the_plain_formula_and_the_extended_price_agree_with_ours() -> None:
    columns = quant_inputs.options(500, seed=9)
    arguments = quant_inputs.market(columns)
    plain = quant_reference.numpy_greeks(*arguments)
    assert european_rows.largest_difference(european_rows.answers(european.greeks(*arguments)), plain) < 1e-12
    if quant_reference.has_extended_precision():
        assert quant_reference.price_errors(columns, european.price(*arguments)).max() < 1e-15
        assert quant_reference.price_errors(columns, european.price(*arguments) + 1e-9).min() > 1e-13


def test_a_difference_is_seen_also_where_one_side_has_no_answer() -> None:
    columns = quant_reference.numpy_greeks(*quant_inputs.market(quant_inputs.options(10)))
    wrong = {**columns, "vega": columns["vega"] * 1.001}
    assert 1e-4 < european_rows.largest_difference(columns, wrong) < 1e-2
    assert european_rows.largest_difference(columns, wrong, ("price", "rho")) == 0.0
    hole = {**columns, "rho": np.where(np.arange(10) == 3, np.nan, columns["rho"])}
    assert european_rows.largest_difference(columns, hole) == np.inf


def test_a_wrong_implied_vol_is_counted() -> None:
    common, hard = quant_inputs.with_prices(quant_inputs.options(300)), quant_inputs.hard_cases()
    solved = [implied_vol.european(*vol_rows._prices(each))[0] for each in (common, hard)]
    ours = vol_rows.accuracy(common, solved[0], hard, solved[1])
    assert ours.wrong == 0
    assert ours.common < 1e-13
    off = solved[1].copy()
    off[:7] *= 1.01
    off[7] = np.nan
    assert vol_rows.accuracy(common, solved[0], hard, off).wrong == 8


def test_the_lead_is_over_the_fastest_peer_that_is_as_exact() -> None:
    row = figure("implied_vol_10k", 4.0, "M options/s", goal=4.0)
    exact = [beside(row, name, "1", value, agree=True) for name, value in (("slow", 1.0), ("fast", 3.0))]
    lead = vol_rows._lead(row, exact)
    assert (lead.peer, lead.goal, lead.meets_goal) == ("fast", 2.0, False)
    assert lead.ratio == pytest.approx(4.0 / 3.0, abs=1e-4)
    assert vol_rows._lead(row, []).meets_goal is None


def test_a_chain_has_one_market_and_every_expiry() -> None:
    columns = quant_inputs.chain(20, 30)
    assert np.unique(columns["time"]).size == 30
    assert np.unique(columns["spot"]).size == 1
    assert columns["strike"].size == 600
    assert columns["vol"].min() > 0.1


def test_a_small_quant_benchmark_runs() -> None:
    columns = quant_inputs.options(50)
    row, _ = european_rows._row("tiny", columns, 3.0)
    assert row.answers_agree is True
    assert row.goal_is_ratio
    assert row.meets_goal is (row.ratio is not None and row.ratio >= 3.0)
    assert row.peer == "NumPy + ndtr"


def test_the_group_has_its_benchmarks() -> None:
    names = {each.name for each in run.choose(["quant"])}
    assert {"european_greeks", "european_all_greeks", "implied_vol", "implied_vol_greeks", "scenarios"} <= names
    assert {"american", "american_implied_vol", "american_dividends", "heston", "monte_carlo"} <= names


def test_paths_are_held_against_the_closed_form() -> None:
    for case in path_rows.cases():
        assert path_rows.measured(case, paths=2048).value > 0.0
    wrong = replace(path_rows.cases()[0], exact=1.0)
    with pytest.raises(AssertionError, match="brownian_sobol"):
        path_rows.measured(wrong, paths=2048)


def test_an_american_price_is_held_against_what_is_known() -> None:
    exact = np.array([1.0, 2.0, 3.0])
    answer = peers.Answer("1", 0.0, 3, {"price": exact, "check": exact + np.array([0.0, 1e-9, 1e-11])})
    error, rows = american_rows.known_error(np.array([1.0, 2.5, 3.0 + 4e-10, 9.0]), answer)
    assert rows == 2
    assert error == pytest.approx(4e-10, rel=1e-3)
    assert american_rows.known_error(exact, None) == (0.0, 0)
    assert american_rows.worst(exact, exact + np.array([0.0, -0.5, 0.1])) == 0.5


def test_without_quantlib_no_error_to_it_is_claimed() -> None:
    columns = quant_inputs.options(8)
    reference = american.price(*quant_inputs.market(columns), accuracy=american.Accuracy.PRECISE)
    for tier in american_rows._TIERS:
        row = american_rows._tier_row(tier, columns, reference, None)
        assert "QdFp" not in row.note
        assert "no exact price of a peer" in row.note


def test_heston_by_brute_force_is_ours() -> None:
    columns = {name: column[::25] for name, column in heston_rows.chain().items()}
    inputs = heston_rows.arguments(columns)
    assert np.max(np.abs(heston.price(*inputs) - quant_reference.heston_price(*inputs))) < 1e-11


def test_a_book_revalued_wrongly_is_seen() -> None:
    book, spots, vols = scenario_rows.book(50), np.array([-0.1, 0.1]), np.array([0.0, 0.05])
    found = scenarios.revalue(book, spots, vols, by_position=True)
    assert found.positions is not None
    assert scenario_rows.largest_gap(book, found.positions[0], spots, vols) < 1e-14
    assert scenario_rows.largest_gap(book, found.positions[0] * 1.001, spots, vols) > scenario_rows.TOLERANCE


def test_every_task_asked_for_is_there() -> None:
    assert {rival.task for rival in european_rows._RIVALS} <= {*peer_black.TASKS, *peer_quantlib.TASKS}
    assert {task for _, task, _ in vol_rows._PEERS} <= set(peer_black.TASKS)
    assert {f"american_{each.task}" for each in american_rows._ENGINES} <= set(peer_quantlib.TASKS)
    assert {each.task for each in heston_rows._ENGINES} <= set(peer_quantlib.TASKS)
    assert peer_child.SHORTEST_ROUND_S > 0.0


def test_quantlib_agrees_where_it_is_installed() -> None:
    columns = quant_inputs.options(20)
    answer = ask(QUANTLIB, "european_greeks", columns, rounds=0)
    if answer is None:
        pytest.skip("QuantLib is not installed: python3 packaging/bootstrap.py peers quantlib")
    ours = european_rows.answers(european.greeks(*quant_inputs.market(columns)))
    assert european_rows.largest_difference(ours, answer.arrays) < 1e-11
    assert replace(answer, seconds=2.0).rate == 10.0
