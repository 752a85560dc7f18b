"""What is searched for in texts, and where in a text it stands: pure.

A word is a run of letters and digits. A phrase stands where its words follow one another, the last of them as the beginning of
one: ``public.ord`` in ``select * from public.orders``. ``ingest.words`` has the database cut texts in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_WORD = re.compile(r"[^\W_]+")
_ALL = re.compile(".+", re.DOTALL)
_LONGEST_WORD = 500  # characters; PostgreSQL keeps no word of more than 2,046 bytes
_MOST_WORDS = 50  # that the database looks for; a hit has all of them
_AROUND = 50  # characters shown before and after what was found
_MOST_SNIPPETS = 5
_MOST_FIELDS = 20


@dataclass(frozen=True)
class Phrase:
    """What somebody typed."""

    text: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """At most 50; none where there is nothing that a text could hold as a word."""
        found = _WORD.findall(self.text)
        return tuple(found[:_MOST_WORDS]) if all(len(word) <= _LONGEST_WORD for word in found) else ()

    @property
    def in_order(self) -> str:
        """A tsquery: its words, one after the other."""
        return " <-> ".join(self._lexemes())

    def _lexemes(self) -> Iterator[str]:
        # They hold letters and digits only: nothing has to be escaped.
        yield from (f"'{word}'" for word in self.words[:-1])
        yield from (f"'{word}':*" for word in self.words[-1:])

    @cached_property
    def in_names(self) -> re.Pattern[str]:
        """Any part of a name, in any case."""
        return re.compile(re.escape(self.text), re.IGNORECASE)

    @cached_property
    def in_texts(self) -> re.Pattern[str] | None:
        found = _WORD.findall(self.text)
        if not found:
            return None
        return re.compile(r"(?<![^\W_])" + r"[\W_]+".join(map(re.escape, found)) + r"[^\W_]*", re.IGNORECASE)


def highlights(phrase: Phrase, names: Mapping[str, Sequence[str]], texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Snippets by field, of those fields alone where the phrase stands; at most 20 fields, and 5 snippets of each."""
    fields = [(field, values, phrase.in_names, _ALL) for field, values in names.items()]
    if phrase.in_texts:
        fields += [(field, values, phrase.in_texts, _WORD) for field, values in texts.items()]
    found: dict[str, list[str]] = {}
    for field, values, pattern, marked in fields:
        snippets = _first(snippet for value in values for snippet in _snippets(value, pattern, marked))
        if snippets:
            found[field] = snippets
        if len(found) == _MOST_FIELDS:
            break
    return found


def _first(snippets: Iterable[str]) -> list[str]:
    """Each once: one input column is often that of many."""
    found: dict[str, None] = {}
    for snippet in snippets:
        found[snippet] = None
        if len(found) == _MOST_SNIPPETS:
            break
    return list(found)


def _snippets(text: str, pattern: re.Pattern[str], marked: re.Pattern[str]) -> Iterator[str]:
    """The pieces of ``text`` around what ``pattern`` finds, which do not overlap. Nothing but the marks is added: the rest of a
    snippet is the text as it is, markup included."""
    place = 0
    while match := pattern.search(text, place):
        begin, end = _begin(text, match.start(), place), _end(text, match.end())
        yield pattern.sub(lambda m: marked.sub(r"<em>\g<0></em>", m.group()), text[begin:end])
        place = end


def _begin(text: str, found: int, least: int) -> int:
    """A place for a snippet to begin: between words, if there is one."""
    begin = max(least, found - _AROUND)
    if begin == least:
        return begin
    space = text.find(" ", begin, found)
    return space + 1 if space >= 0 else begin


def _end(text: str, found: int) -> int:
    end = found + _AROUND
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", found, end)
    return space if space >= 0 else end
