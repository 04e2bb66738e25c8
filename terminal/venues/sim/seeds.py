"""Chance by purpose: every consumer has a generator of its own, so that a new one shifts no other."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of ``purpose`` (words and numbers) under ``seed``; the same arguments give the same numbers."""
    key = [word if isinstance(word, int) else zlib.crc32(word.encode()) for word in purpose]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(key)))
