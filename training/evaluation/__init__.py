"""Splits, cross-validation, metrics and baselines, and the final model."""
