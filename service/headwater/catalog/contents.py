"""Search by name and by content: jobs by their SQL, source code, engine; datasets by their columns and what those are made of.

Names come first, what is best at the front. Where they do not fill the page, facets that hold the words are found by an index
(``facet_words``), and then whose they are; see decisions/0009-search.md for what this costs. At last come whole namespaces, runs
and engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from headwater.catalog import meaning
from headwater.catalog.aliases import IS_ALIAS
from headwater.catalog.facets import FacetMap, Shown, decode, latest, load_bodies, show
from headwater.catalog.phrases import Phrase, highlights
from headwater.catalog.search import containing
from headwater.db.pool import Connection
from headwater.entities.search import DatasetHit, DatasetHits, JobHit, JobHits

_MOST = 100  # hits: each comes with all of its facets
_MOST_BODIES = 1_000  # facets that hold the words; if there are more, only what is newest is looked through
_NEWEST = 1_000  # jobs or datasets that are looked through then
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

# The index tells who has all the words, not in which order they stand.
_HOLDING = """
WITH holding AS MATERIALIZED (
    SELECT body_id, body FROM facet_bodies WHERE facet_words(body) @@ to_tsquery('simple', %(all_words)s) LIMIT %(most)s
)
SELECT (SELECT count(*) FROM holding),
       ARRAY(SELECT body_id FROM holding WHERE %(single)s OR facet_words(body) @@ to_tsquery('simple', %(in_order)s))
"""


def _bodies(*places: str) -> list[str]:
    """Ids of facet bodies, as expressions; a place is ``column->'key'``."""
    return [f"({place} ->> 1)::bigint" for place in places]


def _one_of(expressions: Sequence[str]) -> str:
    return " OR ".join(f"{e} IN (SELECT unnest(%(bodies)s::bigint[]))" for e in expressions)


_JOB_BODIES = _bodies("j.facets->'sql'", "j.facets->'sourceCode'", "j.facets->'jobType'")
_DATASET_BODIES = _bodies(*(f"d.{m}->'{key}'" for m in ("facets", "read_facets") for key in ("schema", "columnLineage")))
# OFFSET 0: by the words, the planner would find the bodies of everybody, once for each job.
_HOLDS = """EXISTS (
    SELECT FROM (SELECT body FROM facet_bodies WHERE body_id = ANY(ARRAY[{}]) OFFSET 0) b
    WHERE facet_words(b.body) @@ to_tsquery('simple', %(in_order)s)
)"""

_JOBS_OF_BODIES = f"""
SELECT j.job_id FROM jobs j WHERE ({_one_of(_JOB_BODIES)}) AND {_VISIBLE}
ORDER BY coalesce(j.last_at, j.first_at) DESC, j.job_id LIMIT %(limit)s
"""
_NEWEST_JOBS = f"""
SELECT j.job_id FROM (
    SELECT j.job_id, j.facets, coalesce(j.last_at, j.first_at) AS at FROM jobs j WHERE {_VISIBLE}
    ORDER BY coalesce(j.last_at, j.first_at) DESC, j.job_id LIMIT %(newest)s
) j
WHERE {_HOLDS.format(", ".join(_JOB_BODIES))}
ORDER BY j.at DESC, j.job_id LIMIT %(limit)s
"""
_DATASETS_OF_BODIES = f"""
SELECT c.dataset_id FROM datasets d JOIN datasets c ON c.dataset_id = d.canonical_id
WHERE ({_one_of(_DATASET_BODIES)}) AND NOT c.is_hidden
GROUP BY c.dataset_id ORDER BY max(d.last_at) DESC, c.dataset_id LIMIT %(limit)s
"""
_NEWEST_DATASETS = f"""
SELECT c.dataset_id FROM (
    SELECT canonical_id, facets, read_facets, last_at FROM datasets ORDER BY last_at DESC, dataset_id LIMIT %(newest)s
) d
JOIN datasets c ON c.dataset_id = d.canonical_id AND NOT c.is_hidden
WHERE {_HOLDS.format(", ".join(_DATASET_BODIES))}
ORDER BY d.last_at DESC, c.dataset_id LIMIT %(limit)s
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
        ORDER BY last_at DESC LIMIT 1
    ) io ORDER BY io.last_at DESC LIMIT 1
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
    of_bodies: str
    newest: str
    others: str


_FOR_JOBS = _Statements(_NAMED_JOBS, _JOBS_OF_BODIES, _NEWEST_JOBS, _OTHER_JOBS)
_FOR_DATASETS = _Statements(_NAMED_DATASETS, _DATASETS_OF_BODIES, _NEWEST_DATASETS, _OTHER_DATASETS)


@dataclass(frozen=True, slots=True)
class _Asked:
    phrase: Phrase
    limit: int
    run: UUID | None  # where the text is the UUID of one

    def parameters(self) -> dict[str, Any]:
        return {
            "text": self.phrase.text,
            "pattern": containing(self.phrase.text),
            "all_words": self.phrase.all_words,
            "in_order": self.phrase.in_order,
            "single": len(self.phrase.words) == 1,
            "run": self.run,
            "limit": self.limit,
            "most": _MOST_BODIES + 1,
            "newest": _NEWEST,
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
    # Of those that hold the words, some may have them where nobody looks.
    holding = await _holding(conn, statements, {**parameters, "limit": 2 * asked.limit}) if asked.phrase.words else []
    rows = await _rows(conn, statements.others, parameters)
    of_run = frozenset(identifier for identifier, by_run in rows if by_run)
    return _Candidates(named, holding, [identifier for identifier, _ in rows], of_run)


async def _holding(conn: Connection, statements: _Statements, parameters: Mapping[str, Any]) -> list[int]:
    ((count, bodies),) = await _rows(conn, _HOLDING, parameters)
    if count > _MOST_BODIES:
        return await _ids(conn, statements.newest, parameters)
    return await _ids(conn, statements.of_bodies, {**parameters, "bodies": bodies}) if bodies else []


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
        found[job] = hit, highlights(phrase, _names(hit.run_id, [name], namespace), _job_texts(hit))
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
        hit = DatasetHit(
            run_id=run,
            eventType=event_type,
            name=name,
            namespace=namespace,
            facets=meaning.public(show(maps[dataset].facets, bodies)),
            inputFacets=show(maps[dataset].read, {}),
            outputFacets=show(maps[dataset].written, {}),
        )
        names = dict.fromkeys([name, *(row[3] for row in told)])
        found[dataset] = hit, highlights(phrase, _names(run, [*names], namespace), _dataset_texts(hit))
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


# ---------------------------------------------------------------- where is looked


def _names(run: UUID | None, names: list[str], namespace: str) -> dict[str, list[str]]:
    return {"name": names, "namespace": [namespace], "run_id": [str(run)] if run else []}


def _job_texts(hit: JobHit) -> dict[str, list[str]]:
    facets: Shown = hit.facets
    code = meaning.body(facets, "sourceCode")
    return {
        "facets.sql.query": _strings(meaning.body(facets, "sql").get("query")),
        "facets.sourceCode.sourceCode": _strings(code.get("sourceCode")),
        "facets.sourceCode.language": _strings(code.get("language")),
        "runFacets.processing_engine.name": _strings(meaning.body(hit.runFacets, "processing_engine").get("name")),
        "type": [hit.type],
    }


def _dataset_texts(hit: DatasetHit) -> dict[str, list[str]]:
    """A field that holds several has one text of each; columns are part of a field's name, as in OpenSearch."""
    found: dict[str, list[str]] = {}
    for column in _elements(meaning.body(hit.facets, "schema").get("fields")):
        for key in ("name", "type"):
            found.setdefault(f"facets.schema.fields.{key}", []).extend(_strings(column.get(key)))
    columns = meaning.body(hit.facets, "columnLineage").get("fields")
    for name, told in columns.items() if isinstance(columns, dict) else ():
        if isinstance(told, dict):
            found |= {f"facets.columnLineage.fields.{name}.{key}": texts for key, texts in _lineage_texts(told).items()}
    return found


def _lineage_texts(column: Mapping[str, Any]) -> dict[str, list[str]]:
    found = {key: _strings(column.get(key)) for key in ("transformationDescription", "transformationType")}
    for source in _elements(column.get("inputFields")):
        for key in ("name", "namespace", "field"):
            found.setdefault(f"inputFields.{key}", []).extend(_strings(source.get(key)))
        for made in _elements(source.get("transformations")):
            found.setdefault("inputFields.transformations.description", []).extend(_strings(made.get("description")))
    return found


def _elements(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (element for element in value if isinstance(element, dict))


def _strings(value: object) -> list[str]:
    return [value] if isinstance(value, str) else []
