"""Namespaces, sources, tags: the nouns that are little more than names."""

from __future__ import annotations

import pytest

from headwater.catalog import namespaces, sources, tags
from headwater.catalog.page import Page
from headwater.db.pool import Pool
from headwater.errors import NotFound
from tests.build import Event, dataset, run_event, store


def _source(time: str, name: str, uri: str | None) -> Event:
    facet = {"name": name, **({"uri": uri} if uri is not None else {})}
    return run_event("COMPLETE", time, run=time, outputs=[dataset("t", {"dataSource": facet})])


async def test_namespaces_are_listed_by_name_hidden_ones_too(database: str, pool: Pool) -> None:
    await store(database, [run_event("COMPLETE", "08:00", namespace="b"), run_event("COMPLETE", "08:00", namespace="a")])
    async with pool.connection() as conn:
        await conn.execute("UPDATE namespaces SET is_hidden = true WHERE name = 'a'")
        listed = await namespaces.list_namespaces(conn, Page(2))
        one = await namespaces.get_namespace(conn, "a")
        with pytest.raises(NotFound, match="Namespace 'x' not found"):
            await namespaces.get_namespace(conn, "x")
    assert (listed.totalCount, [n.name for n in listed.namespaces]) == (3, ["a", "b"])
    assert (one.ownerName, one.description, one.isHidden, one.createdAt) == ("anonymous", None, True, one.updatedAt)


async def test_a_source_has_the_url_that_appeared_last(database: str, pool: Pool) -> None:
    events = [
        _source("09:00", "w", "jdbc:postgresql://new"),
        _source("08:00", "w", "postgres://old"),
        _source("10:00", "bare", None),
        _source("10:30", "file", "file"),
    ]
    await store(database, events)
    async with pool.connection() as conn:
        listed = await sources.list_sources(conn, Page())
        one = await sources.get_source(conn, "w")
        with pytest.raises(NotFound, match="Source 'x' not found"):
            await sources.get_source(conn, "x")
    assert listed.totalCount == 3
    assert [(s.name, s.type, s.connectionUrl) for s in listed.sources] == [
        ("bare", "UNKNOWN", ""),
        ("file", "UNKNOWN", "file"),
        ("w", "POSTGRESQL", "jdbc:postgresql://new"),
    ]
    assert (one.createdAt.hour, one.updatedAt.hour) == (8, 9)
    assert one == listed.sources[2]


async def test_tags_are_those_that_events_use(database: str, pool: Pool) -> None:
    told = {"tags": {"tags": [{"key": "b", "value": "1"}, {"key": "a", "value": True}]}}
    await store(database, [run_event("COMPLETE", "08:00", job_facets=told)])
    async with pool.connection() as conn:
        listed = await tags.list_tags(conn, Page())
    assert (listed.totalCount, [(t.name, t.description) for t in listed.tags]) == (2, [("a", None), ("b=1", None)])
