"""What a run reports: the page, its figures, and the terminal summary."""
