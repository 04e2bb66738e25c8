"""Venues, one package each, data and orders together."""
