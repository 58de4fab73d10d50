"""From ratings to classes."""
