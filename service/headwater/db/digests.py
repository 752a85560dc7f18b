"""Digests that PostgreSQL computes as we do."""

from __future__ import annotations


def io_digest(output: str, written: str, read: str) -> str:
    """Of rows that tell what is written and read, ids.io_digest of all; the arguments are columns or expressions."""
    return f"bit_xor(CASE WHEN {output} THEN {written} ELSE ({read} << 1) | (({read} >> 63) & 1) END)"
