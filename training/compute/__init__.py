"""Where work runs and how results are written: workers, progress bars, whole files."""
