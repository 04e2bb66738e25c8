"""The option chain panel and its table."""
