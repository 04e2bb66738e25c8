"""The chain beside its peers: the sides that they are given, the comparison, and peers that say nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terminal.bench import chain_replay, peer_events, peer_nautilus, peers
from terminal.bench.peers import Answer, Peer
from terminal.bench.result import result
from terminal.core.instruments import InstrumentKind, InstrumentTable, SessionProduct
from terminal.core.messages import ASK, ASK_SIZE, BID, BID_SIZE, Batch, Flag, Kind, empty_batch
from terminal.core.money import ABSENT_PX
from terminal.core.ticks import TickClass
from terminal.market.state import MarketState

KEPT_BID, KEPT_ASK = int(Flag.BID_UNCHANGED), int(Flag.ASK_UNCHANGED)
ROW = result("chain", "market", 4.0, "M quotes/s", note="ours")


def quotes() -> Batch:
    """Two instruments; sides that stay, one that is never told, one that goes."""
    batch = empty_batch(5)
    batch["kind"], batch["ts_ns"] = int(Kind.QUOTE), 1_450_947_660_000_000_000 + np.arange(5)
    batch["instrument"] = [0, 1, 0, 1, 0]
    batch["flags"] = [0, KEPT_BID, KEPT_ASK, 0, KEPT_BID | KEPT_ASK]
    batch[BID], batch[BID_SIZE] = [10_000, 0, 10_100, 500, 0], [3, 0, 5, 1, 0]
    batch[ASK], batch[ASK_SIZE] = [10_200, 700, 0, ABSENT_PX, 0], [4, 6, 0, 0, 0]
    return batch


def columns() -> dict[str, Any]:
    return chain_replay.peer_columns(table(), quotes())


def table() -> InstrumentTable:
    found = InstrumentTable()
    for name in ("ACME", "FLUX"):
        found.add(name, InstrumentKind.EQUITY, SessionProduct.EQUITY, TickClass.EQUITY)
    return found


def test_the_peers_are_given_both_sides_as_they_stand() -> None:
    assert chain_replay.sides_told(quotes()).tolist() == [
        [10_000, 10_200, 3, 4],
        [0, 700, 0, 6],
        [10_100, 10_200, 5, 4],
        [500, 0, 1, 0],
        [10_100, 10_200, 5, 4],
    ]


def test_our_state_holds_the_same_and_a_lost_quote_is_noticed() -> None:
    state, said = MarketState(table(), "bench"), columns()
    state.apply(quotes())
    chain_replay.check(state, said, 1)
    with pytest.raises(AssertionError, match="does not hold"):
        chain_replay.check(state, said, 2)
    said["bid"][-1] += 100
    with pytest.raises(AssertionError, match="does not hold"):
        chain_replay.check(state, said, 1)


def test_an_answer_agrees_only_with_every_quote_and_every_last_price() -> None:
    said = columns()
    last = chain_replay.last_told(said)
    fine = Answer("1", 1.0, 5, {"count": np.array([5]), "last": last})
    assert chain_replay.agrees(fine, said) is True
    assert chain_replay.agrees(Answer("1", 1.0, 5, {**fine.arrays, "count": np.array([4])}), said) is False
    assert (
        chain_replay.agrees(Answer("1", 1.0, 5, {**fine.arrays, "last": last + np.array([[0, 1], [0, 0]])}), said)
        is False
    )
    assert chain_replay.agrees(None, said) is None


def test_a_peer_that_hangs_or_is_missing_leaves_our_figure_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "hangs.py"
    script.write_text("import time\nTASKS = {'chain': lambda columns: lambda: time.sleep(100)}\n")
    nobody = Peer("Nobody", "nobody", str(script), "nobody")
    missing = chain_replay._beside(ROW, nobody, "chain", columns(), "how")
    assert (missing.value, missing.peer, missing.note) == (4.0, None, "ours; Nobody is not installed")
    monkeypatch.setattr(peers, "interpreter", lambda environment: Path(sys.executable))
    monkeypatch.setattr(peers, "PATIENCE_S", 0.5)
    hung = chain_replay._beside(ROW, nobody, "chain", columns(), "how")
    assert (hung.value, hung.peer) == (4.0, None)
    assert hung.note == "ours; Nobody did not finish chain in 0 s"


def test_the_tasks_are_there_and_the_peers_need_nothing_of_ours() -> None:
    assert set(peer_nautilus.TASKS) == {"chain"}
    assert "vnpy_events" in peer_events.TASKS
    code = "import sys, runpy; runpy.run_path(sys.argv[1]); print('terminal' in sys.modules)"
    for script in (peer_nautilus, peer_events):
        command = [sys.executable, "-P", "-c", code, str(script.__file__)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
