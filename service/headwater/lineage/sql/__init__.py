"""Statements too long for a Python string, one a file, each with its parameters and rows at its head."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> bytes:
    """Text of ``name``.sql."""
    return files(__name__).joinpath(f"{name}.sql").read_bytes()
