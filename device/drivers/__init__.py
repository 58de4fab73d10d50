"""What each kind of sensor wants to be told, and what its readings mean; no input or output."""
