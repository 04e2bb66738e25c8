"""Which pages of an array are not what they were: one number a page."""

from __future__ import annotations

import numba as nb
import numpy as np

PAGE_WORDS = 512
PAGE_BYTES = 8 * PAGE_WORDS
_PRIME = np.uint64(0x9E3779B185EBCA87)
_LEFT, _RIGHT = np.uint64(31), np.uint64(33)


@nb.njit(nb.uint64(nb.uint64, nb.uint64), nogil=True, cache=True, inline="always")
def _mix(lane, word):  # type: ignore[no-untyped-def]
    """Takes a word in; the turn brings high bits down, which a product alone never does (as in xxHash, Collet 2012)."""
    lane ^= word
    return ((lane << _LEFT) | (lane >> _RIGHT)) * _PRIME


@nb.njit(nb.uint64(nb.uint64[::1], nb.int64), nogil=True, cache=True)
def _page_hash(words, start):  # type: ignore[no-untyped-def]
    a, b, c, d = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    for at in range(start, start + PAGE_WORDS, 4):
        a = _mix(a, words[at])
        b = _mix(b, words[at + 1])
        c = _mix(c, words[at + 2])
        d = _mix(d, words[at + 3])
    return _mix(_mix(_mix(a, b), c), d)


@nb.njit(nb.void(nb.uint64[::1], nb.uint64[::1]), nogil=True, cache=True)
def hash_pages(words, hashes):  # type: ignore[no-untyped-def]
    """Mixes every PAGE_WORDS words into a number. ``words``: whole pages. ``hashes``: one place a page.

    A page of zeros gives 0. Two pages that differ in one word never have the same number.
    """
    zero = _page_hash(np.zeros(PAGE_WORDS, np.uint64), 0)
    for page in range(len(hashes)):
        hashes[page] = _page_hash(words, page * PAGE_WORDS) - zero
