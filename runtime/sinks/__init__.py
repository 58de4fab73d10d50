"""Where predictions go: one small file each, behind one interface."""
