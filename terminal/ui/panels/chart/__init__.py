"""The candle chart panel and its painted widget."""
