"""Building blocks that panels share: tables, empty states, spin boxes."""
