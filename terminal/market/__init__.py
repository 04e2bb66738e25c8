"""Market state: quotes, books and bars kept by one nogil kernel, the engine that drives it, importers and feeds."""
