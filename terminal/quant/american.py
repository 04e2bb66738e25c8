"""American options: price, Greeks, implied vol and the exercise boundary.

Continuous carry by spectral collocation of the exercise boundary after Andersen, Lake & Offengenden, "High-performance
American option pricing" (2016), with Newton's method in place of their fixed-point iteration; cash dividends by
:mod:`terminal.quant.american_dividends`. Arguments broadcast; ``spot``, ``strike`` in currency, ``time`` in years,
``vol``, ``rate``, ``dividend_yield`` as continuous decimals; ``dividends`` a sequence of (time, cash), the spot jumping
at each time in (0, T]. Zero spot, strike, time or vol are limits and give it; negative ones, NaN and infinities give
NaN in that place. ``accuracy`` is for rows without dividends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from terminal.quant import american_dividends, american_rows, european
from terminal.quant.american_exercise_kernel import boundary_column
from terminal.quant.american_rows import kinds, tolerance
from terminal.quant.american_rules import Accuracy, families
from terminal.quant.columns import Flags, Floats, float_columns, shaped
from terminal.quant.european import GREEK_NAMES, Greeks
from terminal.quant.implied_vol import Status

__all__ = [
    "Accuracy",
    "Greeks",
    "Status",
    "chain_greeks",
    "early_exercise_premium",
    "exercise_boundary",
    "greeks",
    "implied_vol",
    "price",
    "qd_plus_boundary",
    "with_implied_vol",
]

_CHUNK = 65536
"""Rows at a time, so that what is kept per row does not grow with their number."""
_Rows = tuple[list[Floats], Flags]


def price(
    spot: Any,
    strike: Any,
    time: Any,
    vol: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    dividends: Any = (),
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> Any:
    """The price in currency: a float for scalars, else an array of the common shape.

    Rows of one call that share time, right, vol, rate and yield share one boundary, whatever their strikes and spots.
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty((1, calls.size))
    _in_chunks(
        columns,
        calls,
        _paid(dividends),
        lambda rows, right: american_rows.price(rows, right, accuracy)[None],
        lambda rows, right: american_dividends.price(*_listed(*rows, right, dividends))[None],
        out,
    )
    return shaped(out[0], shape)


def greeks(
    spot: Any,
    strike: Any,
    time: Any,
    vol: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    dividends: Any = (),
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> Greeks:
    """Price and Greeks as :class:`terminal.quant.european.Greeks`; where exercise at once is best, the payoff's.

    All are derivatives of the integral representation, boundary included, and hold up to the boundary.
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty((len(GREEK_NAMES), calls.size))
    _in_chunks(
        columns,
        calls,
        _paid(dividends),
        lambda rows, right: american_rows.greeks(rows, right, accuracy),
        lambda rows, right: _sheet(american_dividends.greeks(*_listed(*rows, right, dividends))),
        out,
    )
    return Greeks(*(shaped(row, shape) for row in out))


def chain_greeks(
    spot: Any, strike: Any, time: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any,
    *, accuracy: Accuracy = Accuracy.FAST,
) -> Greeks:  # fmt: skip
    """:func:`greeks` of a chain, whose strikes have each a vol of their own: eight times as fast.

    Rows of the same time, right, rate and yield take their exercise boundary from those at a few vols, by
    interpolation; the error of that is below the tier's own (FAST).
    """
    columns, calls, shape = float_columns((spot, strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty((len(GREEK_NAMES), calls.size))
    for first in range(0, calls.size, _CHUNK):
        part = slice(first, first + _CHUNK)
        rows = [column[part] for column in columns]
        out[:, part] = american_rows.greeks(rows, calls[part], accuracy, shares_boundaries=True)
    return Greeks(*(shaped(row, shape) for row in out))


def implied_vol(
    price: Any,
    spot: Any,
    strike: Any,
    time: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    dividends: Any = (),
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> tuple[Any, Any]:
    """``(vol, status)``: the vol at which :func:`price` gives ``price``; NaN where ``status`` is not 0.

    The statuses are those of :class:`terminal.quant.implied_vol.Status`. A price that is no more than the option's
    value without vol, such as that of exercise at once, belongs to many vols or to none: ZERO_TIME_VALUE. Never raises
    for a bad row.
    """
    columns, calls, shape = float_columns((price, spot, strike, time, rate, dividend_yield), is_call)
    out = np.empty((2, calls.size))
    _in_chunks(
        columns,
        calls,
        _paid(dividends),
        lambda rows, right: american_rows.implied_vol(rows, right, accuracy, False),
        lambda rows, right: np.array(american_dividends.implied_vol(*_listed(*rows, right, dividends))),
        out,
        time_at=3,
    )
    return _vol_and_status(out, shape)


def with_implied_vol(
    price: Any,
    spot: Any,
    strike: Any,
    time: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    dividends: Any = (),
    *,
    accuracy: Accuracy = Accuracy.FAST,
) -> tuple[Any, Any, Greeks]:
    """``(vol, status, greeks)`` of a chain of prices in one pass; Greeks are NaN where there is no vol.

    Cheap where many rows share time, right, rate and yield, as those of one expiry do.
    """
    columns, calls, shape = float_columns((price, spot, strike, time, rate, dividend_yield), is_call)
    out = np.empty((2 + len(GREEK_NAMES), calls.size))

    def with_dividends(rows: list[Floats], right: Flags) -> Floats:
        vol, status = american_dividends.implied_vol(*_listed(*rows, right, dividends))
        sheet = american_dividends.greeks(*_listed(*rows[1:4], vol, *rows[4:], right, dividends))
        return np.vstack([vol, status, _sheet(sheet)])

    _in_chunks(
        columns,
        calls,
        _paid(dividends),
        lambda rows, right: american_rows.implied_vol(rows, right, accuracy, True),
        with_dividends,
        out,
        time_at=3,
    )
    return *_vol_and_status(out, shape), Greeks(*(shaped(row, shape) for row in out[2:]))


def early_exercise_premium(
    spot: Any,
    strike: Any,
    time: Any,
    vol: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> Any:
    """What the right to exercise early is worth: the American price less the European one, without dividends."""
    arguments = (spot, strike, time, vol, rate, dividend_yield, is_call)
    return np.maximum(price(*arguments, accuracy=accuracy) - european.price(*arguments), 0.0)[()]


def exercise_boundary(
    time: Any,
    strike: Any,
    vol: Any,
    rate: Any,
    dividend_yield: Any,
    is_call: Any,
    *,
    accuracy: Accuracy = Accuracy.PRECISE,
) -> Any:
    """The spot at or below (put), at or above (call) which exercise is best with ``time`` to expiry, without dividends.

    At time 0 its limit, K min(1, r / q) of a put; 0 of a put and infinite of a call that is never exercised.
    """
    return _boundary(time, strike, vol, rate, dividend_yield, is_call, accuracy, False)


def qd_plus_boundary(time: Any, strike: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any) -> Any:
    """The same by the QD+ approximation (Li 2010), from which the exact solution starts."""
    return _boundary(time, strike, vol, rate, dividend_yield, is_call, Accuracy.PRECISE, True)


def _boundary(
    time: Any, strike: Any, vol: Any, rate: Any, dividend_yield: Any, is_call: Any, accuracy: Accuracy, by_qd_plus: bool
) -> Any:
    columns, calls, shape = float_columns((strike, time, vol, rate, dividend_yield), is_call)
    out = np.empty(calls.size)
    put = kinds([columns[0], *columns], calls)
    boundary_column(
        put.kind, calls, *columns[:3], put.rate, put.dividend_yield, families(accuracy), tolerance(accuracy),
        by_qd_plus, out,
    )  # fmt: skip
    return shaped(out, shape)


def _paid(dividends: Any) -> float:
    """The first time at which there is a dividend; infinite without one."""
    return min((float(time) for time, cash in dividends if time > 0.0 and cash != 0.0), default=np.inf)


def _listed(*arguments: Any) -> list[Any]:
    """Mixed arguments to be starred: a starred list of arrays could reach any parameter, to the type checker."""
    return [*arguments]


def _sheet(found: Greeks) -> Floats:
    return np.array([getattr(found, name) for name in GREEK_NAMES])


def _vol_and_status(out: Floats, shape: tuple[int, ...]) -> tuple[Any, Any]:
    status = out[1].astype(np.int8)
    return shaped(out[0], shape), int(status[0]) if shape == () else status.reshape(shape)


def _in_chunks(
    columns: list[Floats],
    calls: Flags,
    first_dividend: float,
    plain: Callable[[list[Floats], Flags], Floats],
    paying: Callable[[list[Floats], Flags], Floats],
    out: Floats,
    time_at: int = 2,
) -> None:
    """Fills the columns of ``out``: by ``plain`` the rows that expire before any dividend, by ``paying`` the others."""
    for first in range(0, calls.size, _CHUNK):
        part = slice(first, first + _CHUNK)
        rows, right, into = [column[part] for column in columns], calls[part], out[:, part]
        pays = rows[time_at] >= first_dividend
        if not pays.any():
            into[:] = plain(rows, right)
            continue
        into[:, pays] = paying([row[pays] for row in rows], right[pays])
        if not pays.all():
            into[:, ~pays] = plain([row[~pays] for row in rows], right[~pays])
