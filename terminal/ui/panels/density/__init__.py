"""The density panel."""
