"""The trader's own indicator as a formula: ``ema(close, 9) - ema(close, 21)``.

A formula is read as a Python expression and checked part by part against what there is; nothing of it is run as code,
and names with a dot do not exist.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from terminal.market.indicators import catalog
from terminal.market.indicators.computation import BarColumns, BarValues, Floats
from terminal.market.indicators.formula_nodes import (
    Apply,
    Back,
    LibraryCall,
    Node,
    Number,
    Price,
    WholeComputation,
)
from terminal.market.indicators.session_vwap import VWAP_SPEC, SessionVwap
from terminal.market.indicators.spec import IndicatorError, IndicatorSpec, ParameterSpec
from terminal.market.indicators.talib_computation import lookback

MOST_CHARACTERS = 2_000
_MOST_PARTS = 300
_MOST_BACK = 10_000
COLUMNS = ("open", "high", "low", "close", "volume", "hl2", "hlc3", "ohlc4")
_LETTERS = {"o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}


class FormulaError(IndicatorError):
    """A formula that cannot be; ``column`` is where, counted from 1."""

    def __init__(self, column: int, sentence: str) -> None:
        super().__init__(f"column {column}: {sentence}")
        self.column = column


def _truth(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """1 or 0, and NaN where one side has no value: a comparison with nothing is nothing."""

    def compare(left: Any, right: Any) -> Any:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, function(left, right))

    return compare


def _where(condition: Any, then: Any, otherwise: Any) -> Any:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, then, otherwise))


_BINARY: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.Mod: np.fmod,
    ast.Pow: np.float_power,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: _truth(operator.lt), ast.LtE: _truth(operator.le), ast.Gt: _truth(operator.gt),
    ast.GtE: _truth(operator.ge), ast.Eq: _truth(operator.eq), ast.NotEq: _truth(operator.ne),
}  # fmt: skip
_AND = _truth(lambda left, right: (left != 0) & (right != 0))
_OR = _truth(lambda left, right: (left != 0) | (right != 0))
_PLAIN: dict[str, tuple[int, Callable[..., Any]]] = {
    "abs": (1, np.abs), "sqrt": (1, np.sqrt), "log": (1, np.log), "exp": (1, np.exp), "sign": (1, np.sign),
    "floor": (1, np.floor), "ceil": (1, np.ceil), "min": (2, np.minimum), "max": (2, np.maximum),
    "where": (3, _where), "nz": (2, lambda value, other: np.where(np.isnan(value), other, value)),
}  # fmt: skip
_WINDOWS = {"highest": "MAX", "lowest": "MIN", "sum": "SUM"}
_SUM = IndicatorSpec(
    "SUM", "Sum", "Statistics", "source", (ParameterSpec("timeperiod", "Period", 30, 2, 10_000),),
    catalog.find("MAX").outputs,
)  # fmt: skip


@cache
def functions() -> dict[str, tuple[IndicatorSpec, int]]:
    """Indicators by the name that a formula calls them: the id in small letters for the first output, and with the
    label of the output after an underscore for each of several."""
    found: dict[str, tuple[IndicatorSpec, int]] = {}
    for spec in catalog.catalog().values():
        name = spec.id.lower()
        main = next((n for n, each in enumerate(spec.outputs) if not each.label), 0)
        if name not in _PLAIN:
            found[name] = (spec, main)
        if len(spec.outputs) > 1:
            for number, output in enumerate(spec.outputs):
                label = output.label.lower().strip("%").replace(" ", "_").replace("+", "plus").replace("−", "minus")
                found[f"{name}_{label or output.name}"] = (spec, number)
    for name, library_name in _WINDOWS.items():
        found[name] = (_SUM if library_name == "SUM" else catalog.find(library_name), 0)
    return found


def names() -> list[str]:
    """Everything that a formula may call, sorted."""
    return sorted({*_PLAIN, *functions(), "crossover", "crossunder", "change"})


class Formula:
    """A computation (see there) with one output. Raises FormulaError when the text is no formula."""

    def __init__(self, text: str) -> None:
        self._root = _Reader(text).root()

    def fill(self, bars: BarColumns) -> Sequence[Floats]:
        """See :class:`Computation`."""
        return [self._root.fill(bars)]

    def update(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        return [self._root.update(bar)]

    def peek(self, bar: BarValues) -> Sequence[float]:
        """See :class:`Computation`."""
        return [self._root.peek(bar)]


class _Reader:
    """Turns the text into nodes."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._shift = 1
        self._parts = 0

    def root(self) -> Node:
        if not self._text:
            raise FormulaError(1, "write a formula, such as ema(close, 9) - ema(close, 21)")
        if len(self._text) > MOST_CHARACTERS:
            raise FormulaError(MOST_CHARACTERS, f"a formula has {MOST_CHARACTERS} characters at most")
        try:
            # In brackets, a formula may go over several lines.
            tree = ast.parse(f"({self._text}\n)", mode="eval")
        except SyntaxError as problem:
            raise FormulaError(max(1, (problem.offset or 2) - 1), f"this is no formula ({problem.msg})") from None
        except (ValueError, MemoryError, RecursionError):
            raise FormulaError(1, "this is no formula") from None
        try:
            return self._node(tree.body)
        except RecursionError:
            raise FormulaError(1, "the formula is nested too deeply") from None

    def _error(self, node: ast.AST, sentence: str) -> FormulaError:
        return FormulaError(max(1, int(getattr(node, "col_offset", 0))), sentence)

    def _node(self, node: ast.expr) -> Node:  # noqa: C901, PLR0912 - one case a kind of part
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise self._error(node, f"a formula has {_MOST_PARTS} parts at most")
        match node:
            case ast.Constant(value=bool() as value):
                return Number(float(value))
            case ast.Constant(value=int() | float() as value):
                return Number(self._float(node, value))
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return Apply(_BINARY[type(op)], (self._node(left), self._node(right)))
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return Apply(np.negative, (self._node(part),))
            case ast.UnaryOp(op=ast.UAdd(), operand=part):
                return self._node(part)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return Apply(_COMPARE[ast.Eq], (self._node(part), Number(0.0)))
            case ast.Compare(left=left, ops=ops, comparators=rest):
                return self._compare(node, left, ops, rest)
            case ast.BoolOp(op=op, values=values):
                found = self._node(values[0])
                for each in values[1:]:
                    found = Apply(_AND if isinstance(op, ast.And) else _OR, (found, self._node(each)))
                return found
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return Apply(_where, (self._node(test), self._node(then), self._node(otherwise)))
            case ast.Subscript(value=part, slice=ast.Constant(value=int() as bars)) if not isinstance(bars, bool):
                return self._back(node, part, bars)
            case ast.Subscript():
                raise self._error(node, "in brackets stands a number of bars: close[1] is the close before")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
                return self._call(node, name, arguments, keywords)
            case ast.Attribute() | ast.Call():
                raise self._error(node, "a formula has no names with a dot, and calls only functions by their name")
        raise self._error(node, f"{ast.unparse(node)[:40]!r} cannot stand in a formula")

    def _float(self, node: ast.AST, value: float) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self._error(node, "this number is too large") from None

    def _name(self, node: ast.AST, name: str) -> Node:
        if name in COLUMNS:
            return Price(name)
        more = f"; a function needs its brackets: {name}(...)" if name in names() else self._like(name, COLUMNS)
        raise self._error(node, f"there is no {name!r}{more}")

    @staticmethod
    def _like(name: str, known: Sequence[str]) -> str:
        near = difflib.get_close_matches(name.lower(), known, 1)
        return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known[:8])}"

    def _compare(self, node: ast.AST, left: ast.expr, ops: list[ast.cmpop], rest: list[ast.expr]) -> Node:
        found: Node | None = None
        for op, right in zip(ops, rest, strict=True):
            if type(op) not in _COMPARE:
                raise self._error(node, "only <, <=, >, >=, == and != compare")
            here = Apply(_COMPARE[type(op)], (self._node(left), self._node(right)))
            found = here if found is None else Apply(_AND, (found, here))
            left = right
        assert found is not None  # noqa: S101 - a comparison compares something
        return found

    def _back(self, node: ast.AST, part: ast.expr, bars: int) -> Node:
        if not 0 <= bars <= _MOST_BACK:
            raise self._error(node, f"0 to {_MOST_BACK:,} bars back are possible")
        return Back(self._node(part), bars) if bars else self._node(part)

    def _call(self, node: ast.Call, name: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Node:
        if any(isinstance(each, ast.Starred) for each in arguments) or any(each.arg is None for each in keywords):
            raise self._error(node, "arguments are written out one by one")
        if name in {"crossover", "crossunder"}:
            return self._cross(node, name, arguments, keywords)
        if name == "change":
            self._count(node, name, arguments, keywords, 1, 2)
            bars = int(self._number(arguments[1])) if len(arguments) == 2 else 1
            return Apply(np.subtract, (self._node(arguments[0]), self._back(node, arguments[0], bars)))
        if name in _PLAIN:
            wanted, function = _PLAIN[name]
            self._count(node, name, arguments, keywords, wanted, wanted)
            return Apply(function, [self._node(each) for each in arguments])
        if name not in functions():
            raise self._error(node, f"there is no function {name!r}{self._like(name, names())}")
        return self._indicator(node, name, arguments, keywords)

    def _count(
        self, node: ast.AST, name: str, arguments: list[ast.expr], keywords: list[ast.keyword], least: int, most: int
    ) -> None:
        if keywords or not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self._error(node, f"{name} takes {wanted} argument{'' if most == 1 else 's'}")

    def _cross(self, node: ast.AST, name: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Node:
        self._count(node, name, arguments, keywords, 2, 2)
        first, second = arguments if name == "crossover" else reversed(arguments)
        above = Apply(_COMPARE[ast.Gt], (self._node(first), self._node(second)))
        before = Apply(_COMPARE[ast.LtE], (Back(self._node(first), 1), Back(self._node(second), 1)))
        return Apply(_AND, (above, before))

    def _number(self, node: ast.expr) -> float:
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(node, "a plain number must stand here")
        return self._float(node, value)

    def _indicator(self, node: ast.Call, name: str, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Node:
        spec, output = functions()[name]
        takes_part = spec.inputs == "source"
        if takes_part and not arguments:
            raise self._error(node, f"{name} needs what it is computed of first, such as {name}(close, ...)")
        numbers = arguments[1:] if takes_part else arguments
        parameters = [each for each in spec.parameters if each.name != "source"]
        if len(numbers) > len(parameters):
            known = ", ".join(each.name for each in parameters) or "none"
            raise self._error(node, f"{name} has too many arguments; its parameters are: {known}")
        given = {each.name: value for each, value in zip(parameters, numbers, strict=False)}
        for keyword in keywords:
            if keyword.arg not in {each.name for each in parameters} or keyword.arg in given:
                raise self._error(keyword.value, f"{name} does not take {keyword.arg!r} here")
            given[str(keyword.arg)] = keyword.value
        settings = {each.name: self._parameter(name, each, given.get(each.name)) for each in parameters}
        if spec is VWAP_SPEC:
            return WholeComputation(SessionVwap(settings), output)
        try:
            lookback(spec.id, settings)
        except IndicatorError as problem:
            raise self._error(node, str(problem)) from None
        parts = [self._node(arguments[0])] if takes_part else [Price(_LETTERS[letter]) for letter in spec.inputs]
        return LibraryCall(spec.id, parts, settings, len(spec.outputs), output)

    def _parameter(self, name: str, spec: ParameterSpec, node: ast.expr | None) -> int | float:
        if node is None:
            assert not isinstance(spec.default, str)  # noqa: S101 - only the source is a text
            return spec.default
        value = self._number(node)
        if isinstance(spec.default, int):
            if value != int(value):
                raise self._error(node, f"{spec.name} of {name} is a whole number")
            value = int(value)
        if spec.fit(value) != value:
            raise self._error(node, f"{spec.name} of {name} cannot be {value:g}")
        return value
