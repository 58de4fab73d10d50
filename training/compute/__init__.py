"""Where work runs: workers, progress bars, fingerprints."""
