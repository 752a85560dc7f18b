"""The ways from one node to another, or why there is none."""
