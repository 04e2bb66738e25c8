"""What a trader draws on a chart: shapes in time and price, kept by symbol. No Qt in here."""
