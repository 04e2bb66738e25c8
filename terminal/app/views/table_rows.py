"""What a table shows: raw values by column, and how they look."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Values = Sequence[Any]


@dataclass(slots=True)
class TableRows:
    """Columns by key, each in the order of ``keys``. A value that is not there is None.

    ``stale``: rows whose numbers must not be trusted now. ``tones`` and ``shade``: names of colour tokens, "" for the
    column's own. ``tips``: sentences. ``ages``: 0 (old) to 3 (just changed) of single cells.
    """

    keys: list[Hashable]
    values: Mapping[str, Values] = field(default_factory=dict)
    stale: list[bool] = field(default_factory=list)
    tones: Mapping[str, list[str]] = field(default_factory=dict)
    shade: Mapping[str, list[str]] = field(default_factory=dict)
    tips: Mapping[str, list[str]] = field(default_factory=dict)
    ages: Mapping[str, list[int]] = field(default_factory=dict)


def present(values: npt.NDArray[Any], there: npt.NDArray[np.bool_]) -> list[Any]:
    """The values as Python numbers, None where ``there`` is False."""
    return [value if ok else None for value, ok in zip(values.tolist(), there.tolist(), strict=True)]
