"""The flow of option trades: joined to orders, marked, classed and scored, and what it leaves dealers with."""
