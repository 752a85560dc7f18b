from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog import datasets, jobs, namespaces, sources, tags
from headwater.catalog.names import ALL, Names
from headwater.catalog.page import Page
from headwater.db.pool import Connection, Pool
from tests.build import dataset, run_event, store

LAST = "\U0010ffff"
LONG = "x" * 300
NAMES = ["100%", "A.b", "a", "a.B", "a.b", "a.bc", "a_b", "ab", "aé", "a\ud7ff", "a\ue000", "á", LAST, f"{LONG}1", f"{LONG}2"]
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


@given(_text, _text)
def test_the_range_of_a_prefix_is_what_begins_with_it(prefix: str, name: str) -> None:
    asked = Names(prefix).parameters
    if asked["beyond"]:
        assert (asked["first"] <= name < asked["beyond"]) == name.startswith(prefix)
    else:
        assert not prefix.rstrip(LAST)


async def _listed(conn: Connection, noun: str, names: Names) -> tuple[int, list[str]]:
    """How many there are, and the names of the first 100."""
    page = Page(100)
    match noun:
        case "namespaces":
            found = await namespaces.list_namespaces(conn, page, names=names)
            return found.totalCount, [n.name for n in found.namespaces]
        case "sources":
            listed = await sources.list_sources(conn, page, names)
            return listed.totalCount, [s.name for s in listed.sources]
        case "tags":
            known = await tags.list_tags(conn, page, names)
            return known.totalCount, [t.name for t in known.tags]
        case "datasets":
            stored = await datasets.list_datasets(conn, "n", page, names)
            return stored.totalCount, [d.name for d in stored.datasets]
    told = await jobs.list_jobs(conn, page, "n" if noun == "jobs of one" else None, names=names)
    return told.totalCount, sorted(j.name for j in told.jobs)


@pytest.mark.parametrize("noun", ["namespaces", "sources", "tags", "datasets", "jobs of one", "jobs of all"])
async def test_lists_are_narrowed_by_name(database: str, pool: Pool, noun: str) -> None:
    events = []
    for n, name in enumerate(NAMES):
        out = dataset(name, {"dataSource": {"name": name}, "tags": {"tags": [{"key": name}]}}, namespace="n")
        events.append(run_event("COMPLETE", f"08:00:{n:02}", name, name, namespace="n", outputs=[out]))
        events.append(run_event("COMPLETE", "09:00", "j", f"in{n}", namespace=name))
    await store(database, events)
    async with pool.connection() as conn:
        everything = (await _listed(conn, noun, ALL))[1]
        assert set(NAMES) <= set(everything)
        for prefix in ["a", "a.", "a.b", "a\ud7ff", "A", "é", "%", "_", LAST, LONG, f"{LONG}2"]:
            expected = [name for name in everything if name.startswith(prefix)]
            assert await _listed(conn, noun, Names(prefix)) == (len(expected), expected)
        for text in ["B", "_", "%", "0%", "É", "\\"]:
            expected = [name for name in everything if text.lower() in name.lower()]
            assert await _listed(conn, noun, Names(text=text)) == (len(expected), expected)
            both = [name for name in expected if name.startswith("a")]
            assert await _listed(conn, noun, Names("a", text)) == (len(both), both)
