"""The day that tests of the face are set on."""

from __future__ import annotations

from datetime import date

DAY = date(2026, 1, 5)
