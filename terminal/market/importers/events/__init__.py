"""Calendars of events in CSV and in iCalendar files."""
