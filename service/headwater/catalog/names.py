"""Which things of a list are asked for, by their names."""

from __future__ import annotations

import sys
from dataclasses import dataclass

_INDEXED = 256  # characters of a name in the indexes of jobs and datasets


@dataclass(frozen=True, slots=True)
class Names:
    """Those that begin with ``prefix``, in that very case, and have ``text`` somewhere, in any case."""

    prefix: str = ""
    text: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """What the conditions below refer to."""
        first = self.prefix[:_INDEXED]
        return {"prefix": self.prefix, "text": self.text, "first": first, "beyond": _beyond(first)}


ALL = Names()


def condition(column: str) -> str:
    """On the names of what is few."""
    return f"starts_with({column}, %(prefix)s) AND strpos(lower({column}), lower(%(text)s)) > 0"


def indexed_condition(table: str, names: Names) -> str:
    """Added to those on jobs or datasets: a range of their index by namespace and name, then the same as ``condition``."""
    if names == ALL:
        return ""
    name = f'left({table}.name, {_INDEXED}) COLLATE "C"'
    ranged = f"{name} >= %(first)s AND {name} < %(beyond)s AND " if names.parameters["beyond"] else ""
    return f" AND {ranged}{condition(f'{table}.name')}"


def _beyond(prefix: str) -> str:
    """The least text that is greater than all that begin with ``prefix``, by code points; empty where there is none."""
    shorter = prefix.rstrip(chr(sys.maxunicode))
    if not shorter:
        return ""
    following = ord(shorter[-1]) + 1
    return shorter[:-1] + chr(0xE000 if 0xD800 <= following < 0xE000 else following)  # surrogates are no characters
