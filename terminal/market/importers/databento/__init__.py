"""Databento's binary encoding (DBN) of market data."""
