"""Scripts of desk commands: one a line, applied at a market time after all data of that instant.

Every line is read before anything runs; a bad one is a UsageError that names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from terminal.core.clock import NS_PER_MS, NS_PER_S
from terminal.core.money import PRICE_SCALE, MoneyError, parse_px
from terminal.core.orders import OrderType, Side, TimeInForce
from terminal.core.osi import SymbolError, parse_typed_symbol
from terminal.infra.failures import UsageError

_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?")
_TICKER = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """``buy`` or ``sell``; the symbol is looked up when the line runs."""

    side: Side
    quantity: int
    symbol: str
    order_type: OrderType
    limit_px: int | None
    time_in_force: TimeInForce


@dataclass(frozen=True, slots=True)
class Cancel:
    """``cancel ID``; None cancels all."""

    order_id: str | None


@dataclass(frozen=True, slots=True)
class Flatten:
    """``flatten``: cancels all and closes every position."""


@dataclass(frozen=True, slots=True)
class Quit:
    """``quit``: ends the run."""


ScriptCommand = PlaceOrder | Cancel | Flatten | Quit


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """One command. ``time_of_day_ns``: since midnight New York; or ``after_ns``: since the run began."""

    number: int
    text: str
    command: ScriptCommand
    time_of_day_ns: int | None = None
    after_ns: int | None = None


def read_script(path: Path) -> list[ScriptLine]:
    """The lines of a script file; UsageError when it cannot be read or a line is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"The script {path} cannot be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"The script {path} is not UTF-8 text.") from problem
    return parse_script(text, str(path))


def parse_script(text: str, name: str = "script") -> list[ScriptLine]:
    """The commands of a script's text; UsageError with name and line number for a bad line."""
    lines = []
    for number, raw in enumerate(text.splitlines(), start=1):
        content = raw.split("#", 1)[0].strip()
        if not content:
            continue
        try:
            lines.append(_parse_line(number, content))
        except ValueError as problem:
            raise UsageError(f"{name}, line {number}: {problem}.") from problem
    return lines


def _parse_line(number: int, content: str) -> ScriptLine:
    when, _, rest = content.partition(" ")
    command = _parse_command(rest.split())
    if when.startswith("+"):
        return ScriptLine(number, content, command, after_ns=_seconds_ns(when[1:]))
    found = _TIME.fullmatch(when)
    if not found:
        raise ValueError(f"{when!r} is not a time like 09:36:30 or +12.5")
    hour, minute, second = (int(part) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{when!r} is not a time of day")
    millis = int((found.group(4) or "0").ljust(3, "0"))
    time_of_day_ns = ((hour * 60 + minute) * 60 + second) * NS_PER_S + millis * NS_PER_MS
    return ScriptLine(number, content, command, time_of_day_ns=time_of_day_ns)


def _seconds_ns(text: str) -> int:
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'+{text}' is not a number of seconds like +12.5") from None
    if not seconds.is_finite() or seconds < 0 or seconds > 10**9:
        raise ValueError(f"'+{text}' is not a number of seconds like +12.5")
    return int(seconds * NS_PER_S)


def _parse_command(words: list[str]) -> ScriptCommand:
    match [word.lower() for word in words]:
        case ["quit"]:
            return Quit()
        case ["flatten"]:
            return Flatten()
        case ["cancel", "all"]:
            return Cancel(None)
        case ["cancel", _]:
            return Cancel(words[1])
        case ["buy" | "sell" as side, quantity, *_]:
            return _parse_order(Side.BUY if side == "buy" else Side.SELL, quantity, words[2:])
    raise ValueError(f"{' '.join(words)!r} is not a command; use buy, sell, cancel, flatten or quit")


def _parse_order(side: Side, quantity_text: str, words: list[str]) -> PlaceOrder:
    if not quantity_text.isascii() or not quantity_text.isdigit() or not 0 < int(quantity_text) < 10**9:
        raise ValueError(f"{quantity_text!r} is not a quantity: a whole number above zero")
    quantity = int(quantity_text)
    lowered = [word.lower() for word in words]
    if lowered and lowered[-1] == "market":
        return PlaceOrder(side, quantity, _symbol(words[:-1]), OrderType.MARKET, None, TimeInForce.DAY)
    time_in_force = TimeInForce.DAY
    if len(lowered) >= 2 and lowered[-1] in {each.value for each in TimeInForce}:
        time_in_force = TimeInForce(lowered[-1])
        words, lowered = words[:-1], lowered[:-1]
    if len(lowered) < 3 or lowered[-2] != "limit":
        raise ValueError("an order ends with 'market' or 'limit PRICE [day|ioc|gtc]'")
    try:
        limit_px = parse_px(words[-1], PRICE_SCALE)
    except MoneyError as problem:
        raise ValueError(str(problem)) from problem
    return PlaceOrder(side, quantity, _symbol(words[:-2]), OrderType.LIMIT, limit_px, time_in_force)


def _symbol(words: list[str]) -> str:
    text = " ".join(words).upper()
    if _TICKER.fullmatch(text):
        return text
    try:
        return parse_typed_symbol(text).osi()
    except SymbolError as problem:
        raise ValueError(str(problem)) from problem
