"""A capture as a stream of messages: line by line through the decoder, every line kept or refused with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from terminal.core.clock import NS_PER_S
from terminal.core.instruments import InstrumentTable
from terminal.core.messages import Batch
from terminal.infra.failures import UsageError
from terminal.market.importers.binance import refusals
from terminal.market.importers.binance.decode import StreamDecoder, StreamSymbol
from terminal.market.importers.binance.inspect import CaptureTerms, SymbolTerms
from terminal.market.importers.binance.lines import read_lines, split_line
from terminal.market.importers.report import FileReport
from terminal.market.importers.streams import CutOff, InstantNumbers, Refused, content_sha256

LAYOUT = "binance"
_RECORDS_A_BATCH = 1 << 13
_FAR_NS = 3600 * NS_PER_S


class Capture:
    """One file; a RecordedStream. ``ts_ns`` of its messages is the time they were received: when a trader saw them."""

    def __init__(self, terms: CaptureTerms, table: InstrumentTable, wanted: tuple[SymbolTerms, ...]) -> None:
        """Adds the instruments of ``wanted`` to ``table``; UsageError when it holds one with other terms."""
        self.path: Path = terms.path
        self.first_ns = terms.first_ns
        self.last_ns = terms.last_ns
        self.kind = f"binance {terms.market.value}"
        self.interval_s = 0
        try:
            self._symbols = [
                StreamSymbol(each.symbol, each.market, each.add_to(table).id, each.price_digits, each.size_digits)
                for each in wanted
            ]
        except ValueError as problem:
            raise UsageError(f"{terms.path}: {problem}; replay or import it on its own.") from problem

    @property
    def sha256(self) -> str:
        """Hex digest of the file's bytes."""
        return content_sha256(self.path)

    def batches(self, source: int, report: FileReport) -> Iterator[Batch]:
        """See :class:`terminal.market.importers.streams.RecordedStream`; one line of the file is one row."""
        decoder = StreamDecoder(self._symbols, source)
        clock = _ReceiveClock(decoder)
        numbers = InstantNumbers()
        number = 0
        report.members = len(self._symbols)
        try:
            for lines in read_lines(self.path):
                for line in lines:
                    number += 1
                    try:
                        stamp_ns, body = split_line(line)
                        ts_ns = clock.admit(stamp_ns, body)
                        decoder.feed(body, ts_ns)
                    except Refused as bad:
                        report.refuse(bad.reason, f"line {number:,}")
                        continue
                    report.rows_read += 1
                    report.rows_kept += 1
                    if ts_ns != stamp_ns:
                        report.adjusted[refusals.CLOCK_BACK] += 1
                    if decoder.pending >= _RECORDS_A_BATCH:
                        yield numbers.number(decoder.take())
        except CutOff:
            report.refuse(refusals.CUT_OFF, f"after line {number:,}")
        if decoder.pending:
            yield numbers.number(decoder.take())


class _ReceiveClock:
    """Times that ascend, out of stamps that need not.

    A stamp behind the one before is taken for the same instant. One more than an hour off is believed only when the
    exchange's own time in the message agrees; else one damaged digit would hold all that follows at its time.
    """

    def __init__(self, decoder: StreamDecoder) -> None:
        self._decoder = decoder
        self._newest_ns = -_FAR_NS

    def admit(self, stamp_ns: int, body: bytes) -> int:
        """The time to take; raises Refused."""
        if stamp_ns - self._newest_ns > _FAR_NS:
            _, event = self._decoder.parse(body)
            if event.E and abs(event.E * 1_000_000 - stamp_ns) > _FAR_NS:
                raise Refused(refusals.FAR_TIME)
            if not event.E and self._newest_ns > 0:
                raise Refused(refusals.FAR_TIME)
        self._newest_ns = max(self._newest_ns, stamp_ns)
        return self._newest_ns
