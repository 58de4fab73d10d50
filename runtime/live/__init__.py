"""`rtcan-live`: its command, options, models, self-test and closing summary."""
