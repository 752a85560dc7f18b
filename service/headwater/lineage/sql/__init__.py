"""Statements too long for a Python string, one a file, each with its parameters and rows at its head."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> bytes:
    """Text of ``name``.sql."""
    return files(__name__).joinpath(f"{name}.sql").read_bytes()


@cache
def past_statement(name: str) -> str:
    """Text of ``name``.sql with ``past_rule.sql`` in its place."""
    return statement(name).decode().replace("{rule}", statement("past_rule").decode())
