"""The price ladder panel and its painted widget."""
