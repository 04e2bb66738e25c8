"""The order ticket panel and its form."""
