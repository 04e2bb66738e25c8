"""Which SQL a user or another program may run: one statement that only reads this database, checked before it runs.

The statement is parsed on an empty database of its own, and its syntax tree may hold nothing but known harmless parts.
The connection that runs it can in addition touch no file, write nothing and change no setting.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from terminal.store.failures import QueryRefused, first_line

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "VALUES_NODE"})
_TABLE_FUNCTIONS = frozenset(
    {
        "range", "generate_series", "unnest", "json_each", "json_tree", "histogram", "histogram_values", "repeat",
        "pragma_table_info", "pragma_show", "duckdb_tables", "duckdb_views", "duckdb_columns", "duckdb_schemas",
        "duckdb_types", "duckdb_functions", "duckdb_keywords", "summary", "test_all_types", "pg_timezone_names",
        "icu_calendar_names", "pragma_storage_info", "pragma_version", "pragma_database_size", "duckdb_constraints",
    }
)  # fmt: skip
_REFUSED_FUNCTIONS = frozenset(
    {
        "write_log", "sleep_ms", "sleep", "current_setting", "getenv", "getvariable", "nextval", "currval",
        "add_parquet_key", "json_execute_serialized_sql", "json_deserialize_sql", "parse_duckdb_log_message",
        "query", "query_table", "set_config",
    }
)  # fmt: skip
_SIZES: dict[str, tuple[int, ...]] = {
    "range": (0, 1, 2), "generate_series": (0, 1, 2), "repeat": (1,), "lpad": (1,), "rpad": (1,), "list_resize": (1,),
    "array_resize": (1,), "bar": (3,), "bitstring": (1,), "format": (0,), "printf": (0,),
}  # fmt: skip
"""Functions that make as much as they are told, and which arguments tell. The database's memory limit does not hold
inside one call, and no interrupt is seen there: without a bound a value of gigabytes would be made."""

_LARGEST_SIZE = 10_000
_EXPLAIN = re.compile(r"\s*explain\s+(?:analyze\s+|\(\s*(?:analyze|format\s+\w+)\s*\)\s*)?", re.IGNORECASE)
_MOST_CHARACTERS = 20_000
_DEEPEST = 200


class _Parser:
    """One empty in-memory database for parsing; it has no tables, so what it parses can reach nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def statements(self, sql: str) -> list[duckdb.Statement]:
        with self._lock:
            return self._open().extract_statements(sql)

    def tree(self, sql: str) -> dict[str, Any]:
        with self._lock:
            rows = self._open().execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
        tree: dict[str, Any] = json.loads(rows[0][0])
        return tree

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "256MiB"})
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            self._connection = connection
        return self._connection


_parser = _Parser()


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that may run. ``body``: one SELECT; ``explain``: what stands before it if a plan is asked for."""

    body: str
    explain: str = ""


def check(sql: str) -> Checked:
    """Reads ``sql``; QueryRefused with a sentence when it is anything but one harmless reading statement."""
    if len(sql) > _MOST_CHARACTERS:
        raise QueryRefused(f"The query is longer than {_MOST_CHARACTERS} characters.")
    if _depth(sql) > _DEEPEST:
        raise QueryRefused(f"The query nests more than {_DEEPEST} brackets.")
    if "\x00" in sql or not _is_text(sql):
        raise QueryRefused("The query holds characters that are no text.")
    try:
        statements = _parser.statements(sql)
    except (duckdb.Error, RuntimeError) as error:
        raise QueryRefused(f"The query cannot be read: {first_line(str(error))}") from error
    if len(statements) != 1:
        raise QueryRefused("Write exactly one SELECT statement.")
    body, explain = _without_comments(sql).strip().rstrip("; \t\r\n"), ""
    if statements[0].type == duckdb.StatementType.EXPLAIN:
        found = _EXPLAIN.match(body)
        if found is None:
            raise QueryRefused("Only EXPLAIN and EXPLAIN ANALYZE of a SELECT are possible.")
        explain = "EXPLAIN ANALYZE " if "analyze" in found.group().lower() else "EXPLAIN "
        body = body[found.end() :]
    elif statements[0].type != duckdb.StatementType.SELECT:
        raise QueryRefused(
            "Only reading is possible: SELECT, WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN."
        )
    # What runs is made of this text and no other, so it is this text whose tree is looked at.
    try:
        tree = _parser.tree(body)
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise QueryRefused("The query cannot be read; make it simpler.") from error
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        raise QueryRefused(f"Only reading is possible: {first_line(str(tree.get('error_message', 'not one SELECT')))}")
    _check_tree(tree["statements"])
    return Checked(body, explain)


def _check_tree(tree: Any) -> None:
    """Walks the whole tree without recursion of its own."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(_check_node(node))


def _check_node(node: dict[str, Any]) -> Iterable[Any]:
    """Gives the parts that are to be looked at next."""
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in _NODES:
        raise QueryRefused("Only reading is possible; INSERT, UPDATE, DELETE and MERGE are not, inside WITH neither.")
    if kind == "TABLE_FUNCTION":
        function = node.get("function") or {}
        name = _function_name(function)
        if name not in _TABLE_FUNCTIONS:
            raise QueryRefused(f"The table function {name} is not available; query the tables and views (SHOW TABLES).")
        # Rows come one vector at a time, so a table function may be as long as it likes.
        return [*(part for key, part in node.items() if key != "function"), *function.values()]
    if node.get("class") == "FUNCTION":
        _check_function(node)
    return node.values()


def _check_function(node: dict[str, Any]) -> None:
    name = _function_name(node)
    if name in _REFUSED_FUNCTIONS:
        raise QueryRefused(f"The function {name} is not available here.")
    arguments = node.get("arguments") or []
    for place in _SIZES.get(name, ()):
        if place < len(arguments) and not _is_small(arguments[place].get("expression") or {}):
            raise QueryRefused(f"The function {name} takes sizes up to {_LARGEST_SIZE} here, written as plain numbers.")


def _is_small(argument: dict[str, Any]) -> bool:
    """A number within the limit, or a text without a long number in it."""
    literal = argument.get("literal") or {}
    text = str(literal.get("text", ""))
    if argument.get("class") != "CONSTANT" or not literal:
        return False
    if literal.get("kind") == "STRING":
        return re.search(r"\d{5,}", text) is None
    try:
        return abs(float(text)) <= _LARGEST_SIZE
    except ValueError:
        return False


def _function_name(node: dict[str, Any]) -> str:
    return str(node.get("function_name", "")).lower()


def _depth(sql: str) -> int:
    deepest = depth = 0
    for character in sql:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def _is_text(sql: str) -> bool:
    try:
        sql.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _without_comments(sql: str) -> str:
    """``sql`` with comments as spaces; text and names in quotes stay as they are."""
    pattern = r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\2\$)|--[^\n]*|/\*.*?\*/"
    return re.sub(pattern, lambda found: found.group(1) or " ", sql, flags=re.DOTALL)
