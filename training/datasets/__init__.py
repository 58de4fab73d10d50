"""Data sets: files as their publishers hand them out, read into recordings."""
