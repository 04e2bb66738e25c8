"""The panel types of the house as data. A panel module registers its type; the shell and the workspaces look it up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terminal.ui.panel import Panel, PanelContext


class UnknownPanelError(LookupError):
    """A panel type that this version does not have."""


@dataclass(frozen=True, slots=True)
class PanelType:
    """One type of panel. ``make`` gives an instance for a context and an id; ``keys`` open it from anywhere."""

    type_id: str
    title: str
    make: Callable[[PanelContext, str], Panel]
    icon: str = ""
    keys: tuple[str, ...] = ()
    help: str = ""


class PanelRegistry:
    """Panel types by id, in the order they were added."""

    def __init__(self) -> None:
        self._types: dict[str, PanelType] = {}

    def add(self, *types: PanelType) -> None:
        """Adds types; ValueError when an id is taken."""
        for each in types:
            if each.type_id in self._types:
                raise ValueError(f"the panel type {each.type_id!r} exists already")
            self._types[each.type_id] = each

    def get(self, type_id: str) -> PanelType:
        """The type of an id; UnknownPanelError when there is none."""
        try:
            return self._types[type_id]
        except KeyError:
            raise UnknownPanelError(f"this version has no panel of the type {type_id!r}") from None

    def __contains__(self, type_id: str) -> bool:
        return type_id in self._types

    def all(self) -> tuple[PanelType, ...]:
        """Every type."""
        return tuple(self._types.values())
