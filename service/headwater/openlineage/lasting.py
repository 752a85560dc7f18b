"""Facets of jobs and datasets. A pipeline sends the same ones with every run, so what follows from their text is found once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from headwater import ids

_T = TypeVar("_T")
_MOST = 16 * 1024 * 1024  # bytes of text that are remembered; with what was found in them, it is about four times as much
_LARGEST = 64 * 1024  # of one owner's facets
_EACH = 400  # bytes of a facet beside its text
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode


def facets_in(text: bytes) -> dict[str, msgspec.Raw]:
    """By key, as they were sent; only those that are objects, as a null says nothing, and anything else is kept in the log only.
    Raises msgspec.ValidationError where the text is neither an object nor null."""
    return {key: raw for key, raw in (_decode(text) or {}).items() if bytes(raw)[:1] == b"{"}


class LastingFacets(dict[str, msgspec.Raw]):
    """``facets_in`` a text, which raises. Shared: not to be changed."""

    __slots__ = ("_found", "bodies", "ids", "text")

    def __init__(self, text: bytes) -> None:
        super().__init__(facets_in(text))
        sent = {key: bytes(raw) for key, raw in self.items()}
        self.text = text
        self.ids = {key: ids.content_id(body) for key, body in sent.items()}
        self.bodies = dict(zip(self.ids.values(), sent.values(), strict=True))
        self._found: dict[Callable[[LastingFacets], Any], Any] = {}

    def once(self, find: Callable[[LastingFacets], _T]) -> _T:
        """What ``find`` makes of them, which must be pure: it is called the first time only."""
        if find not in self._found:
            self._found[find] = find(self)
        found: _T = self._found[find]
        return found


class _Memory:
    def __init__(self) -> None:
        self._found: dict[bytes, LastingFacets] = {}
        self._bytes = 0

    def of(self, text: bytes) -> LastingFacets:
        found = self._found.get(text)
        return self._keep(LastingFacets(text)) if found is None else found

    def _keep(self, facets: LastingFacets) -> LastingFacets:
        size = len(facets.text) + _EACH * len(facets)
        if size > _LARGEST:
            return facets
        if self._bytes > _MOST:
            self._found.clear()
            self._bytes = 0
        self._found[facets.text] = facets
        self._bytes += size
        return facets


NONE = LastingFacets(b"{}")
lasting = _Memory().of
"""The facets of a text. Raises as LastingFacets."""
