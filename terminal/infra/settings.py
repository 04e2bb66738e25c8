"""The typed settings and what each means. The file itself is read and written by :mod:`terminal.infra.settings_file`.

Every field carries its own explanation, which the file shows as a comment; there is no second list to keep in step.
Amounts of money are decimal text in the base currency, with properties that give them in 1/10,000.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from terminal.core.money import parse_money

FORMAT = 1
"""Version of the file's layout; a file with a higher one was written by a newer Moneyness."""

Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?\Z", description="decimal amount, such as 100000.00")]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the settings file. Unknown keys are refused, so that a misspelt limit is not silently the default."""


class AccountSettings(Section, frozen=True):
    """The paper account that each simulated or replayed session starts with."""

    base_currency: Annotated[
        str, Meta(pattern=r"^[A-Z]{3}\Z", description="Currency of the account and of all totals (ISO 4217).")
    ] = "USD"
    paper_cash: Annotated[Amount, Meta(description="Cash of a new paper account, in the base currency.")] = "100000.00"
    fee_per_contract: Annotated[Amount, Meta(description="Fee for each option contract and leg.")] = "0.65"
    fee_per_share: Annotated[Amount, Meta(description="Fee for each share.")] = "0.00"

    @property
    def paper_cash_e4(self) -> int:
        """Starting cash in 1/10,000."""
        return parse_money(self.paper_cash)

    @property
    def fee_per_contract_e4(self) -> int:
        """Fee a contract and leg in 1/10,000."""
        return parse_money(self.fee_per_contract)

    @property
    def fee_per_share_e4(self) -> int:
        """Fee a share in 1/10,000."""
        return parse_money(self.fee_per_share)


class SimulationSettings(Section, frozen=True):
    """The simulated market that opens when nothing else is asked for."""

    start_date: Annotated[
        date, Meta(description="First simulated trading day; a day without a session moves to the next one.")
    ] = date(2026, 1, 5)
    seed: Annotated[
        int, Meta(ge=0, le=2**63 - 1, description="The same seed gives the same market; --seed overrides it.")
    ] = 1


class RiskSettings(Section, frozen=True):
    """What every order is checked against before it leaves. These are hard limits, for agents and hands alike."""

    max_order_contracts: Annotated[int, Meta(ge=1, le=1_000_000, description="Most option contracts in one order.")] = (
        100
    )
    max_order_shares: Annotated[int, Meta(ge=1, le=100_000_000, description="Most shares in one order.")] = 10_000
    max_order_notional: Annotated[
        Amount, Meta(description="Most money one order may turn over: price x quantity x multiplier.")
    ] = "250000.00"
    max_quote_age_s: Annotated[
        float,
        Meta(
            gt=0,
            le=86_400,
            description="Oldest market, in seconds, that an order may be priced on. Minute data needs above 60.",
        ),
    ] = 90.0
    share_collar_percent: Annotated[
        float, Meta(gt=0, le=1_000, description="How far through the market a share order's limit may be, in percent.")
    ] = 5.0
    option_collar_percent: Annotated[
        float, Meta(gt=0, le=1_000, description="The same for options, in percent of the option's price.")
    ] = 50.0
    collar_min_ticks: Annotated[
        int, Meta(ge=0, le=100_000, description="The collar is never narrower than this many ticks.")
    ] = 10

    @property
    def max_order_notional_e4(self) -> int:
        """Most turnover of one order in 1/10,000."""
        return parse_money(self.max_order_notional)


class RecorderSettings(Section, frozen=True):
    """The recorder of market data."""

    disk_budget_gb: Annotated[
        float,
        Meta(
            ge=0.1, le=1_000_000, description="Room for recordings, in GB; older ticks are rolled up to stay below it."
        ),
    ] = 50.0
    memory_limit_mb: Annotated[
        int, Meta(ge=64, le=1_048_576, description="Most memory the market database may use, in MB.")
    ] = 128
    flush_interval_ms: Annotated[
        int, Meta(ge=10, le=60_000, description="How often recorded data goes to the disk, in milliseconds.")
    ] = 250


class DeskSettings(Section, frozen=True):
    """The window."""

    theme: Annotated[Literal["dark", "light"], Meta(description='"dark" or "light".')] = "dark"
    palette: Annotated[
        Literal["teal-red", "blue-orange"],
        Meta(description='Colours of up and down: "teal-red", or "blue-orange" for colour-blind eyes.'),
    ] = "teal-red"
    row_density: Annotated[
        Literal["dense", "comfortable"],
        Meta(description='Height of table rows: "dense" (20 px) or "comfortable" (24 px).'),
    ] = "dense"
    opengl: Annotated[
        bool,
        Meta(
            description="Draw surfaces with OpenGL where it is there. With false the graphics driver is left alone, "
            "for one that would end the desk, and surfaces are shown from above."
        ),
    ] = True
    stall_ms: Annotated[
        int,
        Meta(ge=20, le=60_000, description="A frame longer than this is a stall: its stack goes to the log."),
    ] = 100
    depth_history_mb: Annotated[
        int,
        Meta(
            ge=40,
            le=65_536,
            description="Memory for depth over time; a book takes 25 MB in 64 minutes. Books get it as they come, and "
            "one that is shown takes the place of that shown longest ago.",
        ),
    ] = 100
    restore_workspace: Annotated[bool, Meta(description="Open with the workspace that was last in use.")] = True
    working_orders_on_stop: Annotated[
        Literal["leave", "cancel"],
        Meta(description='Working orders when the desk is closed: "leave" them at the venue or "cancel" them.'),
    ] = "leave"


class ReplaySettings(Section, frozen=True):
    """Replays of recorded days."""

    speed: Annotated[
        Annotated[float, Meta(gt=0, le=1_000_000)] | Literal["max"],
        Meta(description='Times real time, or "max" for as fast as possible; --speed overrides it.'),
    ] = 1.0


class StreamSettings(Section, frozen=True):
    """Feeds that a program of your own serves (``moneyness desk --connect HOST:PORT``)."""

    allow_remote: Annotated[
        bool,
        Meta(description="Also connect to other machines. The stream is neither encrypted nor signed."),
    ] = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings. Immutable: a change is ``msgspec.structs.replace`` and then a save."""

    format: Annotated[int, Meta(ge=1, description="Layout of this file; leave it as it is.")] = FORMAT
    account: AccountSettings = AccountSettings()
    simulation: SimulationSettings = SimulationSettings()
    risk: RiskSettings = RiskSettings()
    recorder: RecorderSettings = RecorderSettings()
    desk: DeskSettings = DeskSettings()
    replay: ReplaySettings = ReplaySettings()
    stream: StreamSettings = StreamSettings()
