"""The embedded simulated market: a seeded exchange that needs no key. Its names mean no real company."""
