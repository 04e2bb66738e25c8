"""Scripts: every line is read before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.script import Cancel, Flatten, PlaceOrder, Quit, parse_script, read_script
from terminal.core.orders import OrderType, Side, TimeInForce
from terminal.infra.failures import UsageError


def test_the_worked_case_reads() -> None:
    lines = parse_script(
        "# a comment\n"
        "09:36:30 buy 1 GOOG 2015-12-24 750 C market\n"
        "\n"
        "12:00:00.5 sell 1 GOOG  151224C00750000 market   # padded\n"
    )
    assert [line.number for line in lines] == [2, 4]
    assert lines[0].time_of_day_ns == (9 * 3600 + 36 * 60 + 30) * 10**9
    assert lines[1].time_of_day_ns == 12 * 3600 * 10**9 + 500_000_000
    assert lines[0].command == PlaceOrder(Side.BUY, 1, "GOOG  151224C00750000", OrderType.MARKET, None, TimeInForce.DAY)
    second = lines[1].command
    assert isinstance(second, PlaceOrder)
    assert second.symbol == "GOOG  151224C00750000"


def test_every_command_reads() -> None:
    lines = parse_script(
        "+0 buy 2 ACME limit 101.25 ioc\n+1.5 sell 3 simx 2026-01-16 5000 p limit 12\n"
        "+2 cancel all\n+3 cancel S1-4\n+4 flatten\n+5 quit"
    )
    assert [line.after_ns for line in lines] == [0, 1_500_000_000, 2 * 10**9, 3 * 10**9, 4 * 10**9, 5 * 10**9]
    assert lines[0].command == PlaceOrder(Side.BUY, 2, "ACME", OrderType.LIMIT, 1_012_500, TimeInForce.IOC)
    assert lines[1].command == PlaceOrder(
        Side.SELL, 3, "SIMX  260116P05000000", OrderType.LIMIT, 120_000, TimeInForce.DAY
    )
    assert [line.command for line in lines[2:]] == [Cancel(None), Cancel("S1-4"), Flatten(), Quit()]


@pytest.mark.parametrize(
    "line",
    [
        "buy 1 ACME market",
        "9:30 buy 1 ACME market",
        "25:00:00 quit",
        "+x quit",
        "+-1 quit",
        "+1",
        "+1 hold",
        "+1 buy 0 ACME market",
        "+1 buy -1 ACME market",
        "+1 buy 1.5 ACME market",
        "+1 buy 1 ACME",
        "+1 buy 1 market",
        "+1 buy 1 ACME limit",
        "+1 buy 1 ACME limit x",
        "+1 buy 1 ACME limit 1 fok",
        "+1 buy 1 GOOG 2015-13-24 750 C market",
        "+1 buy ² ACME market",
        "+1 cancel",
    ],
)
def test_a_bad_line_names_its_number(line: str) -> None:
    with pytest.raises(UsageError, match="line 2"):
        parse_script(f"+1 quit\n{line}")


@given(st.text(max_size=60))
def test_any_text_reads_or_is_refused_in_a_sentence(text: str) -> None:
    try:
        lines = parse_script(text)
    except UsageError:
        return
    assert len(lines) <= len(text.splitlines())


def test_a_script_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_script(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="UTF-8"):
        read_script(tmp_path / "binary")
