"""From the quotes of a chain to its forwards, vols, surface, values and Greeks, on a thread of its own."""
