"""The volatility surface panel."""
