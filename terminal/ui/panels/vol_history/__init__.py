"""The vol_history panel."""
