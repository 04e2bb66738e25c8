"""The option flow: the tape of orders, volume over time and strike, dealers' exposure."""
