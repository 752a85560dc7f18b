"""Which edges are current, as a table of histories with the answer written by hand; each in every order of its events."""

from __future__ import annotations

import pytest
from tests.build import Event, Facets, dataset, dataset_event, job_event, run_event
from tests.ingest.orders import assert_orderless, connected
from tests.ingest.telling import DB

from headwater.lineage.edges import EdgeKind

_STREAM: Facets = {"jobType": {"processingType": "STREAMING", "integration": "FLINK"}}
_CURRENT = """
SELECT e.kind, coalesce(sd.name, sj.name), coalesce(td.name, tj.name)
FROM edges e
LEFT JOIN jobs j ON j.job_id = e.owner_id
LEFT JOIN datasets d ON d.dataset_id = e.owner_id
LEFT JOIN datasets sd ON sd.dataset_id = e.source_id
LEFT JOIN jobs sj ON sj.job_id = e.source_id
LEFT JOIN datasets td ON td.dataset_id = e.target_id
LEFT JOIN jobs tj ON tj.job_id = e.target_id
WHERE e.last_at >= coalesce(j.floor_at, d.declared_at)
"""


def _run(kind: str | None, time: str, run: str, inputs: str = "", outputs: str = "", job_facets: Facets | None = None) -> Event:
    return run_event(kind, time, "load", run, inputs=inputs.split(), outputs=outputs.split(), job_facets=job_facets)


def _declared(time: str, inputs: str = "", outputs: str = "") -> Event:
    return job_event(time, "load", inputs=inputs.split(), outputs=outputs.split())


def _explicit(kind: str, time: str, run: str, target: str, source: str) -> Event:
    entry = {"type": "DATASET", "namespace": DB, "name": target, "inputs": [{"type": "DATASET", "namespace": DB, "name": source}]}
    return _run(kind, time, run, job_facets={"lineage": {"entries": [entry]}})


def _derived(time: str, *sources: str) -> Event:
    inputs = [{"type": "DATASET", "namespace": DB, "name": s} for s in sources]
    return dataset_event(time, "view", {"lineage": {"inputs": inputs}})


# history, and the edges that are current at its end
FLOORS: dict[str, tuple[list[Event], str]] = {
    "a run that ended": ([_run("START", "08:00", "r", "a"), _run("COMPLETE", "09:00", "r", "", "b")], "a>load load>b"),
    "a run that is going": ([_run("START", "08:00", "r", "a", "b")], "a>load load>b"),
    "only an OTHER": ([_run("OTHER", "08:00", "r", "a", "b")], "a>load load>b"),
    "a START without datasets takes none away": (
        [_run("COMPLETE", "08:00", "r1", "a", "b"), _run("START", "09:00", "r2")],
        "a>load load>b",
    ),
    "a failed run that names none takes none away": (
        [_run("COMPLETE", "08:00", "r1", "a", "b"), _run("START", "09:00", "r2"), _run("FAIL", "10:00", "r2")],
        "a>load load>b",
    ),
    "an aborted one neither": ([_run("COMPLETE", "08:00", "r1", "a", "b"), _run("ABORT", "10:00", "r2")], "a>load load>b"),
    "a run that is going adds to the one before": (
        [_run("COMPLETE", "08:00", "r1", "a", "b"), _run("START", "09:00", "r2", "c")],
        "a>load c>load load>b",
    ),
    "a run that ended with other datasets replaces them": (
        [_run("COMPLETE", "08:00", "r1", "a", "b"), _run("START", "09:00", "r2", "c"), _run("COMPLETE", "10:00", "r2", "", "b")],
        "c>load load>b",
    ),
    "so does one that failed and named some": (
        [_run("COMPLETE", "08:00", "r1", "a", "b"), _run("FAIL", "09:00", "r2", "c")],
        "c>load",
    ),
    "an end that repeats nothing takes nothing away": (
        [_run("START", "08:00", "r", "a", "b"), _run("RUNNING", "08:30", "r", "c"), _run("COMPLETE", "09:00", "r", "", "b")],
        "a>load c>load load>b",
    ),
    "only the run before counts while one is going": (
        [_run("COMPLETE", "07:00", "r0", "z"), _run("COMPLETE", "08:00", "r1", "a"), _run("START", "09:00", "r2", "b")],
        "a>load b>load",
    ),
    "two that are going": (
        [_run("COMPLETE", "07:00", "r0", "z"), _run("START", "08:00", "r1", "a"), _run("START", "09:00", "r2", "b")],
        "a>load b>load",
    ),
    "overlapping runs, the later one ended": (
        [_run("START", "08:00", "r1", "a"), _run("START", "08:30", "r2", "b"), _run("COMPLETE", "09:00", "r2")],
        "b>load",
    ),
    "overlapping runs, what was named since the later one began": (
        [
            _run("START", "08:00", "r1", "a"), _run("START", "08:30", "r2", "b"), _run("COMPLETE", "09:00", "r2"),
            _run("COMPLETE", "09:30", "r1", "c"),
        ],
        "b>load c>load",
    ),
    "a run that is opened again": (
        [_run("COMPLETE", "08:00", "r1", "a"), _run("COMPLETE", "09:00", "r2", "b"), _run("START", "10:00", "r2")],
        "a>load b>load",
    ),
    "a stream is never expected to end": (
        [_run("COMPLETE", "08:00", "r1", "a"), _run("START", "09:00", "r2", "b", job_facets=_STREAM)],
        "b>load",
    ),
    "a stream that begins anew": (
        [_run("RUNNING", "08:00", "r1", "a", job_facets=_STREAM), _run("RUNNING", "09:00", "r2", "b", job_facets=_STREAM)],
        "b>load",
    ),
    "a stream that is aborted without naming any": (
        [_run("RUNNING", "08:00", "r1", "a", job_facets=_STREAM), _run("ABORT", "09:00", "r1", job_facets=_STREAM)],
        "a>load",
    ),
    "a stream of which only a later event tells that it is one": (
        [
            _run("COMPLETE", "08:00", "r1", "a"), _run("START", "09:00", "r2", "b"),
            _run("RUNNING", "10:00", "r2", job_facets=_STREAM),
        ],
        "b>load",
    ),
    "what is declared": ([_declared("08:00", "a", "b")], "a>load load>b"),
    "what is declared anew replaces it": ([_declared("08:00", "a", "b"), _declared("09:00", "c", "b")], "c>load load>b"),
    "a declaration of nothing takes none away": ([_declared("08:00", "a", "b"), _declared("09:00")], "a>load load>b"),
    "a declaration, then a run": ([_declared("08:00", "a", "b"), _run("COMPLETE", "09:00", "r", "c")], "c>load"),
    "a declaration, then a run that is going": (
        [_declared("08:00", "a", "b"), _run("START", "09:00", "r", "c")],
        "a>load c>load load>b",
    ),
    "a declaration, then a run that names none": (
        [_declared("08:00", "a", "b"), _run("COMPLETE", "09:00", "r")],
        "a>load load>b",
    ),
    "a run, then a declaration": ([_run("COMPLETE", "08:00", "r", "a", "b"), _declared("09:00", "c")], "c>load"),
    "a declaration between the events of a run": (
        [_run("START", "08:00", "r", "a"), _declared("08:30", "c"), _run("COMPLETE", "09:00", "r", "", "b")],
        "c>load load>b",
    ),
    "a run, a declaration, a run that is going": (
        [_run("COMPLETE", "08:00", "r1", "a"), _declared("08:30", "c"), _run("START", "09:00", "r2", "b")],
        "b>load c>load",
    ),
    "explicit lineage ages with its job": (
        [_explicit("COMPLETE", "08:00", "r1", "b", "a"), _explicit("COMPLETE", "09:00", "r2", "b", "c")],
        "c>load load>b c~b",
    ),
    "a derivation is replaced by the next": ([_derived("08:00", "a", "b"), _derived("09:00", "b", "c")], "b~view c~view"),
    "a derivation is ended": ([_derived("08:00", "a"), _derived("09:00")], ""),
    "a derivation is not touched by what else is told of its dataset": (
        [_derived("08:00", "a"), dataset_event("09:00", "view", {"documentation": {"description": "it"}})],
        "a~view",
    ),
    "nor by a job that writes it": (
        [_derived("08:00", "a"), _run("COMPLETE", "09:00", "r", "c", "view")],
        "c>load load>view a~view",
    ),
}  # fmt: skip


@pytest.mark.parametrize("history", FLOORS)
async def test_the_edges_that_are_current(database: str, history: str) -> None:
    events, expected = FLOORS[history]
    await assert_orderless(database, events)
    async with connected(database) as conn:
        rows = await (await conn.execute(_CURRENT)).fetchall()
    marks = {EdgeKind.INPUT: ">", EdgeKind.OUTPUT: ">", EdgeKind.DATASET_LINEAGE: "~"}
    assert {f"{source}{marks[EdgeKind(kind)]}{target}" for kind, source, target in rows} == set(expected.split())


async def test_an_edge_knows_who_told_it_first_and_last(database: str) -> None:
    await assert_orderless(
        database,
        [_run("COMPLETE", "08:00", "r1", "a"), _run("COMPLETE", "09:00", "r2", "a"), _run("COMPLETE", "10:00", "r3", "a")],
    )
    async with connected(database) as conn:
        cursor = await conn.execute(
            "SELECT e.first_at = f.first_at, e.last_at = l.last_at, f.first_at::time::text, l.first_at::time::text"
            " FROM edges e JOIN runs f ON f.run_id = first_run_id JOIN runs l ON l.run_id = last_run_id"
        )
        assert await cursor.fetchall() == [(True, True, "08:00:00", "10:00:00")]


async def test_the_order_of_jobs_does_not_matter_either(database: str) -> None:
    """A dataset's facets and edges come from two jobs."""
    events = [
        run_event("COMPLETE", "08:00", "one", "r1", outputs=[dataset("a", {"x": {"n": 1}})]),
        run_event("COMPLETE", "08:00", "two", "r2", outputs=[dataset("a", {"x": {"n": 2}})]),
        run_event("COMPLETE", "07:00", "three", "r3", inputs=[dataset("a", {"x": {"n": 3}})]),
    ]
    await assert_orderless(database, events)
