"""The depth heatmap panel and its painted widget."""
