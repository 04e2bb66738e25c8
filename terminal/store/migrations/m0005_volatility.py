"""Version 5: what each day's volatility was, by underlying, and the events that move it."""

from __future__ import annotations

_VOLS = (
    *(f"{name}_{days}" for name in ("atm", "skew", "fly") for days in (7, 30, 60, 90, 180, 365)),
    "slope", "vix", "varswap",
    *(f"{name}_{days}" for name in ("cc", "park", "yz") for days in (10, 20, 60, 252)),
)  # fmt: skip

STATEMENTS = (
    f"""CREATE TABLE raw.vol_day (
        origin VARCHAR NOT NULL, is_simulated BOOLEAN NOT NULL, symbol VARCHAR NOT NULL, day DATE NOT NULL,
        at_ns BIGINT NOT NULL, known_ns BIGINT NOT NULL, made_from VARCHAR NOT NULL, split DOUBLE NOT NULL,
        open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, {", ".join(f"{name} DOUBLE" for name in _VOLS)},
        PRIMARY KEY (origin, symbol, day)
    )""",
    """CREATE TABLE raw.event (
        source VARCHAR NOT NULL, uid VARCHAR NOT NULL, symbol VARCHAR NOT NULL, kind VARCHAR NOT NULL,
        day DATE NOT NULL, at_ns BIGINT NOT NULL, hour VARCHAR NOT NULL, amount DOUBLE, title VARCHAR NOT NULL,
        weight DOUBLE, known_ns BIGINT NOT NULL, imported_ns BIGINT NOT NULL,
        PRIMARY KEY (source, uid)
    )""",
)
