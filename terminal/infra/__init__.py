"""Ground floor services: paths, settings, secrets, logs, calendars, crash reports, lock, local channel."""
