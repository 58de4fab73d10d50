"""From recordings to network inputs, through the runtime's preprocessing, with a cache."""
