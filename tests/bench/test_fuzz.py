"""Short campaigns of damaged messages through every decoder; long ones: ``moneyness bench --only fuzz --long``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from terminal.bench import fuzz
from terminal.bench.fuzz_exchange import SmallExchange
from terminal.bench.fuzz_mutations import Mutations

CAMPAIGNS = [
    fuzz.fuzz_binance,
    fuzz.fuzz_binance_books,
    fuzz.fuzz_capture,
    fuzz.fuzz_dbn,
    fuzz.fuzz_lean,
    fuzz.fuzz_stream,
]


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_damaged_messages_are_kept_or_counted_by_reason(campaign: Callable[..., fuzz.Outcome]) -> None:
    outcome = campaign(6_000, seed=11)
    assert outcome.fed >= 5_900
    assert outcome.kept + sum(outcome.refused.values()) == outcome.fed
    assert outcome.kept > outcome.fed / 10, "mostly nonsense would test only the first check"
    assert len(outcome.refused) >= 2
    assert asdict(campaign(6_000, seed=11)) == asdict(outcome), "a campaign can be repeated"


def test_a_wrong_book_that_is_shown_as_good_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign can fail: an exchange whose snapshots lack their asks is caught."""
    whole = SmallExchange.snapshot

    def without_asks(self: SmallExchange) -> bytes:
        said = json.loads(whole(self))
        return json.dumps({**said, "asks": []}).encode()

    monkeypatch.setattr(SmallExchange, "snapshot", without_asks)
    with pytest.raises(AssertionError, match="is not the exchange's"):
        fuzz.fuzz_binance_books(4_000)


def test_messages_in_disorder_are_lost_doubled_and_late() -> None:
    messages = [b"%d" % n for n in range(3_000)]
    seen = list(Mutations(3).in_disorder(messages, 0.3))
    assert 200 < len(set(messages) - set(seen)) < 400
    assert 200 < len(seen) - len(set(seen)) < 400
    assert seen != sorted(seen, key=int)
    assert list(Mutations(3).in_disorder(messages, 0.0)) == messages
