"""Recorded days as feeds: folders in Lean's layout and our own recordings."""
