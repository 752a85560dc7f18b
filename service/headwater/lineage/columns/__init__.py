"""Column lineage: which columns come from which, read and walked a hop at a time."""
