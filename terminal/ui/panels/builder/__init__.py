"""The strategy builder."""
