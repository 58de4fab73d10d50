"""The published way, measured beside ours."""
