"""Search by name and by content: jobs by their SQL, source code, engine; datasets by their columns and what those are made of;
both by description, owners and tags.

Names come first, what is best at the front. Where they do not fill the page, what has the words by ``job_words`` and
``dataset_words``, which follow the events by some seconds. At last come whole namespaces, runs and engines. See
decisions/0009-search.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from headwater.catalog import meaning
from headwater.catalog.aliases import IS_ALIAS
from headwater.catalog.facets import FacetMap, decode, latest, load_bodies, show
from headwater.catalog.phrases import Phrase, highlights
from headwater.catalog.search import containing
from headwater.catalog.texts import dataset_texts, job_texts
from headwater.db.pool import Connection
from headwater.entities.search import DatasetHit, DatasetHits, JobHit, JobHits

_MOST = 100  # hits: each comes with all of its facets
_MOST_HOLDING = 1_000  # that have the words, of which the latest are shown
_NEWEST_RUNS = 200  # jobs of which the engine is looked at

_VISIBLE = f"NOT j.is_hidden AND NOT {IS_ALIAS}"
_LATEST_RUN = "WHERE r.job_id = j.job_id ORDER BY r.first_at DESC, r.run_id LIMIT 1"

_NAMED_JOBS = f"""
SELECT j.job_id FROM job_names known JOIN jobs j USING (job_id)
WHERE known.name ILIKE %(pattern)s AND {_VISIBLE}
ORDER BY NOT starts_with(lower(j.name), lower(%(text)s)), length(j.name), j.name COLLATE "C", j.job_id LIMIT %(limit)s
"""
_NAMED_DATASETS = """
SELECT c.dataset_id FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id
WHERE d.name ILIKE %(pattern)s AND NOT c.is_hidden
GROUP BY c.dataset_id
ORDER BY bool_and(NOT starts_with(lower(d.name), lower(%(text)s))), min(length(d.name)), c.name COLLATE "C", c.dataset_id
LIMIT %(limit)s
"""

# Of a word that very many have, any 1,000 of them: to find the latest of all, all would have to be read.
_JOBS_HOLDING = f"""
SELECT j.job_id FROM (SELECT job_id FROM job_words WHERE words @@ to_tsquery('simple', %(in_order)s) LIMIT %(most)s) holding
JOIN jobs j USING (job_id) WHERE {_VISIBLE}
ORDER BY coalesce(j.last_at, j.first_at) DESC, j.job_id LIMIT %(candidates)s
"""
_DATASETS_HOLDING = """
SELECT c.dataset_id
FROM (SELECT dataset_id FROM dataset_words WHERE words @@ to_tsquery('simple', %(in_order)s) LIMIT %(most)s) holding
JOIN datasets d USING (dataset_id) JOIN datasets c ON c.dataset_id = d.canonical_id
WHERE NOT c.is_hidden
GROUP BY c.dataset_id ORDER BY max(d.last_at) DESC, c.dataset_id LIMIT %(candidates)s
"""

_OTHER_JOBS = f"""
(SELECT j.job_id, true FROM runs r JOIN jobs j USING (job_id) WHERE r.run_uuid = %(run)s AND {_VISIBLE} LIMIT %(limit)s)
UNION ALL
(SELECT found.job_id, false FROM namespaces n CROSS JOIN LATERAL (
    SELECT j.job_id FROM jobs j WHERE j.namespace_id = n.namespace_id AND {_VISIBLE}
    ORDER BY left(j.name, 256) COLLATE "C", j.job_id LIMIT %(limit)s
) found WHERE n.name ILIKE %(pattern)s LIMIT %(limit)s)
UNION ALL
(SELECT j.job_id, false FROM (
    SELECT j.job_id FROM jobs j WHERE {_VISIBLE} ORDER BY coalesce(j.last_at, j.first_at) DESC, j.job_id LIMIT %(runs)s
) j CROSS JOIN LATERAL (SELECT r.facets FROM runs r {_LATEST_RUN}) r
WHERE r.facets->'processing_engine'->>2 ILIKE %(pattern)s LIMIT %(limit)s)
"""
_OTHER_DATASETS = """
(SELECT DISTINCT c.dataset_id, true FROM runs r JOIN run_io io USING (run_id, month) JOIN datasets d USING (dataset_id)
 JOIN datasets c ON c.dataset_id = d.canonical_id
 WHERE r.run_uuid = %(run)s AND NOT c.is_hidden LIMIT %(limit)s)
UNION ALL
(SELECT found.dataset_id, false FROM namespaces n CROSS JOIN LATERAL (
    SELECT dataset_id FROM datasets WHERE namespace_id = n.namespace_id AND canonical_id = dataset_id AND NOT is_hidden
    ORDER BY left(name, 256) COLLATE "C", dataset_id LIMIT %(limit)s
) found WHERE n.name ILIKE %(pattern)s LIMIT %(limit)s)
"""

# The type of a run's latest event, as far as its state tells it.
_EVENT_TYPE = """CASE r.state
    WHEN 'COMPLETED' THEN 'COMPLETE' WHEN 'FAILED' THEN 'FAIL' WHEN 'ABORTED' THEN 'ABORT' WHEN 'OTHER' THEN 'OTHER'
    WHEN 'RUNNING' THEN CASE WHEN r.restarted_at = r.last_at THEN 'START' ELSE 'RUNNING' END
END"""
_JOBS = f"""
SELECT j.job_id, n.name, j.name, j.facets::text, r.run_uuid, {_EVENT_TYPE}, r.facets::text
FROM jobs j JOIN namespaces n USING (namespace_id)
LEFT JOIN LATERAL (SELECT r.* FROM runs r {_LATEST_RUN}) r ON true
WHERE j.job_id = ANY(%s)
"""
# A row for each name of a dataset, that with the latest run first.
_DATASETS = f"""
SELECT c.dataset_id, n.name, c.name, d.name, d.facets::text, d.read_facets::text, r.run_uuid, {_EVENT_TYPE}
FROM datasets c JOIN namespaces n USING (namespace_id)
JOIN datasets d ON d.dataset_id = c.dataset_id OR (d.canonical_id = c.dataset_id AND d.canonical_id <> d.dataset_id)
LEFT JOIN LATERAL (
    SELECT io.* FROM (VALUES (true), (false)) side (output) CROSS JOIN LATERAL (
        SELECT run_id, month, last_at FROM run_io WHERE dataset_id = d.dataset_id AND output = side.output
        ORDER BY last_at DESC, run_id DESC LIMIT 1
    ) io ORDER BY io.last_at DESC, io.run_id DESC LIMIT 1
) io ON true
LEFT JOIN runs r ON r.run_id = io.run_id AND r.month = io.month
WHERE c.dataset_id = ANY(%s)
ORDER BY io.last_at DESC NULLS LAST, d.dataset_id
"""

Highlights: TypeAlias = dict[str, list[str]]
_Hit = TypeVar("_Hit", JobHit, DatasetHit)


@dataclass(frozen=True, slots=True)
class _Statements:
    """How candidates are found, of jobs or of datasets."""

    named: str
    holding: str
    others: str


_FOR_JOBS = _Statements(_NAMED_JOBS, _JOBS_HOLDING, _OTHER_JOBS)
_FOR_DATASETS = _Statements(_NAMED_DATASETS, _DATASETS_HOLDING, _OTHER_DATASETS)


@dataclass(frozen=True, slots=True)
class _Asked:
    phrase: Phrase
    limit: int
    run: UUID | None  # where the text is the UUID of one

    def parameters(self) -> dict[str, Any]:
        return {
            "text": self.phrase.text,
            "pattern": containing(self.phrase.text),
            "in_order": self.phrase.in_order,
            "run": self.run,
            "limit": self.limit,
            "candidates": 2 * self.limit,  # some have the words one after the other in two texts
            "most": _MOST_HOLDING,
            "runs": _NEWEST_RUNS,
        }


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Ids, best first. Those by name or run are hits; of the others, those in which the phrase is seen to stand."""

    named: Sequence[int]
    holding: Sequence[int] = ()
    others: Sequence[int] = ()
    of_run: frozenset[int] = frozenset()

    def ids(self) -> list[int]:
        return list(dict.fromkeys([*self.named, *self.holding, *self.others]))


async def search_jobs(conn: Connection, text: str, limit: int = 10) -> JobHits:
    """At most ``limit`` (and 100) jobs in whose name or content ``text`` stands."""
    asked = _asked(text, limit)
    candidates = await _candidates(conn, _FOR_JOBS, asked)
    hits = _best(candidates, await _load_jobs(conn, candidates.ids(), asked.phrase), asked)
    return JobHits(hits=[hit for hit, _ in hits], highlights=[seen for _, seen in hits])


async def search_datasets(conn: Connection, text: str, limit: int = 10) -> DatasetHits:
    """At most ``limit`` (and 100) datasets in one of whose names, or in whose content, ``text`` stands."""
    asked = _asked(text, limit)
    candidates = await _candidates(conn, _FOR_DATASETS, asked)
    hits = _best(candidates, await _load_datasets(conn, candidates.ids(), asked.phrase), asked)
    return DatasetHits(hits=[hit for hit, _ in hits], highlights=[seen for _, seen in hits])


def _asked(text: str, limit: int) -> _Asked:
    text = text.strip()
    try:
        run = UUID(text)
    except ValueError:
        run = None
    return _Asked(Phrase(text), min(limit, _MOST), run)


def _best(candidates: _Candidates, found: Mapping[int, tuple[_Hit, Highlights]], asked: _Asked) -> list[tuple[_Hit, Highlights]]:
    named, hits = set(candidates.named), []
    for identifier in candidates.ids():
        if identifier not in found:
            continue
        hit, seen = found[identifier]
        if identifier in candidates.of_run:
            seen["run_id"] = [f"<em>{asked.run}</em>"]
        if seen or identifier in named:
            hits.append((hit, seen))
    return hits[: asked.limit]


# ---------------------------------------------------------------- who may be meant


async def _candidates(conn: Connection, statements: _Statements, asked: _Asked) -> _Candidates:
    parameters = asked.parameters()
    named = await _ids(conn, statements.named, parameters)
    if len(named) >= asked.limit:
        return _Candidates(named)
    holding = await _ids(conn, statements.holding, parameters) if asked.phrase.words else []
    rows = await _rows(conn, statements.others, parameters)
    of_run = frozenset(identifier for identifier, by_run in rows if by_run)
    return _Candidates(named, holding, [identifier for identifier, _ in rows], of_run)


async def _ids(conn: Connection, statement: str, parameters: Mapping[str, Any]) -> list[int]:
    return [row[0] for row in await _rows(conn, statement, parameters)]


async def _rows(conn: Connection, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Never prepared: what is asked for decides which indexes are of use."""
    return await (await conn.execute(statement, parameters, prepare=False)).fetchall()


# ---------------------------------------------------------------- what they say


async def _load_jobs(conn: Connection, jobs: Sequence[int], phrase: Phrase) -> dict[int, tuple[JobHit, Highlights]]:
    rows = await (await conn.execute(_JOBS, (list(jobs),))).fetchall() if jobs else []
    maps = {row[0]: decode(row[3]) for row in rows}
    bodies = await load_bodies(conn, maps.values())
    found = {}
    for job, namespace, name, _, run, event_type, run_facets in rows:
        facets = show(maps[job], bodies)
        hit = JobHit(
            run_id=run,
            eventType=event_type,
            name=name,
            type=meaning.job_type(facets),
            namespace=namespace,
            facets=meaning.public(facets),
            runFacets=meaning.public(show(decode(run_facets), {})),
        )
        found[job] = hit, highlights(phrase, _names(hit.run_id, [name], namespace), job_texts(hit, facets))
    return found


async def _load_datasets(conn: Connection, datasets: Sequence[int], phrase: Phrase) -> dict[int, tuple[DatasetHit, Highlights]]:
    rows: dict[int, list[tuple[Any, ...]]] = {}
    for row in await (await conn.execute(_DATASETS, (list(datasets),))).fetchall() if datasets else []:
        rows.setdefault(row[0], []).append(row)
    maps = {dataset: _dataset_maps(told) for dataset, told in rows.items()}
    bodies = await load_bodies(conn, [told.facets for told in maps.values()])
    found = {}
    for dataset, told in rows.items():
        _, namespace, name, *_, run, event_type = told[0]
        facets = show(maps[dataset].facets, bodies)
        hit = DatasetHit(
            run_id=run,
            eventType=event_type,
            name=name,
            namespace=namespace,
            facets=meaning.public(facets),
            inputFacets=show(maps[dataset].read, {}),
            outputFacets=show(maps[dataset].written, {}),
        )
        names = dict.fromkeys([name, *(row[3] for row in told)])
        found[dataset] = hit, highlights(phrase, _names(run, [*names], namespace), dataset_texts(hit, facets))
    return found


@dataclass(frozen=True, slots=True)
class _DatasetMaps:
    facets: FacetMap
    read: FacetMap  # inputFacets, which are inline
    written: FacetMap  # outputFacets


def _dataset_maps(told: Sequence[tuple[Any, ...]]) -> _DatasetMaps:
    """Of a dataset with several names, what is told under all of them."""
    written = latest(*(decode(row[4]) for row in told))
    read = latest(*(decode(row[5]) for row in told))
    return _DatasetMaps({**_kept(read), **_kept(written)}, _inline(read), _inline(written))


def _kept(facets: FacetMap) -> FacetMap:
    return {key: facet for key, facet in facets.items() if facet.text is None}


def _inline(facets: FacetMap) -> FacetMap:
    return {key: facet for key, facet in facets.items() if facet.text is not None}


def _names(run: UUID | None, names: list[str], namespace: str) -> dict[str, list[str]]:
    return {"name": names, "namespace": [namespace], "run_id": [str(run)] if run else []}
