"""The watchlist panel, its table and its bar."""
