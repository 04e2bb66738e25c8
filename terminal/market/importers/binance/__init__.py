"""Binance's market data streams, spot and USD-margined futures: the decoder, and captures of the raw messages."""
