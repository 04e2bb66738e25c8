"""The calendar panel."""
