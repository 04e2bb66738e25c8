"""Which list a watchlist shows: its own, which its workspace keeps, or one with a name, which all watchlists share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from terminal.app.views.watch_lists import BadListError, WatchListBook
from terminal.app.views.watchlist import WatchlistView

OWN = ""
"""The name of the panel's own list."""


class ShownList:
    """Fills a view from a list and keeps what a person changes. UI thread only.

    An own list that is empty, or has no symbol of this market, shows ``fallback`` instead.
    """

    def __init__(self, view: WatchlistView, book: WatchListBook, fallback: Sequence[str]) -> None:
        self._view = view
        self._book = book
        self._fallback = tuple(fallback)
        self._own: list[str] = []
        self._absent: list[str] = []
        self.name = OWN

    def symbols(self) -> list[str]:
        """The list's symbols; those that this market lacks come last."""
        return self._view.symbols() + self._absent

    def show(self, name: str) -> None:
        """Another list; the own one for a name that there is not."""
        if self.name == OWN:
            self._own = self.symbols()
        self.name = name if name in self._book else OWN
        self._fill(self._own if self.name == OWN else self._book.of(self.name))

    def edited(self) -> None:
        """The view's symbols or their order were changed: a named list is written. Raises what the book raises."""
        if self.name != OWN:
            self._book.put(self.name, self.symbols())

    def create(self, name: str) -> None:
        """Makes a list of the symbols shown, and shows it; BadListError when there is one of that name."""
        if name in self._book:
            raise BadListError(f"There is a watchlist {name} already.")
        self._book.put(name, self.symbols())
        self.show(name)

    def rename(self, name: str) -> None:
        """Another name for the list shown."""
        was = self.name
        if was in {OWN, name}:
            return
        if name in self._book:
            raise BadListError(f"There is a watchlist {name} already.")
        symbols = self.symbols()
        self.name = OWN
        self._book.remove(was)
        self._book.put(name, symbols)
        self.name = name

    def delete(self) -> None:
        """Deletes the list shown; its symbols become the panel's own."""
        was = self.name
        if was != OWN:
            self._own, self.name = self.symbols(), OWN
            self._book.remove(was)

    def follow(self, name: str) -> None:
        """A list of the book has changed or gone; matters when it is the one shown."""
        if name != self.name or name == OWN:
            return
        if name not in self._book:
            self._own, self.name = self.symbols(), OWN
        elif list(self._book.of(name)) != self.symbols():
            self._fill(self._book.of(name))

    def settings(self) -> dict[str, Any]:
        """For the workspace."""
        if self.name == OWN:
            return {"symbols": self.symbols()}
        return {"symbols": self._own, "list": self.name}

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Takes back :meth:`settings`; without any the own list shows the fallback."""
        symbols, name = settings.get("symbols"), settings.get("list")
        if isinstance(symbols, list):
            self._own = [each for each in symbols if isinstance(each, str)]
        self.name = name if isinstance(name, str) and name in self._book else OWN
        self._fill(self._own if self.name == OWN else self._book.of(self.name))

    def _fill(self, symbols: Sequence[str]) -> None:
        self._absent = self._view.set_symbols(symbols)
        if self.name == OWN and not self._view.instruments:
            self._view.set_symbols(self._fallback)
