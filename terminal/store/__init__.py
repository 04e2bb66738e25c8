"""The market database in DuckDB and the journal of orders in SQLite."""
