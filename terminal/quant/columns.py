"""Broadcasting for the kernels: any mix of scalars and arrays in, flat contiguous columns for the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def float_columns(values: tuple[Any, ...], flag: Any) -> tuple[list[Floats], Flags, tuple[int, ...]]:
    """``values`` and the boolean ``flag`` broadcast against each other: flat float64 columns, a flat boolean column,
    and the common shape (``()`` when all were scalars).

    Raises ValueError when the shapes do not fit together.
    """
    arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values), np.asarray(flag, np.bool_))
    shape = arrays[0].shape
    columns = [np.ascontiguousarray(array, np.float64).reshape(-1) for array in arrays[:-1]]
    return columns, np.ascontiguousarray(arrays[-1], np.bool_).reshape(-1), shape


def shaped(column: Floats, shape: tuple[int, ...]) -> Any:
    """``column`` in ``shape``; a Python float for the shape of scalars."""
    return float(column[0]) if shape == () else column.reshape(shape)
