"""A volatility surface as what a graphics card takes: vertices, triangles, lines and points in one box, frozen.

Every vertex has a place in the box, a normal and a ``shade`` from 0 to 1, its place in the colour map. Everything
else (quotes, stems, the box, the ghost, the chosen smile) is a place and a :class:`Tone`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt

from terminal.app import ages
from terminal.app.views.surface_axes import Mark, Span, across_marks, depth_of, round_marks, time_marks
from terminal.app.views.surface_grid import SurfaceGrid
from terminal.app.views.surface_quotes import QuotePoints, across_at
from terminal.market.analytics.chain_values import ChainValues
from terminal.quant.columns import Flags, Floats

HALF_X, HALF_Y, HALF_Z = 1.0, 0.8, 0.42
"""The box around the origin: strikes, time, vol."""
LINE_EVERY = 6
"""Columns between two lines along time."""
WALLS = ("front", "right", "back", "left")
SHADED = 10.0
"""A tone from here on is a place in the colour map, 10 to 11."""

Single = npt.NDArray[np.float32]
Indices = npt.NDArray[np.uint32]


class Tone(IntEnum):
    """What a line or point is, for its colour."""

    CALL = 0
    PUT = 1
    WIRE = 2
    CHOSEN = 3
    GHOST = 4


class Colour(Enum):
    """What the colour of the surface means."""

    VOL = "IV"
    RESIDUAL = "Rich / cheap"
    SIDE = "Calls / puts"


@dataclass(frozen=True, slots=True)
class Box:
    """What the box spans: ``across`` in the axis' unit, ``time`` in years, ``vol`` and ``shade`` as decimals."""

    across: Span
    time: Span
    vol: Span
    shade: Span

    def place(self, across: Floats, time: Floats, vol: Floats) -> Floats:
        """Points [..., 3] in the box; arguments broadcast."""
        depth = Span(*depth_of(np.array([self.time.low, self.time.high])))
        x, y, z = np.broadcast_arrays(
            self.across.place(across), depth.place(depth_of(np.asarray(time))), self.vol.place(vol)
        )
        return np.stack([(2 * x - 1) * HALF_X, (2 * y - 1) * HALF_Y, (2 * z - 1) * HALF_Z], axis=-1)


@dataclass(frozen=True, slots=True)
class SurfaceScene:
    """``vertices`` [n, 7]: place, normal, shade. ``triangles`` [m, 3] and ``lines`` [l, 2] index them. ``points``
    [p, 4], ``stems`` [2 p, 4] and ``wires`` [w, 4] (two a line) are places with a tone. The first ``wire_count`` wires
    are always seen, those of ``walls`` (first and count by :data:`WALLS`) where the wall is behind. ``quotes``:
    what the points are."""

    values: ChainValues
    grid: SurfaceGrid
    quotes: QuotePoints
    box: Box
    colour: Colour
    vertices: Single
    triangles: Indices
    lines: Indices
    points: Single
    stems: Single
    wires: Single
    wire_count: int
    walls: dict[str, tuple[int, int]]
    across_marks: tuple[Mark, ...]
    time_marks: tuple[Mark, ...]
    vol_marks: tuple[Mark, ...]
    ghost: str
    """When the ghost is of; empty without one."""

    def place_at(self, corners: Indices, shares: Floats) -> tuple[float, float]:
        """Strike and years to expiry within a triangle of three vertices, each with its share."""
        rows, columns = np.divmod(corners.astype(np.int64), self.grid.vol.shape[1])
        depth = float(depth_of(self.grid.time[rows]) @ shares)
        fit = self.values.surface
        forward = float("nan") if fit is None else fit.forward(depth * depth)
        return float(forward * np.exp(self.grid.k[rows, columns] @ shares)), depth * depth


def make_scene(
    values: ChainValues, grid: SurfaceGrid, quotes: QuotePoints, colour: Colour, *, vol_span: Span,
    chosen: int | None = None, chosen_row: int | None = None, ghost: tuple[ChainValues, SurfaceGrid] | None = None,
) -> SurfaceScene:  # fmt: skip
    """The scene; ``chosen``: the expiry that is picked out, ``chosen_row``: the contract."""
    time = Span(float(grid.time[0]), max(float(grid.time[-1]), float(grid.time[0]) * 1.01))
    box = Box(grid.span, time, vol_span, _shade_span(colour, vol_span, quotes, grid))
    place = box.place(grid.across, grid.time[:, None], grid.vol)
    vertices = np.empty((*grid.vol.shape, 7), np.float32)
    vertices[..., :3] = np.nan_to_num(place)
    vertices[..., 3:6] = _normals(place, grid)
    vertices[..., 6] = np.nan_to_num(np.clip(_shades(colour, box, grid), 0.0, 1.0))
    known = np.isfinite(place[..., 2]) & (grid.vol <= vol_span.high * 1.0001) & (grid.vol >= vol_span.low * 0.9999)
    triangles, lines = _meshed(grid, known)
    points, stems = _points(quotes, box, colour)
    marks = across_marks(grid.axis, grid.span, 7), time_marks(time.low, time.high, 7), round_marks(vol_span, 6, 100.0)
    wires = [_ground(box, marks), _chosen(grid, place, chosen), _marked(values, grid, box, chosen_row)]
    if ghost is not None:
        wires.append(_ghost(ghost[1], box))
    wire_count = sum(len(each) for each in wires)
    walls = {}
    for name in WALLS:
        walls[name] = sum(len(each) for each in wires), 2 * len(marks[2]) + 2
        wires.append(_wall(name, box, marks[2]))
    return SurfaceScene(
        values, grid, quotes, box, colour, vertices.reshape(-1, 7), triangles, lines, points, stems,
        np.concatenate(wires).astype(np.float32), wire_count, walls, *marks,
        "" if ghost is None else _moment(ghost[0].now_ns, values.now_ns),
    )  # fmt: skip


def _moment(ts_ns: int, now_ns: int) -> str:
    """The time of day, of another day than now with its date."""
    day, time = ages.day_text(ts_ns), ages.time_of_day(ts_ns)
    return time if day == ages.day_text(now_ns) else f"{day} {time}"


def vol_range(grid: SurfaceGrid, quotes: QuotePoints, before: Span | None) -> Span:
    """Round limits for the vols; those of ``before`` while they fit: an axis does not breathe with each tick."""
    seen = grid.vol[np.isfinite(grid.vol)]
    if not len(seen):
        return before or Span(0.0, 1.0)
    low, high = float(seen.min()), float(seen.max())
    if len(quotes.mid):
        reach = 0.15 * max(high - low, 0.02)
        low = min(low, max(float(np.nanpercentile(quotes.mid, 1)), low - reach))
        high = max(high, min(float(np.nanpercentile(quotes.mid, 99)), high + reach))
    if (
        before is not None
        and before.low <= low
        and high <= before.high
        and high - low > 0.55 * (before.high - before.low)
    ):
        return before
    margin = max(0.06 * (high - low), 0.004)
    step = 0.05 if high - low > 0.4 else 0.02 if high - low > 0.1 else 0.01
    return Span(max(0.0, np.floor((low - margin) / step) * step), float(np.ceil((high + margin) / step) * step))


def _shade_span(colour: Colour, vol_span: Span, quotes: QuotePoints, grid: SurfaceGrid) -> Span:
    if colour is Colour.SIDE:
        return Span(0.0, 1.0)
    if colour is Colour.VOL:
        seen = grid.vol[np.isfinite(grid.vol)]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (vol_span.low, vol_span.high)
        return Span(np.floor(low * 100) / 100, max(np.ceil(high * 100), np.floor(low * 100) + 1) / 100)
    known = np.abs(quotes.residual[np.isfinite(quotes.residual)])
    typical = float(np.percentile(known, 95)) if len(known) else 0.01
    limit = next(each for each in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, np.inf) if each >= typical or each == 0.1)
    return Span(-limit, limit)


def _shades(colour: Colour, box: Box, grid: SurfaceGrid) -> Floats:
    if colour is Colour.VOL:
        return box.shade.place(grid.vol)
    if colour is Colour.RESIDUAL:
        return box.shade.place(grid.residual)
    return (grid.k >= 0.0).astype(np.float64)


def _normals(place: Floats, grid: SurfaceGrid) -> Floats:
    """Smooth, upwards; what is folded onto the edge has that of the edge."""
    if len(grid.time) < 2:
        return np.broadcast_to(np.array([0.0, 0.0, 1.0]), place.shape)
    along, away = np.gradient(place, axis=1), np.gradient(place, axis=0)
    normal: Floats = np.cross(along, away)
    columns = np.arange(place.shape[1])
    inner = grid.is_market
    any_ = inner.any(axis=1)
    first = np.where(any_, inner.argmax(axis=1), 0)
    last = np.where(any_, place.shape[1] - 1 - inner[:, ::-1].argmax(axis=1), place.shape[1] - 1)
    normal = np.take_along_axis(normal, np.clip(columns, first[:, None], last[:, None])[..., None], axis=1)
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        normal = normal / length
    normal[~np.isfinite(normal).all(axis=2)] = 0.0, 0.0, 1.0
    return normal


def _meshed(grid: SurfaceGrid, known: Flags) -> tuple[Indices, Indices]:
    """Triangles of the squares whose corners are all there, and lines along expiries and every few columns."""
    number = np.arange(known.size, dtype=np.uint32).reshape(known.shape)
    whole = known[:-1, :-1] & known[:-1, 1:] & known[1:, :-1] & known[1:, 1:]
    flat = np.diff(grid.across, axis=1) <= 1e-12 * np.abs(grid.across[:, 1:])
    whole &= ~(flat[:-1] & flat[1:])
    a, b, c, d = (each[whole] for each in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]))
    triangles = np.stack([a, b, c, c, b, d], axis=1).reshape(-1, 3)
    rows = np.flatnonzero(grid.expiry >= 0)
    along = (known[:, :-1] & known[:, 1:] & ~flat)[rows]
    lines = [np.stack([number[rows, :-1][along], number[rows, 1:][along]], axis=1)]
    columns = np.arange(0, known.shape[1], LINE_EVERY)
    both = (known[:-1] & known[1:] & (grid.is_market[:-1] | grid.is_market[1:]))[:, columns]
    lines.append(np.stack([number[:-1, columns][both], number[1:, columns][both]], axis=1))
    return triangles, np.concatenate(lines)


def _points(quotes: QuotePoints, box: Box, colour: Colour) -> tuple[Single, Single]:
    span = box.vol
    inside = (quotes.mid >= span.low) & (quotes.mid <= span.high)
    tone = np.where(quotes.is_call, float(Tone.CALL), float(Tone.PUT))
    if colour is Colour.RESIDUAL:
        tone = SHADED + np.clip(np.nan_to_num(box.shade.place(quotes.residual), nan=0.5), 0.0, 1.0)
    points = np.empty((len(quotes.row), 4), np.float32)
    points[:, :3] = box.place(quotes.across, quotes.time, np.nan_to_num(np.where(inside, quotes.mid, span.low)))
    points[:, 3] = np.where(inside, tone, -1.0)
    stems = np.empty((len(quotes.row), 2, 4), np.float32)
    for end, vol in enumerate((quotes.bid, quotes.ask)):
        stems[:, end, :3] = box.place(quotes.across, quotes.time, np.clip(vol, span.low, span.high))
    stems[:, :, 3] = points[:, 3:]
    return points, stems.reshape(-1, 4)


def _toned(places: Floats, tone: Tone) -> Floats:
    return np.concatenate([places.reshape(-1, 3), np.full((places.size // 3, 1), float(tone))], axis=1)


def _ground(box: Box, marks: tuple[tuple[Mark, ...], tuple[Mark, ...], tuple[Mark, ...]]) -> Floats:
    """The ground with a line at every mark."""
    x, y, z = HALF_X, HALF_Y, -HALF_Z
    low = np.array(box.vol.low)
    at_x = [-x, x, *(float(box.place(np.array(each.at), np.array(box.time.low), low)[0]) for each in marks[0])]
    at_y = [-y, y, *(float(box.place(np.array(box.across.low), np.array(each.at), low)[1]) for each in marks[1])]
    ends = [(each, side, z) for each in at_x for side in (-y, y)]
    ends += [(side, each, z) for each in at_y if abs(each) <= y + 1e-9 for side in (-x, x)]
    return _toned(np.array(ends), Tone.WIRE)


def _wall(name: str, box: Box, marks: tuple[Mark, ...]) -> Floats:
    """One side of the box with a line at every vol that is marked, and its left post."""
    x, y = HALF_X, HALF_Y
    one, other = {"front": ((-x, -y), (x, -y)), "right": ((x, -y), (x, y)),
                  "back": ((x, y), (-x, y)), "left": ((-x, y), (-x, -y))}[name]  # fmt: skip
    heights = [float((2 * box.vol.place(np.array(each.at)) - 1) * HALF_Z) for each in marks]
    ends = [(*end, height) for height in heights for end in (one, other)]
    return _toned(np.array([*ends, (*one, -HALF_Z), (*one, HALF_Z)]), Tone.WIRE)


def _chosen(grid: SurfaceGrid, place: Floats, expiry: int | None) -> Floats:
    rows = np.flatnonzero(grid.expiry == (-2 if expiry is None else expiry))
    found = [_segments(place[row], np.isfinite(place[row, :, 2])) for row in rows]
    return _toned(np.concatenate(found), Tone.CHOSEN) if found else np.empty((0, 4))


def _marked(values: ChainValues, grid: SurfaceGrid, box: Box, row: int | None) -> Floats:
    """A plumb line through the chosen contract."""
    if row is None:
        return np.empty((0, 4))
    across = across_at(values, grid, np.array([row]))
    time = values.time[values.contracts.expiry_row[row]]
    ends = box.place(across, time, np.array([box.vol.low, box.vol.high]))
    is_inside = np.all(np.abs(ends[0, :2]) <= (HALF_X + 1e-6, HALF_Y + 1e-6))
    return _toned(ends, Tone.CHOSEN) if is_inside else np.empty((0, 4))


def _ghost(grid: SurfaceGrid, box: Box) -> Floats:
    """The smiles and some lines along time of an earlier moment, within the box."""
    inside = (grid.vol >= box.vol.low) & (grid.vol <= box.vol.high)
    across = np.clip(grid.across, box.across.low, box.across.high)
    within = (grid.time >= box.time.low * 0.98) & (grid.time <= box.time.high)
    place = box.place(across, np.maximum(grid.time, box.time.low)[:, None], np.nan_to_num(grid.vol))
    rows = np.flatnonzero((grid.expiry >= 0) & within)
    found = [_segments(place[row], inside[row]) for row in rows]
    inside &= within[:, None]
    found += [_segments(place[:, column], inside[:, column] & grid.is_market[:, column])
              for column in range(0, place.shape[1], 2 * LINE_EVERY)]  # fmt: skip
    return _toned(np.concatenate(found), Tone.GHOST) if found else np.empty((0, 4))


def _segments(places: Floats, known: Flags) -> Floats:
    """Pairs of neighbours that are both known."""
    pairs = np.flatnonzero(known[:-1] & known[1:])
    return np.stack([places[pairs], places[pairs + 1]], axis=1).reshape(-1, 3)
