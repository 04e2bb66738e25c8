"""What the face needs of the analytics thread. No Qt in here."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from terminal.market.analytics.chain_values import ChainValues, Override, Series
from terminal.market.analytics.service import Interest


class Analytics(Protocol):
    """Chains reckoned in the background for those who look at them; all methods from any thread, none waits."""

    def want(self, owner: Hashable, underlying: int, interest: Interest = Interest.SHOWN) -> None:
        """``owner`` looks at a chain from now on, and at no other."""
        ...

    def release(self, owner: Hashable) -> None:
        """``owner`` looks no more."""
        ...

    def override(self, underlying: int, series: Series, told: Override | None) -> None:
        """What the trader says of an expiry; None takes it back."""
        ...

    def told(self, underlying: int, series: Series) -> Override | None:
        """What the trader said of an expiry; None where it is left to the quotes."""
        ...

    def values(self, underlying: int) -> ChainValues | None:
        """The last pass over a chain, immutable; None before the first."""
        ...

    def why_none(self, underlying: int) -> str:
        """Why there are no values, or none anew; empty when all is well."""
        ...
