"""The face: everything Qt. Panels read the desk through :mod:`terminal.app.ports` and never each other."""
