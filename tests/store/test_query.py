"""Read-only SQL: answers as CSV, and nothing that is typed reads or writes anything outside the database."""

from __future__ import annotations

import contextlib
import csv
import io
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal.infra.failures import UserFacingError
from terminal.store import query
from terminal.store.batch_writer import BatchWriter, SessionRow
from terminal.store.failures import DatabaseMissing, QueryError, QueryRefused
from terminal.store.market_db import MarketDatabase
from tests.store.hostile_sql import HOSTILE
from tests.store.market_messages import make_table, quote_batch, trade_batch

ROWS = 3000


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> MarketDatabase:
    database = MarketDatabase.open(tmp_path_factory.mktemp("query") / "market.duckdb")
    writer = BatchWriter(database.connect(), make_table(), SessionRow("one", "sim", "sim", 1))
    writer.open_session(go_on=False)
    writer.write(quote_batch(ROWS, 5))
    writer.write(trade_batch([16000, 11000], 5))
    writer.close_session(all_there=True)
    return database


def answer(database: MarketDatabase, sql: str, limit_s: float = 5.0) -> list[list[str]]:
    pieces: list[bytes] = []
    query.run_query(database, sql, pieces.append, limit_s=limit_s)
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))


def test_rows_come_as_csv_with_a_header(database: MarketDatabase) -> None:
    sql = "SELECT new_york, utc, symbol, strike, call_put, price, size FROM option_trade ORDER BY ts_ns"
    assert answer(database, sql) == [
        ["new_york", "utc", "symbol", "strike", "call_put", "price", "size"],
        ["2015-12-24T09:30:00.000000", "2015-12-24T14:30:00.000000000", "GOOG  151224C00700000", "700.000", "C",
         "1.6000", "1"],
        ["2015-12-24T09:30:01.000000", "2015-12-24T14:30:01.000000000", "GOOG  151224C00700000", "700.000", "C",
         "1.1000", "1"],
    ]  # fmt: skip
    assert answer(database, "SELECT count(*) AS n FROM option_quote;") == [["n"], [str(ROWS)]]


def test_quotes_nulls_and_empty_text_follow_the_rfc(database: MarketDatabase) -> None:
    pieces: list[bytes] = []
    sql = "SELECT 'a\"b,c' AS \"x,y\", NULL AS n, '' AS e, 'two\nlines' AS t, [1, 2] AS l, 1 AS n"
    query.run_query(database, sql, pieces.append)
    assert b"".join(pieces) == b'"x,y",n,e,t,l,n\r\n"a""b,c",,"","two\nlines","[1, 2]",1\r\n'


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SHOW TABLES", None),
        ("DESCRIBE option_quote", None),
        ("SUMMARIZE option_trade", None),
        ("EXPLAIN SELECT 1", None),
        ("explain analyze select count(*) from option_quote", None),
        ("FROM option_quote LIMIT 3", 3),
        ("VALUES (1), (2)", 2),
        ("TABLE source", 1),
        ("(SELECT 1) UNION ALL (SELECT 2)", 2),
        ("WITH a AS (SELECT 1) SELECT * FROM a -- done; really", 1),
        ("/* ; */ SELECT ';' /* x */ ;", 1),
        ("SELECT * FROM range(20000)", 20000),
        ("SELECT unnest(range(10))", 10),
        ("SELECT * FROM information_schema.tables LIMIT 1", 1),
        ("SELECT repeat('x', 100), lpad(symbol, 30, ' ') FROM option_quote LIMIT 1", 1),
        ("SELECT max(ask) OVER (ORDER BY seq ROWS 5 PRECEDING) FROM option_quote", ROWS),
    ],
)
def test_reading_statements_run(database: MarketDatabase, sql: str, rows: int | None) -> None:
    lines = answer(database, sql)
    assert len(lines) >= 2
    if rows is not None:
        assert len(lines) - 1 == rows


def inventory(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_statements_do_nothing(
    database: MarketDatabase, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nsesame\n")
    before = database.connect().execute("SELECT count(*), sum(seq) FROM raw.quote").fetchall()
    around = inventory(database.path.parent)
    pieces: list[bytes] = []
    with pytest.raises(UserFacingError) as refusal:
        query.run_query(
            database,
            sql.replace("{here}", str(tmp_path)).replace("{{", "{").replace("}}", "}"),
            pieces.append,
            limit_s=1.0,
        )
    assert refusal.value.message.strip()
    assert "\n" not in refusal.value.message
    assert b"root:" not in b"".join(pieces)
    assert b"sesame" not in b"".join(pieces)
    assert inventory(tmp_path) == {"secret.csv"}
    assert inventory(database.path.parent) == around
    assert database.connect().execute("SELECT count(*), sum(seq) FROM raw.quote").fetchall() == before


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE x AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM x) SELECT * FROM x",
        "WITH RECURSIVE x AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM x) SELECT count(*) FROM x",
        "SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b",
        "SELECT * FROM range(1000000000000)",
        "SELECT * FROM range(10000000000) ORDER BY hash(range)",
    ],
)
def test_endless_queries_end_in_time(database: MarketDatabase, sql: str) -> None:
    with pytest.raises(QueryError, match=r"longer than 0.3 s|memory|failed"):
        query.run_query(database, sql, lambda _: None, limit_s=0.3)
    assert answer(database, "SELECT 1") == [["1"], ["1"]]


def test_a_slow_reader_does_not_hold_the_database(database: MarketDatabase) -> None:
    gate = threading.Event()

    def write(_: bytes) -> None:
        gate.wait(0.4)

    with pytest.raises(QueryError, match="longer than"):
        query.run_query(database, "SELECT * FROM range(1000000)", write, limit_s=0.2)


def test_large_answers_stream(database: MarketDatabase) -> None:
    sizes: list[int] = []
    count = query.run_query(
        database, "SELECT range, hash(range) FROM range(200000)", lambda piece: sizes.append(len(piece))
    )
    assert count == 200_000
    assert len(sizes) > 10
    assert max(sizes) < 1 << 18


_WORDS = st.sampled_from(
    """SELECT * FROM option_quote raw.quote source WHERE ( ) , 1 'x' WITH a AS INSERT INTO DELETE RETURNING UNION ALL
    read_csv('/etc/passwd') query('x') ; -- /* */ $$ ' " COPY TO EXPLAIN ANALYZE ATTACH 'out.csv' SET threads = range(3)
    LIMIT JOIN ON GROUP BY ORDER EXISTS CASE END [ ] { } :: E'\\'""".split()
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(_WORDS, max_size=14))
def test_random_sql_is_answered_or_refused_in_a_sentence(database: MarketDatabase, words: list[str]) -> None:
    pieces: list[bytes] = []
    with contextlib.suppress(QueryError, QueryRefused):
        query.run_query(database, " ".join(words), pieces.append, limit_s=2.0)
    assert b"root:" not in b"".join(pieces)
    assert database.connect().execute("SELECT count(*) FROM raw.quote").fetchall() == [(ROWS,)]


def test_a_file_without_a_desk_is_queried_read_only(tmp_path: Path) -> None:
    path = tmp_path / "market.duckdb"
    with pytest.raises(DatabaseMissing, match="no market database"):
        query.query_file(path, "SELECT 1", lambda _: None)
    MarketDatabase.open(path).close()
    before = path.read_bytes()
    pieces: list[bytes] = []
    query.query_file(path, "SELECT max(version) AS v FROM schema_version", pieces.append)
    assert b"".join(pieces).startswith(b"v\r\n")
    assert path.read_bytes() == before
    assert inventory(tmp_path) == {"market.duckdb"}
