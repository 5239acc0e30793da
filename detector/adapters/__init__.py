"""The world: databases, destinations, the store, the clock."""
