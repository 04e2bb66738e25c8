"""Puts the newest quotes and trades of every instrument into pages of their own, so that reading them scans nothing."""

from __future__ import annotations

import numba as nb
import numpy as np

from terminal.core.messages import MESSAGE, Kind

PAGE_ROWS = 32
PAGES_KEPT = 17
"""Pages of one instrument and kind: the oldest is taken again, so at least 512 rows are there."""
PAGES, PLACE, FILLED, TURNED, TOTAL, PAGE, LOST_NS = 0, 1, 2, 3, 4, 5, 6
HEAD_COLUMNS = 8
"""Columns of ``heads``, one cache line: pages owned, place of the page in use among them, its rows, whether the oldest
was taken again, rows ever taken in, the number of the page in use, and the latest time of a row that is gone."""

_QUOTE, _TRADE = int(Kind.QUOTE), int(Kind.TRADE)
_message = nb.from_dtype(MESSAGE)


@nb.njit(nb.int64(_message[:], _message[:, :], nb.int32[:, :], nb.int64[:, :], nb.int64), nogil=True, cache=True)
def keep_newest(batch, pages, owned, heads, used):  # type: ignore[no-untyped-def]
    """Takes in a batch and gives the number of pages in use, of ``pages`` [page, row].

    ``owned``: page numbers by (key, place), where key is twice the instrument, plus one for trades. ``heads``: see the
    columns above, by key. Where no page is free any more, an instrument goes on with those that it has.
    """
    for i in range(len(batch)):
        kind = batch[i]["kind"]
        if kind not in (_QUOTE, _TRADE):
            continue
        key = 2 * np.int64(batch[i]["instrument"]) + (1 if kind == _TRADE else 0)
        if key < 0 or key >= len(heads):
            continue
        head = heads[key]
        head[TOTAL] += 1
        if head[PAGES] == 0 or head[FILLED] == PAGE_ROWS:
            last = head[PAGES] == 0 or head[PLACE] == head[PAGES] - 1
            if last and not head[TURNED] and head[PAGES] < PAGES_KEPT and used < len(pages):
                owned[key, head[PAGES]] = used
                used += 1
                head[PLACE] = head[PAGES]
                head[PAGES] += 1
            elif head[PAGES] == 0:
                head[LOST_NS] = max(head[LOST_NS], batch[i]["ts_ns"])
                continue
            else:
                head[PLACE] = 0 if last else head[PLACE] + 1
                head[TURNED] = 1
            head[PAGE] = owned[key, head[PLACE]]
            if head[TURNED]:
                for row in range(PAGE_ROWS):
                    head[LOST_NS] = max(head[LOST_NS], pages[head[PAGE], row]["ts_ns"])
            head[FILLED] = 0
        pages[head[PAGE], head[FILLED]] = batch[i]
        head[FILLED] += 1
    return used
