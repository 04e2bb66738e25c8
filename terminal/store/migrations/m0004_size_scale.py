"""Version 4: an instrument says what its sizes are counted in; before, coins were always in 1e-8 parts.

And a bar says that it is longer than a minute.
"""

from __future__ import annotations

STATEMENTS = (
    "ALTER TABLE instrument ADD COLUMN size_scale BIGINT DEFAULT 1",
    "ALTER TABLE instrument ADD COLUMN size_unit DECIMAL(9, 8) DEFAULT 1",
    """UPDATE instrument SET size_scale = 100000000, size_unit = 0.00000001
        WHERE kind IN ('CRYPTO_SPOT', 'CRYPTO_PERPETUAL')""",
    # Bars longer than a minute say so since this version (Flag.COARSE, and their minutes in the column of the venue).
    """UPDATE raw.bar SET flags = raw.bar.flags | 128, venue = source.interval_s // 60
        FROM source WHERE source.id = raw.bar.source AND source.interval_s > 60""",
)
