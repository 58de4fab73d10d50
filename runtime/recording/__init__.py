"""Keeping a run: an append-only journal while it lasts, BIDS files when it is over."""
