"""Matching, fills, fees and expiry: what an exchange does, for the simulated venue, replay and backtest."""
