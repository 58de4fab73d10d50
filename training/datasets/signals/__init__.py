"""What a published signal is worth: units, faults, and values that no skin can have."""
