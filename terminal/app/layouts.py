"""Where panels stand, as data: splits and tabs. The default workspaces of the house."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PanelState:
    """One panel of a workspace. ``settings`` is JSON that only the panel's type understands."""

    id: str
    type: str
    link_group: int = 0
    symbol: str = ""
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tabs:
    """Panels in one place, the first in front."""

    panels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Places side by side, or one above the other; ``shares`` are relative sizes."""

    vertical: bool
    parts: tuple[Layout, ...]
    shares: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.shares):
            raise ValueError("a split has one share a part")


Layout = Tabs | Split


def tabs(*panels: str) -> Tabs:
    """Panels in one place."""
    return Tabs(panels)


def rows(*parts: tuple[int, Layout]) -> Split:
    """Places one above the other, each with its share."""
    return Split(True, tuple(part for _, part in parts), tuple(share for share, _ in parts))


def columns(*parts: tuple[int, Layout]) -> Split:
    """Places side by side, each with its share."""
    return Split(False, tuple(part for _, part in parts), tuple(share for share, _ in parts))


@dataclass(frozen=True, slots=True)
class WorkspaceDefault:
    """A workspace as the house ships it."""

    name: str
    panels: tuple[PanelState, ...]
    layout: Layout


def _panels(*texts: str) -> tuple[PanelState, ...]:
    """Each text: ``type``, ``type-2`` and, after a colon, the link group."""
    made = []
    for text in texts:
        name, _, group = text.partition(":")
        kind, dash, _ = name.partition("-")
        made.append(PanelState(name if dash else f"{name}-1", kind, int(group or 0)))
    return tuple(made)


MARKET = WorkspaceDefault(
    "Market",
    _panels(
        "watchlist:1",
        "chart:1",
        "ladder:1",
        "heatmap:1",
        "chain:1",
        "time_and_sales:1",
        "ticket:1",
        "positions:1",
        "orders:1",
        "log",
        "health",
        "meter",
    ),
    columns(
        (
            78,
            rows(
                (
                    74,
                    columns(
                        (29, tabs("watchlist-1")),
                        (
                            71,
                            rows(
                                (52, tabs("chart-1")),
                                (48, columns((58, tabs("heatmap-1", "chain-1")), (42, tabs("time_and_sales-1")))),
                            ),
                        ),
                    ),
                ),
                (26, tabs("positions-1", "orders-1", "log-1", "health-1", "meter-1")),
            ),
        ),
        (22, rows((69, tabs("ladder-1")), (31, tabs("ticket-1")))),
    ),
)

OPTIONS = WorkspaceDefault(
    "Options",
    _panels("watchlist:2", "chain:2", "builder:2", "chart:2", "surface:2", "ticket:3", "positions:3", "orders:3"),
    columns(
        (68, rows((72, tabs("chain-1", "builder-1")), (28, tabs("positions-1", "orders-1")))),
        (32, rows((22, tabs("watchlist-1")), (36, tabs("chart-1", "surface-1")), (42, tabs("ticket-1")))),
    ),
)

VOLATILITY = WorkspaceDefault(
    "Volatility",
    (
        *_panels("watchlist:2", "vol_history:2", "density:2", "calendar:2", "chart:2"),
        PanelState("vol_history-2", "vol_history", 2, settings={"chart": "TERM"}),
    ),
    columns(
        (17, tabs("watchlist-1")),
        (47, rows((55, tabs("vol_history-1")), (45, tabs("vol_history-2", "chart-1")))),
        (36, rows((55, tabs("density-1")), (45, tabs("calendar-1")))),
    ),
)

TRADE = WorkspaceDefault(
    "Trade",
    _panels(
        "ladder:1",
        "chart:1",
        "chain:1",
        "ladder-2:4",
        "ticket:1",
        "orders:1",
        "positions:1",
        "watchlist:1",
        "log",
        "health",
    ),
    rows(
        (
            72,
            columns(
                (21, tabs("ladder-1")),
                (36, rows((55, tabs("chart-1")), (45, tabs("chain-1", "watchlist-1")))),
                (21, tabs("ladder-2")),
                (22, tabs("ticket-1")),
            ),
        ),
        (28, columns((58, tabs("orders-1", "log-1")), (42, tabs("positions-1", "health-1")))),
    ),
)

FLOW = WorkspaceDefault(
    "Flow",
    (
        *_panels("watchlist:2", "flow:2", "chart:2", "time_and_sales:2"),
        PanelState("flow-2", "flow", 2, settings={"view": "Exposure"}),
        PanelState("flow-3", "flow", 2, settings={"view": "Heatmap"}),
    ),
    columns(
        (
            72,
            rows(
                (52, tabs("flow-1")),
                (48, columns((58, tabs("flow-2")), (42, tabs("flow-3")))),
            ),
        ),
        (28, rows((34, tabs("watchlist-1")), (33, tabs("chart-1")), (33, tabs("time_and_sales-1")))),
    ),
)

DEFAULTS: tuple[WorkspaceDefault, ...] = (MARKET, OPTIONS, TRADE, VOLATILITY, FLOW)


def keep_only(layout: Layout, known: frozenset[str]) -> Layout | None:
    """The layout without the panels that are not in ``known``; None when nothing is left."""
    if isinstance(layout, Tabs):
        left = tuple(panel for panel in layout.panels if panel in known)
        return Tabs(left) if left else None
    kept = [(part, share) for part, share in
            ((keep_only(part, known), share) for part, share in zip(layout.parts, layout.shares, strict=True))
            if part is not None]  # fmt: skip
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0][0]
    return Split(layout.vertical, tuple(part for part, _ in kept), tuple(share for _, share in kept))
