"""Opening the database: old and new versions, damage, locks and full disks, each in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from terminal.core.instruments import InstrumentKind
from terminal.core.messages import Kind
from terminal.infra.disk import DiskFull
from terminal.infra.failures import UserFacingError
from terminal.market.state import report_name
from terminal.store import failures, schema
from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.columns import TABLES
from terminal.store.market_db import DatabaseSettings, MarketDatabase
from terminal.store.migrations import MIGRATIONS
from terminal.store.schema import SCHEMA_VERSION, version_of
from tests.store.market_messages import OPEN_NS, make_table, quote_batch, trade_batch


def made_old_file(path: Path) -> None:
    """A database as version 1 left it, with one instrument, one session and three trades."""
    connection = duckdb.connect(str(path))
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("INSERT INTO schema_version VALUES (1, now()::TIMESTAMP, '0.0.1')")
    connection.execute(
        "INSERT INTO session VALUES ('old', 'sim', 'sim', 7, '0.0.1', now()::TIMESTAMP, now()::TIMESTAMP)"
    )
    connection.execute("INSERT INTO session_source VALUES ('old', 1)")
    connection.execute(
        "INSERT INTO source VALUES (1, 'session', 'old', '', 0, 'old', now()::TIMESTAMP, now()::TIMESTAMP, TRUE, "
        f"FALSE, 3, 0, 0, {OPEN_NS}, {OPEN_NS + 2}, 0, 3, 0, 0, 0, 0, 0)"
    )
    connection.execute(
        "INSERT INTO instrument VALUES (0, 'x', 'GOOG', '', 'EQUITY', 'equity', 'PENNY', 'USD', 1, 10000, 0.0001, '', "
        "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    connection.execute(
        "INSERT INTO instrument VALUES (1, 'y', 'BTCUSDT', '', 'CRYPTO_SPOT', 'crypto', 'FINEST', 'USDT', 1, 100, "
        "0.01, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    connection.execute(
        "INSERT INTO source VALUES (2, 'file', 'hours', 'abc', 3600, 'old', now()::TIMESTAMP, now()::TIMESTAMP, TRUE, "
        f"FALSE, 1, 0, 0, {OPEN_NS}, {OPEN_NS}, 0, 0, 1, 0, 0, 0, 0)"
    )
    connection.execute(f"INSERT INTO raw.bar VALUES (2, 0, {OPEN_NS}, NULL, 1, 0, 7, 0, 1, 3, 1, 2, 50)")
    for number in range(3):
        connection.execute(
            "INSERT INTO raw.trade VALUES (1, ?, ?, NULL, 0, 0, 0, 0, 16000, 1, NULL, NULL, NULL)",
            [number, OPEN_NS + number],
        )
    connection.close()


def test_an_old_file_is_brought_up_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "market.duckdb"
    made_old_file(path)
    database = MarketDatabase.open(path)
    connection = database.connect()
    assert version_of(connection) == SCHEMA_VERSION
    rows = connection.execute("SELECT symbol, price::VARCHAR, size FROM equity_trade").fetchall()
    assert rows == [("GOOG", "1.6000", 1)] * 3
    sizes = connection.execute(
        "SELECT symbol, size_scale, size_unit::VARCHAR FROM instrument ORDER BY symbol"
    ).fetchall()
    assert sizes == [("BTCUSDT", 100_000_000, "0.00000001"), ("GOOG", 1, "1.00000000")]
    assert connection.execute("SELECT flags, venue FROM raw.bar").fetchall() == [(128, 60)], "an hour is no minute"
    assert connection.execute("SELECT rolled_ns, rolled_day_ns FROM source").fetchall() == [(0, 0)] * 2
    writer = BatchWriter(connection, make_table(), SessionRow("old", "sim", "sim"))
    writer.open_session(go_on=True)
    writer.close_session(all_there=True)
    assert connection.execute("SELECT volume, prints FROM raw.bar_1d").fetchall() == [(3, 3)]
    database.close()
    MarketDatabase.open(path).close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "market.duckdb"
    made_old_file(path)
    broken = (*MIGRATIONS[:1], (*MIGRATIONS[1], "CREATE TABLE nonsense (", "SELECT 1"))
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", broken)
        with pytest.raises(UserFacingError, match="bringing the market database to this version"):
            MarketDatabase.open(path)
    connection = duckdb.connect(str(path), read_only=True)
    assert version_of(connection) == 1
    assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'bar_1s'").fetchall() == [(0,)]
    assert connection.execute("SELECT count(*) FROM raw.trade").fetchall() == [(3,)]
    connection.close()
    MarketDatabase.open(path).close()


def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "market.duckdb"
    MarketDatabase.open(path).close()
    connection = duckdb.connect(str(path))
    connection.execute("INSERT INTO schema_version VALUES (99, now()::TIMESTAMP, '9.9')")
    connection.close()
    before = path.read_bytes()
    for way in (MarketDatabase.open, MarketDatabase.open_read_only):
        with pytest.raises(failures.DatabaseNewer, match="newer version of Moneyness") as refusal:
            way(path)
        assert refusal.value.exit_code == 1
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["market.duckdb"]


@pytest.mark.parametrize("damage", ["text", "empty", "half", "head", "middle"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "market.duckdb"
    MarketDatabase.open(path).close()
    whole = bytearray(path.read_bytes())
    if damage == "text":
        whole = bytearray(b"this is no database " * 1000)
    elif damage == "empty":
        whole = bytearray()
    elif damage == "half":
        whole = whole[: len(whole) // 2]
    else:
        at = 20 if damage == "head" else 5000
        whole[at] ^= 255
    path.write_bytes(whole)
    with pytest.raises(failures.DatabaseUnreadable) as refusal:
        MarketDatabase.open(path)
    assert str(path) in refusal.value.message
    assert "\n" not in refusal.value.message
    assert path.read_bytes() == bytes(whole)


def test_a_database_of_another_process_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "market.duckdb"
    database = MarketDatabase.open(path)
    code = (
        "import sys, pathlib\nfrom terminal.store.market_db import MarketDatabase\n"
        "from terminal.infra.failures import UserFacingError\n"
        "for way in (MarketDatabase.open, MarketDatabase.open_read_only):\n"
        "    try:\n        way(pathlib.Path(sys.argv[1]))\n    except UserFacingError as error:\n"
        "        print(type(error).__name__, error.exit_code, error.message)\n"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        assert len(lines) == 2, done.stderr
        assert all(
            line.startswith("DatabaseInUse 2 Another program") and f"pid {os.getpid()}" in line for line in lines
        )
        # A backup reads the file while the lock must hold.
        os.read(database.main_file(), 100)
    database.close()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind users, not root")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "market.duckdb"
    MarketDatabase.open(path).close()
    path.chmod(0)
    with pytest.raises(failures.DatabaseUnreadable, match="No permission"):
        MarketDatabase.open(path)


def test_reasons_are_told_apart() -> None:
    path = Path("m.duckdb")
    cases: list[tuple[Exception, type[Exception]]] = [
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), DiskFull),
        (duckdb.IOException("IO Error: Could not write file: File too large"), DiskFull),
        (OSError(28, "No space left on device"), DiskFull),
        (duckdb.IOException("IO Error: Cannot open file: Permission denied"), failures.DatabaseUnreadable),
        (PermissionError(13, "Permission denied"), failures.DatabaseUnreadable),
        (
            duckdb.IOException("Trying to read a database file with version number 99, but we can only read 64."),
            failures.DatabaseNewer,
        ),
        (duckdb.IOException("IO Error: Could not set lock on file: held (PID 12)"), failures.DatabaseInUse),
        (duckdb.BinderException("Binder Error: nonsense\nLINE 1: x"), failures.StoreFailed),
    ]
    for error, kind in cases:
        found = failures.explain(error, "opening", path)
        assert isinstance(found, kind)
        assert "\n" not in found.message


def test_no_connection_reaches_outside_or_changes_a_setting(tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb", DatabaseSettings(memory_mib=256))
    connection = database.connect()
    for sql in (
        "SELECT * FROM read_csv('/etc/passwd')", f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/o.db'",
        "SET memory_limit = '9GB'", "SET enable_external_access = true", "INSTALL httpfs",
    ):  # fmt: skip
        with pytest.raises(duckdb.Error):
            connection.execute(sql).fetchall()
    assert connection.execute("SELECT current_setting('memory_limit')").fetchall() == [("256.0 MiB",)]
    assert [each.name for each in tmp_path.iterdir() if each.name == "out.csv"] == []
    database.close()


def test_views_have_the_reports_names(tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    views = {
        str(row[0])
        for row in database.connect().execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    }
    wanted = {report_name(owner, table.kind) for owner in InstrumentKind for table in TABLES}
    assert wanted <= views
    assert report_name(InstrumentKind.ETF, Kind.BAR) == "equity_trade"
    database.close()


def test_views_show_decimals_of_every_scale(tmp_path: Path) -> None:
    database = MarketDatabase.open(tmp_path / "market.duckdb")
    writer = BatchWriter(database.connect(), make_table(), SessionRow("s", "sim", "sim"))
    writer.open_session(go_on=False)
    crypto = trade_batch([6_123_456_789_012], 3)
    most = trade_batch([2**63 - 1], 0)
    writer.write(crypto)
    writer.write(most)
    writer.write(quote_batch(1, 4))
    rows = database.connect().execute("SELECT price::VARCHAR FROM crypto_perpetual_trade").fetchall()
    assert rows == [("61234.56789012",)]
    assert database.connect().execute("SELECT price::VARCHAR FROM equity_trade").fetchall() == [
        ("922337203685477.5807",)
    ]
    quote = database.connect().execute(
        "SELECT underlying, root, expiry::VARCHAR, strike::VARCHAR, call_put FROM option_quote"
    )
    assert quote.fetchall() == [("GOOG", "GOOG", "2015-12-24", "700.000", "P")]
    database.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"), reason="needs root")
def test_a_file_system_without_room(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with pytest.raises(DiskFull, match="disk is full"):
            MarketDatabase.open(folder / "market.duckdb")
    finally:
        subprocess.run(["umount", folder], check=True)
