"""Broadcasting for the kernels: any mix of scalars and arrays in, flat contiguous columns for the kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Kernel = Callable[..., None]
"""Takes float64 columns of one length, a boolean one, outputs [rows, ...], the output column that belongs to the first
entry of those; then what it likes."""

_PLAIN = frozenset({float, int, bool, np.ndarray, np.float64, np.bool_})
SLAB = 8192
"""Rows that are gathered at a time: few enough for the cache, enough to make a kernel's call cheap."""


def float_columns(values: tuple[Any, ...], flag: Any) -> tuple[list[Floats], Flags, tuple[int, ...]]:
    """``values`` and the boolean ``flag`` broadcast against each other: flat float64 columns, a flat boolean column,
    and the common shape (``()`` when all were scalars). What is masked, and the first of ``values`` where the flag is
    NaN, is NaN.

    Raises ValueError when the shapes do not fit together, TypeError for a flag of text or dates.
    """
    plain = numbers_and_flag([*values, flag])
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in plain[:-1]), np.asarray(plain[-1], bool))
    shape = arrays[0].shape
    columns = [np.ascontiguousarray(array, np.float64).reshape(-1) for array in arrays[:-1]]
    return columns, np.ascontiguousarray(arrays[-1], np.bool_).reshape(-1), shape


def numbers_and_flag(values: Sequence[Any]) -> list[Any]:
    """``values``, the last of them a flag, as numbers and arrays that hide nothing: what is masked, and the first value
    where the flag is NaN, is NaN. Raises TypeError for a flag of text or dates."""
    arrays = [value if type(value) in _PLAIN else _unmasked(value) for value in values]
    flag = arrays[-1]
    if type(flag) is bool:
        return arrays
    kind = np.asarray(flag).dtype
    if kind.kind not in "biu":
        if kind.kind not in "fO":  # every text but the empty one would count as true
            raise TypeError(f"is_call must be boolean, not {kind}")
        sides = np.asarray(flag, np.float64)
        unknown = np.isnan(sides)
        arrays[-1] = sides != 0.0
        if unknown.any():
            arrays[0] = np.where(unknown, np.nan, np.asarray(arrays[0], np.float64))
    return arrays


def _unmasked(value: Any) -> Any:
    return floats(value) if isinstance(value, np.ma.MaskedArray) else np.asarray(value)


def floats(value: Any) -> Floats:
    """A float64 array, NaN where ``value`` is masked (the database masks what is missing)."""
    if isinstance(value, np.ma.MaskedArray):
        return np.ma.filled(value.astype(np.float64), np.nan)
    return np.asarray(value, np.float64)


def shaped(column: Floats, shape: tuple[int, ...]) -> Any:
    """``column`` in ``shape``; a Python float for the shape of scalars."""
    return float(column[0]) if shape == () else column.reshape(shape)


def common_shape(values: Sequence[Any]) -> tuple[int, ...]:
    """The shape that ``values`` broadcast to. Raises ValueError, naming their shapes, when they do not."""
    shapes = {np.shape(value) for value in values if not isinstance(value, (float, int))}
    shapes.discard(())
    if len(shapes) <= 1:
        return shapes.pop() if shapes else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        named = ", ".join(str(np.shape(value)) for value in values)
        raise ValueError(f"the arguments' shapes do not broadcast: {named}") from None


def evaluate(kernel: Kernel, values: Sequence[Any], rows: int, out: Floats | None, *more: int) -> tuple[Floats, Any]:
    """``kernel(*columns, flags, result, at, *more)`` over ``values`` broadcast against each other, the last of them
    boolean: the result [rows, n] and the common shape.

    Inputs of any dtype, stride and order are gathered a slab at a time, so nothing of the whole size is made but the
    result, which is ``out`` when that is given: C-contiguous float64 of shape (rows, *shape), or the common shape for
    one row; it may be one of the inputs. What is masked, and a row whose flag is NaN, gives NaN. Raises ValueError for
    shapes that do not broadcast or an ``out`` that does not fit, TypeError for a flag of text or dates.
    """
    arrays = numbers_and_flag(values)
    shape = common_shape(arrays)
    count = math.prod(shape)
    if out is None:
        result = np.empty((rows, count))
    else:
        result = _as_rows(out, rows, shape)
        # A slab that is written must not be read by a later one.
        arrays = [array.copy() if np.may_share_memory(array, out) else array for array in arrays]
    if shape == ():
        numbers = np.array([float(array) for array in arrays[:-1]])
        columns = [numbers[i : i + 1] for i in range(numbers.size)]
        kernel(*columns, np.array([bool(arrays[-1])]), result, 0, *more)
        return result, shape
    if count:
        size = min(count, SLAB)
        buffers = [np.empty(size) for _ in arrays[1:]]
        buffers.append(np.empty(size, np.bool_))
        _gather(kernel, arrays, shape, buffers, result, 0, more)
    return result, shape


def _as_rows(out: Any, rows: int, shape: tuple[int, ...]) -> Floats:
    wanted = (rows, *shape) if rows > 1 else shape
    if not isinstance(out, np.ndarray) or out.shape != wanted or out.dtype != np.float64 or not out.flags.carray:
        raise ValueError(f"out must be a writable C-contiguous float64 array of shape {wanted}")
    found: Floats = out.reshape(rows, -1)
    return found


def _gather(
    kernel: Kernel, arrays: Sequence[Any], shape: tuple[int, ...], buffers: Sequence[Any], result: Floats, start: int,
    more: tuple[int, ...],
) -> None:  # fmt: skip
    """Runs ``kernel`` on slabs of the first axis, or, where one index of it is more than a slab, on each of those."""
    count = math.prod(shape)
    if count <= SLAB:
        columns = [buffer if buffer.size == count else buffer[:count] for buffer in buffers]
        for column, array in zip(columns, arrays, strict=True):
            (column if len(shape) == 1 else column.reshape(shape))[...] = array
        kernel(*columns, result, start, *more)
        return
    inner = count // shape[0]
    step = max(SLAB // inner, 1)
    for first in range(0, shape[0], step):
        last = min(first + step, shape[0])
        parts = [
            array[first:last] if np.ndim(array) == len(shape) and array.shape[0] != 1 else array for array in arrays
        ]
        part_shape: tuple[int, ...] = (last - first, *shape[1:])
        if inner > SLAB:
            parts = [part[0] if np.ndim(part) == len(shape) else part for part in parts]
            part_shape = shape[1:]
        _gather(kernel, parts, part_shape, buffers, result, start + first * inner, more)
