"""The window around the panels: docks, main window, palette, symbol entry, status bar, playback."""
