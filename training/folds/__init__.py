"""Who learns, who chooses, who tests; the fits of all folds, and what answers in each."""
