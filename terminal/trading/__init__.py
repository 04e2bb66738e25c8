"""From intent to venue: the gate, the order states, the book of record and the order road."""
