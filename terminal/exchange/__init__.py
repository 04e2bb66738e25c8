"""Matching, fees and expiry for the simulated venue, replay and backtest."""
