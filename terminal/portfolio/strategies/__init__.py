"""Option strategies: by name, from a chain, recognised, priced, and what they can bring and cost."""
