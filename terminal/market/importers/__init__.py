"""Readers of other programs' recorded markets: files in, message batches and a count of every row out."""
