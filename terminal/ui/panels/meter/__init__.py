"""The meter: how fast the desk is, in figures with a minute of history."""
