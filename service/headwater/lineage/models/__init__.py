"""Versions of models: what each was made of, where it is in use, how two differ, and which stand on some data."""
