"""Figures and controls of what was tested, and the sentences that may be said of them."""
