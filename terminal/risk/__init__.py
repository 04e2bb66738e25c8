"""Limits, margin, pre-trade verdicts and the kill switch."""
