"""What search by content finds a job or dataset by: the words of its current facets, in ``job_words`` and ``dataset_words``.

Whether words are stale is seen from the ids of the bodies that they were taken from, and ids are computed from content. So
looking too often does no harm, and a replay leaves nothing to do. See decisions/0009-search.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.catalog.texts import DATASET_PATHS, JOB_PATHS, Paths
from headwater.db.pool import Connection
from headwater.openlineage.facets import OWN_TAG

STEP = 500  # jobs or datasets in one transaction: some 4 ms where nothing is stale, 0.2 s where everything is
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1
_MOST_CHARACTERS = 100_000  # of one job or dataset; PostgreSQL refuses words of more than 1 MB together
_TURN = 0x68772D776F726473  # 'hw-words': who looked at the facets first must not write the words last
# PostgreSQL's parser would take `public.orders` for one word, the name of a host.
_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True, eq=False)  # a key by what it is: paths cannot be hashed
class Noun:
    """Jobs or datasets: how their words are collected."""

    paths: Paths
    stale: str
    write: str
    following: str
    forget: str


def _noun(name: str, facets: str, paths: Paths) -> Noun:
    """``facets`` is a query for the keys and values of the facet maps of a row ``n``."""
    table, words, key = f"{name}s", f"{name}_words", f"{name}_id"
    stale = f"""
WITH searched AS (
    SELECT n.{key}, kind.key, (facet.value ->> 1)::bigint AS body_id
    FROM {table} n CROSS JOIN LATERAL ({facets}) facet
    CROSS JOIN LATERAL (SELECT CASE WHEN starts_with(facet.key, %(own_tag)s) THEN %(own_tag)s ELSE facet.key END) kind (key)
    WHERE n.{key} = ANY(%(ids)s) AND kind.key = ANY(%(keys)s)
), now AS (
    SELECT {key}, array_agg(body_id ORDER BY body_id) AS bodies FROM searched GROUP BY {key}
)
SELECT {key}, searched.key, body_id
FROM now LEFT JOIN {words} USING ({key}) JOIN searched USING ({key})
WHERE {words}.bodies IS DISTINCT FROM now.bodies
"""
    # A body is read once, whosever it is, and a text's words stay in their order.
    write = f"""
WITH content AS MATERIALIZED (
    SELECT body_id, jsonb_or_null(body) AS body FROM facet_bodies WHERE body_id = ANY(%(bodies)s)
), told AS (
    SELECT owner, string_agg((
        SELECT string_agg(value #>> '{{}}', ' ') FROM jsonb_path_query(body, path::jsonpath, silent => true) value
        WHERE jsonb_typeof(value) = 'string'
    ), ' ') AS text
    FROM unnest(%(owners)s::bigint[], %(kinds)s::text[], %(bodies)s::bigint[]) searched (owner, key, body_id)
    JOIN unnest(%(keys)s::text[], %(paths)s::text[]) looked (key, path) USING (key) LEFT JOIN content USING (body_id)
    GROUP BY owner
), now AS (
    SELECT owner, array_agg(body_id ORDER BY body_id) AS bodies
    FROM unnest(%(owners)s::bigint[], %(bodies)s::bigint[]) searched (owner, body_id) GROUP BY owner
)
INSERT INTO {words} ({key}, bodies, words)
SELECT owner, bodies,
       to_tsvector('simple', translate(left(coalesce(text, ''), {_MOST_CHARACTERS}), %(marks)s, repeat(' ', length(%(marks)s))))
FROM now JOIN told USING (owner)
ON CONFLICT ({key}) DO UPDATE SET bodies = excluded.bodies, words = excluded.words
"""
    following = f"SELECT {key} FROM {table} WHERE {key} > %s ORDER BY {key} LIMIT {STEP}"
    forget = f"""
DELETE FROM {words} w WHERE {key} > %s AND {key} <= %s AND NOT EXISTS (SELECT FROM {table} n WHERE n.{key} = w.{key})"""
    return Noun(paths, stale, write, following, forget)


JOBS = _noun("job", "SELECT key, value FROM jsonb_each(n.facets)", JOB_PATHS)
DATASETS = _noun(
    "dataset",
    "SELECT key, value FROM jsonb_each(n.facets) UNION ALL SELECT key, value FROM jsonb_each(n.read_facets)",
    DATASET_PATHS,
)
NOUNS = (JOBS, DATASETS)


async def renew(conn: Connection, noun: Noun, ids: Sequence[int]) -> int:
    """Writes the words of those jobs or datasets whose words are stale; gives how many were. At most ``STEP`` at once."""
    if not ids:
        return 0
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
        asked = {"ids": list(ids), "keys": list(noun.paths), "own_tag": OWN_TAG}
        stale = await (await conn.execute(noun.stale, asked)).fetchall()
        if stale:
            await conn.execute(noun.write, _told(noun.paths, stale))
    return len({owner for owner, _, _ in stale})


def _told(paths: Paths, stale: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    owners, kinds, bodies = (list(column) for column in zip(*stale, strict=True))
    looked = [(key, path) for key, told in paths.items() for path in told]
    return {
        "owners": owners, "kinds": kinds, "bodies": bodies,
        "keys": [key for key, _ in looked], "paths": [path for _, path in looked], "marks": _MARKS,
    }  # fmt: skip


async def renew_all(conn: Connection) -> AsyncIterator[int]:
    """Goes through all jobs and datasets, a step at a time, and gives how many were stale. What is gone is forgotten."""
    for noun in NOUNS:
        after = _LEAST
        while after < _GREATEST:
            ids = [row[0] for row in await (await conn.execute(noun.following, [after])).fetchall()]
            until = ids[-1] if len(ids) == STEP else _GREATEST
            yield await renew(conn, noun, ids)
            await conn.execute(noun.forget, [after, until])
            after = until
