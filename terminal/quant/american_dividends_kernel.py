"""Kernels: finite differences for American options on a spot that drops by cash at each ex time.

The grid is in the forward F to expiry, net of the dividends still to come: F = S exp((r - q)(T - t)) - A(t) with
A(t) = sum of D_i exp((r - q)(T - t_i)) over t < t_i <= T. F is a martingale and does not jump at an ex time, so nothing
is interpolated there; the undiscounted value U obeys dU/dtau = sigma^2 / 2 (F + A)^2 d2U/dF2, and exercise pays
sign [(F + A) exp(q tau) - K exp(r tau)]. Eight options are solved side by side, one in each lane of a vector.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from terminal.quant.black_kernel import black
from terminal.quant.columns import Floats

LANES = 8
FIELDS = 10
STRIKE, VOL, RATE, YIELD, SIGN, TIME, SHIFT, SCALE, STEP, BELOW = range(FIELDS)
"""Rows of a table of problems, shape (FIELDS, problems): the last four lay out the grid."""
AT_EX_TIMES, BEYOND_BOUNDARY, ANYWHERE, LIMIT = range(4)
"""When exercise can be worth while: just before an ex time only, beyond one boundary, or between two. LIMIT: no vol."""
REACH = 5.5
"""Standard deviations that the grid reaches beyond strike and spots."""
CROWDING = 1.4
"""Standard deviations over which the nodes stand close around the strike."""
_POLICY_ROUNDS = 12
_RESOLVED = 8.0
"""Nodes in a standard deviation from which on the grid may start with a smooth function instead of a kink."""
_F = nb.float64
_F1 = nb.float64[::1]
_F2 = nb.float64[:, ::1]
_I = nb.int64

Ints = npt.NDArray[np.int64]


@nb.njit(_F(_F, _F, _F, _F1, _F1), nogil=True, cache=True, error_model="numpy")
def dividends_at_expiry(time: float, rate: float, dividend_yield: float, ex_times: Floats, cash: Floats) -> float:
    """A(0): the dividends with ex times in (0, T], carried to expiry."""
    total = 0.0
    for i in range(ex_times.size):
        if 0.0 < ex_times[i] <= time:
            total += cash[i] * math.exp((rate - dividend_yield) * (time - ex_times[i]))
    return total


@nb.njit(nb.void(_F2, _I, _F, _F, _F1, _F1, _I), nogil=True, cache=True, error_model="numpy")
def lay_out(
    problems: Floats, lane: int, lowest_spot: float, highest_spot: float, ex_times: Floats, cash: Floats, nodes: int
) -> None:
    """Fills the grid's fields of one problem so that its spots lie well inside, within reason."""
    strike, vol, rate, carry, time = (
        problems[STRIKE, lane], problems[VOL, lane], problems[RATE, lane], problems[YIELD, lane], problems[TIME, lane]
    )  # fmt: skip
    shift = dividends_at_expiry(time, rate, carry, ex_times, cash)
    deviation = vol * math.sqrt(time)
    growth = math.exp((rate - carry) * time)
    margin = REACH * deviation + 0.5 * deviation * deviation
    low = min(0.0, max(math.log(lowest_spot * growth / (strike + shift)), -2.0 * margin)) - margin
    high = max(0.0, min(math.log(highest_spot * growth / (strike + shift)), 2.0 * margin)) + margin
    scale = CROWDING * deviation
    # The strike is a node, and an even one, so that the grid of every second node has it too.
    ends = math.asinh(-low / scale), math.asinh(high / scale)
    problems[SHIFT, lane] = shift
    problems[SCALE, lane] = scale
    problems[STEP, lane] = (ends[0] + ends[1]) / (nodes - 4)
    problems[BELOW, lane] = 2.0 * math.ceil(0.5 * ends[0] / problems[STEP, lane])


@nb.njit(nb.void(_F2, _F2, _I), nogil=True, cache=True, error_model="numpy")
def _fill_grid(problems: Floats, grid: Floats, every: int) -> None:
    """The nodes of each lane, from the side of exercise on: low to high for puts, high to low for calls."""
    nodes = grid.shape[0] - 1
    for lane in range(LANES):
        strike, shift, scale = problems[STRIKE, lane], problems[SHIFT, lane], problems[SCALE, lane]
        below = round(problems[BELOW, lane]) // every
        for j in range(nodes + 1):
            x = scale * math.sinh((j - below) * every * problems[STEP, lane])
            value = (strike + shift) * math.exp(x) - shift if j != below else strike
            grid[nodes - j if problems[SIGN, lane] > 0.0 else j, lane] = value


@nb.njit(nb.void(_F2, _F2, _F1, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def _fill_rates(problems: Floats, grid: Floats, carried: Floats, back: Floats, ahead: Floats) -> None:
    """sigma^2 (F + A)^2 / 2 times the weights of the second difference; no diffusion at the ends, where U is linear."""
    nodes = grid.shape[0] - 1
    for i in range(1, nodes):
        for lane in range(LANES):
            spot = max(grid[i, lane] + carried[lane], 0.0) * problems[VOL, lane]
            left = abs(grid[i, lane] - grid[i - 1, lane])
            right = abs(grid[i + 1, lane] - grid[i, lane])
            back[i, lane] = spot * spot / (left * (left + right))
            ahead[i, lane] = spot * spot / (right * (left + right))
    for lane in range(LANES):
        back[0, lane] = ahead[0, lane] = back[nodes, lane] = ahead[nodes, lane] = 0.0


_STEP = nb.void(_F2, _F2, _F2, _F2, _F2, _F1, _F, _F2, _F2)


@nb.njit(_STEP, nogil=True, cache=True, error_model="numpy")
def _step(
    values: Floats, grid: Floats, back: Floats, ahead: Floats, exercise: Floats, steps: Floats, implicit: float,
    pull: Floats, rest: Floats,
) -> None:  # fmt: skip
    """One time step of all lanes with Brennan and Schwartz's (1977) elimination away from the side of exercise.

    ``exercise`` has a line, of rows slope, level and carried dividends, under which no value may fall.
    """
    last = values.shape[0] - 1
    explicit = 1.0 - implicit
    for lane in range(LANES):
        pull[last, lane] = 0.0
        rest[last, lane] = values[last, lane]
    for i in range(last - 1, -1, -1):
        for lane in range(LANES):
            b, a = back[i, lane] * steps[lane], ahead[i, lane] * steps[lane]
            here = values[i, lane]
            before = values[i - 1, lane] if i > 0 else here
            known = here + explicit * (b * (before - here) + a * (values[i + 1, lane] - here))
            b, a = implicit * b, implicit * a
            inverse = 1.0 / (1.0 + b + a * (1.0 - pull[i + 1, lane]))
            pull[i, lane] = b * inverse
            rest[i, lane] = (known + a * rest[i + 1, lane]) * inverse
    for lane in range(LANES):
        spot = max(grid[0, lane] + exercise[2, lane], 0.0)
        values[0, lane] = max(rest[0, lane], spot * exercise[0, lane] + exercise[1, lane])
    for i in range(1, last + 1):
        for lane in range(LANES):
            spot = max(grid[i, lane] + exercise[2, lane], 0.0)
            held = rest[i, lane] + pull[i, lane] * values[i - 1, lane]
            values[i, lane] = max(held, spot * exercise[0, lane] + exercise[1, lane])


@nb.njit(_STEP, nogil=True, cache=True, error_model="numpy")
def _policy_step(
    values: Floats, grid: Floats, back: Floats, ahead: Floats, exercise: Floats, steps: Floats, implicit: float,
    pull: Floats, rest: Floats,
) -> None:  # fmt: skip
    """The same for an exercise region of any shape, by policy iteration (Forsyth and Vetzal 2002 in the limit)."""
    last = values.shape[0] - 1
    known, line = np.empty(last + 1), np.empty(last + 1)
    stopped = np.zeros(last + 1, np.bool_)
    for lane in range(LANES):
        for i in range(last + 1):
            line[i] = max(grid[i, lane] + exercise[2, lane], 0.0) * exercise[0, lane] + exercise[1, lane]
            known[i] = values[i, lane]
            if 0 < i < last:
                change = back[i, lane] * (values[i - 1, lane] - values[i, lane])
                change += ahead[i, lane] * (values[i + 1, lane] - values[i, lane])
                known[i] += (1.0 - implicit) * steps[lane] * change
            stopped[i] = values[i, lane] <= line[i]
        weight = implicit * steps[lane]
        for _ in range(_POLICY_ROUNDS):
            for i in range(last, -1, -1):
                if stopped[i]:
                    pull[i, lane], rest[i, lane] = 0.0, line[i]
                    continue
                a = weight * ahead[i, lane]
                beyond, above = (pull[i + 1, lane], rest[i + 1, lane]) if i < last else (0.0, 0.0)
                inverse = 1.0 / (1.0 + weight * back[i, lane] + a * (1.0 - beyond))
                pull[i, lane] = weight * back[i, lane] * inverse
                rest[i, lane] = (known[i] + a * above) * inverse
            values[0, lane] = rest[0, lane]
            for i in range(1, last + 1):
                values[i, lane] = rest[i, lane] + pull[i, lane] * values[i - 1, lane]
            changed = False
            for i in range(last + 1):
                flow = 0.0
                if 0 < i < last:
                    flow = back[i, lane] * (values[i - 1, lane] - values[i, lane])
                    flow += ahead[i, lane] * (values[i + 1, lane] - values[i, lane])
                better = line[i] > known[i] + weight * flow if stopped[i] else line[i] > values[i, lane]
                if better != stopped[i]:
                    stopped[i] = better
                    changed = True
            if not changed:
                break


@nb.njit(nb.void(_F2, _F2, _F2, _F2), nogil=True, cache=True, error_model="numpy")
def _exercise_at_once(values: Floats, grid: Floats, exercise: Floats, gain: Floats) -> None:
    """The greater of holding and exercise; the node nearest to the kink gets the mean over its cell.

    Without that the error would depend on where the kink lies between two nodes (Pooley, Vetzal and Forsyth 2003).
    """
    last = values.shape[0] - 1
    for lane in range(LANES):
        for i in range(last + 1):
            line = max(grid[i, lane] + exercise[2, lane], 0.0) * exercise[0, lane] + exercise[1, lane]
            gain[i, lane] = line - values[i, lane]
            values[i, lane] = max(values[i, lane], line)
        for i in range(1, last - 1):
            here, following = gain[i, lane], gain[i + 1, lane]
            if not (here > 0.0 >= following or here < 0.0 <= following):
                continue
            width = abs(grid[i + 1, lane] - grid[i, lane])
            part = here / (here - following)
            jump = abs(here - following) / width
            at, near = (i, part) if part < 0.5 else (i + 1, 1.0 - part)
            cell = abs(grid[at + 1, lane] - grid[at - 1, lane])
            values[at, lane] += jump * ((0.5 - near) * width) ** 2 / cell


@nb.njit(nb.void(_F2, _F2, _F2, _F1), nogil=True, cache=True, error_model="numpy")
def _start(values: Floats, grid: Floats, problems: Floats, elapsed: Floats) -> None:
    """European values ``elapsed`` years before expiry with no dividend to come; at expiry the payoff's cell means."""
    last = values.shape[0] - 1
    for lane in range(LANES):
        strike, sign = problems[STRIKE, lane], problems[SIGN, lane]
        deviation = problems[VOL, lane] * math.sqrt(elapsed[lane])
        for i in range(last + 1):
            spot = max(grid[i, lane], 0.0)
            if deviation > 0.0 and spot > 0.0 and strike > 0.0:
                values[i, lane] = black(spot, strike, math.log(spot / strike), deviation, sign > 0.0)
                continue
            values[i, lane] = max(sign * (spot - strike), 0.0)
            if deviation == 0.0 and grid[i, lane] == strike and 0 < i < last:
                # Nodes run from the side of exercise on, where the payoff rises.
                rise = grid[i, lane] - grid[i - 1, lane]
                values[i, lane] += 0.25 * rise * rise / abs(grid[i + 1, lane] - grid[i - 1, lane])


@nb.njit(nb.boolean(_F2, _F1), nogil=True, cache=True, error_model="numpy")
def _is_resolved(problems: Floats, elapsed: Floats) -> bool:
    """Whether the nodes at the strike are close enough for the European values ``elapsed`` years before expiry."""
    for lane in range(LANES):
        strike = problems[STRIKE, lane]
        width = (strike + problems[SHIFT, lane]) * problems[SCALE, lane] * problems[STEP, lane]
        if problems[VOL, lane] * math.sqrt(elapsed[lane]) * strike < _RESOLVED * width:
            return False
    return True


@nb.njit(nb.void(_F2, _F1, nb.boolean, _F1, _F2), nogil=True, cache=True, error_model="numpy")
def _set_exercise(problems: Floats, elapsed: Floats, allowed: bool, carried: Floats, exercise: Floats) -> None:
    """The line of immediate exercise at time to expiry ``elapsed``, or one that no value reaches."""
    for lane in range(LANES):
        sign = problems[SIGN, lane]
        exercise[0, lane] = sign * math.exp(problems[YIELD, lane] * elapsed[lane]) if allowed else 0.0
        paid = problems[STRIKE, lane] * math.exp(problems[RATE, lane] * elapsed[lane])
        exercise[1, lane] = -sign * paid if allowed else -np.inf
        exercise[2, lane] = carried[lane]


_MARCH = nb.void(_F2, _I, nb.boolean, _I, _F1, _F1, _F1, _F2, _F2, _F2, _F2, _F2, _F2, _F2)


@nb.njit(_MARCH, nogil=True, cache=True, error_model="numpy")
def _march(
    problems: Floats, kind: int, american: bool, steps: int, elapsed: Floats, until: Floats, carried: Floats,
    values: Floats, grid: Floats, back: Floats, ahead: Floats, exercise: Floats, pull: Floats, rest: Floats,
) -> None:  # fmt: skip
    """Takes ``values`` from time to expiry ``elapsed`` on to ``until``, and ``elapsed`` with them.

    Crank-Nicolson; the first two steps are two implicit halves each, against the kinks (Rannacher 1984). The steps
    grow linearly, as at first the solution changes like a square root of time.
    """
    begun, length = np.empty(LANES), np.empty(LANES)
    for lane in range(LANES):
        begun[lane] = elapsed[lane]
    for j in range(steps + 2):
        implicit = j < 4
        whole = j // 2 if implicit else j - 2
        came, at = (whole / steps) ** 2, ((whole + 1) / steps) ** 2
        if implicit and j % 2 == 0:
            at = 0.5 * (came + at)
        elif implicit:
            came = 0.5 * (came + at)
        for lane in range(LANES):
            length[lane] = (at - came) * (until[lane] - begun[lane])
            elapsed[lane] = begun[lane] + at * (until[lane] - begun[lane])
        _set_exercise(problems, elapsed, american and kind != AT_EX_TIMES, carried, exercise)
        if kind == ANYWHERE:
            _policy_step(values, grid, back, ahead, exercise, length, 1.0 if implicit else 0.5, pull, rest)
        else:
            _step(values, grid, back, ahead, exercise, length, 1.0 if implicit else 0.5, pull, rest)


@nb.njit(nb.boolean(_F2, _F1, _F1, _F, _F1), nogil=True, cache=True, error_model="numpy")
def _find_break(problems: Floats, elapsed: Floats, until: Floats, cash: float, middle: Floats) -> bool:
    """Where the interest from stopping a put now rather than after its next dividend begins to outweigh the dividend.

    Before an ex time a put is held until then unless the spot is almost nothing, earlier it is stopped again below an
    ordinary boundary (Meyer 2002): the time steps start anew there. ``middle`` is halfway where that does not happen.
    """
    found = False
    for lane in range(LANES):
        begun, rate = elapsed[lane], problems[RATE, lane]
        middle[lane] = 0.5 * (begun + until[lane])
        if problems[SIGN, lane] < 0.0 and rate > 0.0 and cash > 0.0 and problems[STRIKE, lane] > 0.0:
            at = begun + math.log1p(cash / problems[STRIKE, lane]) / rate
            if begun < at < until[lane]:
                middle[lane] = at
                found = True
    return found


@nb.njit(
    nb.void(_F2, _F1, _F1, nb.boolean, _I, _I, _I, nb.boolean, _F2, _F2, _F2),
    nogil=True,
    cache=True,
    error_model="numpy",
)
def solve(
    problems: Floats, ex_times: Floats, cash: Floats, american: bool, kind: int, steps: int, every: int, near: bool,
    grid: Floats, values: Floats, exercise: Floats,
) -> None:  # fmt: skip
    """``values``, the undiscounted values at time 0 on ``grid``, both of shape (nodes + 1, LANES), and ``exercise``.

    All ``ex_times`` are in (0, T] for every lane. ``every`` of 2 takes every other node and time step. With ``near``
    all of it is just after the first ex time instead, but ``exercise`` is just before it.
    """
    size = grid.shape[0]
    back, ahead = np.empty((size, LANES)), np.empty((size, LANES))
    pull, rest = np.empty((size, LANES)), np.empty((size, LANES))
    carried, elapsed, until, middle = np.zeros(LANES), np.zeros(LANES), np.empty(LANES), np.empty(LANES)
    _fill_grid(problems, grid, every)
    count = ex_times.size
    longest = 0.0
    for lane in range(LANES):
        longest = max(longest, problems[TIME, lane])
    share = 0.0
    for k in range(count + 1):
        share += math.sqrt((ex_times[k] if k < count else longest) - (ex_times[k - 1] if k > 0 else 0.0))
    if kind == AT_EX_TIMES and count > 0:
        for lane in range(LANES):
            elapsed[lane] = problems[TIME, lane] - ex_times[count - 1]
        if not _is_resolved(problems, elapsed):
            for lane in range(LANES):
                elapsed[lane] = 0.0
    _start(values, grid, problems, elapsed)
    for k in range(count, -1, -1):
        since = ex_times[k - 1] if k > 0 else 0.0
        span = 0.0
        for lane in range(LANES):
            until[lane] = problems[TIME, lane] - since
            span = max(span, until[lane] - elapsed[lane])
        if span > 0.0:
            _fill_rates(problems, grid, carried, back, ahead)
            part = max(4, round(0.5 * steps * math.sqrt(span) / share)) * (2 // every)
            paid = cash[k] if k < count else 0.0
            if american and kind == BEYOND_BOUNDARY and _find_break(problems, elapsed, until, paid, middle):
                _march(
                    problems, kind, american, part, elapsed, middle, carried, values, grid, back, ahead, exercise,
                    pull, rest,
                )  # fmt: skip
            _march(
                problems, kind, american, part, elapsed, until, carried, values, grid, back, ahead, exercise, pull, rest
            )
        for lane in range(LANES):
            elapsed[lane] = until[lane]
            if k > 0:
                growth = math.exp((problems[RATE, lane] - problems[YIELD, lane]) * elapsed[lane])
                carried[lane] += cash[k - 1] * growth
        if k > 0 and american:
            _set_exercise(problems, elapsed, True, carried, exercise)
            if k == 1 and near:
                return
            _exercise_at_once(values, grid, exercise, rest)
    _set_exercise(problems, elapsed, american, carried, exercise)
