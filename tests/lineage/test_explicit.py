"""Each worked example of the explicit lineage proposal gives the edges that its text says, and no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from headwater.db.pool import Pool
from headwater.lineage.columns.edges import column_edges
from headwater.lineage.columns.graph import Place
from headwater.lineage.edges import EdgeKind
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.present import Present
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from tests.build import run_uuid, store

EXAMPLES = Path(__file__).parents[3] / "shared" / "corpora" / "explicit-lineage"


class _Expected(NamedTuple):
    """``a KIND b``; columns as ``a.x b.y``, with ``*`` for all; what is downstream of each that has anything there."""

    edges: set[str]
    downstream: dict[str, set[str]]
    columns: frozenset[str] = frozenset()


# Two tables from two others, by one job: neither of them from both.
_BULK = _Expected(
    {
        "table_a INPUT bulk_etl", "table_b INPUT bulk_etl", "bulk_etl OUTPUT table_c", "bulk_etl OUTPUT table_d",
        "table_a DATASET_LINEAGE table_c", "table_b DATASET_LINEAGE table_d",
    },
    {"table_a": {"bulk_etl", "table_c"}, "table_b": {"bulk_etl", "table_d"}, "bulk_etl": {"table_c", "table_d"}},
)  # fmt: skip
# A view, without a job.
_VIEW = _Expected(
    {
        "public.customers DATASET_LINEAGE public.customer_view",
        "public.orders DATASET_LINEAGE public.customer_view",
    },
    {"public.customers": {"public.customer_view"}, "public.orders": {"public.customer_view"}},
)
_SINK = _Expected({"transactions INPUT fraud_detector"}, {"transactions": {"fraud_detector"}})
# With or without the field that the job itself computes: that comes from no other.
_SOURCE = _Expected({"data_pipeline.extract_task OUTPUT extracted_data"}, {"data_pipeline.extract_task": {"extracted_data"}})
EXPECTED = {
    "examples-000": _BULK,
    "guide-000": _BULK,
    "examples-001": _VIEW,
    "guide-001": _VIEW,
    "examples-003": _SINK,
    "guide-003": _SINK,
    "examples-004": _SOURCE,
    "examples-005": _SOURCE,
    "guide-004": _SOURCE,
    "examples-007": _Expected({"dag_a.task_3 JOB_LINEAGE dag_b.task_1"}, {"dag_a.task_3": {"dag_b.task_1"}}),
    "examples-008": _Expected(
        {"event_normalizer JOB_LINEAGE enrichment_pipeline"}, {"event_normalizer": {"enrichment_pipeline"}}
    ),
    # Which field of the document the two columns are in nobody knows.
    "examples-009": _Expected(
        {"X INPUT event_processor", "event_processor OUTPUT R.pdf", "X DATASET_LINEAGE R.pdf"},
        {"X": {"event_processor", "R.pdf"}, "event_processor": {"R.pdf"}},
        frozenset({"X.A R.pdf.*", "X.B R.pdf.*"}),
    ),
}


def _there() -> None:
    if not EXAMPLES.is_dir():
        pytest.skip(f"THE EXAMPLES OF EXPLICIT LINEAGE ARE NOT HELD TO ANYTHING: there is no {EXAMPLES}")


def test_every_example_is_here() -> None:
    _there()
    assert {path.stem for path in EXAMPLES.glob("*.json")} == EXPECTED.keys()


@pytest.mark.parametrize("example", EXPECTED)
async def test_the_edges_of_an_example(database: str, pool: Pool, example: str) -> None:
    _there()
    event = json.loads((EXAMPLES / f"{example}.json").read_text())
    event.setdefault("eventTime", "2026-03-01T08:00:00Z")
    if "run" in event:
        event["run"]["runId"] = str(run_uuid(event["run"]["runId"]))
    await store(database, [event])
    async with Present().reading(pool) as (conn, flow):
        rows = await (
            await conn.execute("SELECT job_id, name FROM jobs UNION ALL SELECT dataset_id, name FROM datasets")
        ).fetchall()
        names: dict[int, str] = dict(rows)
        whole = [Place(identifier, "") for identifier in names]
        columns = {
            f"{names[source.dataset_id]}.{source.field or '*'} {names[output.dataset_id]}.{output.field or '*'}"
            for downstream in (True, False)
            for output, source, _, _ in await column_edges(conn, whole, downstream=downstream)
        }
        found = {name: _downstream(flow, identifier, names) for identifier, name in names.items()}
    assert _edges(flow, names) == EXPECTED[example].edges
    assert {name: reached for name, reached in found.items() if reached} == EXPECTED[example].downstream
    assert columns == EXPECTED[example].columns


def _edges(flow: Flow, names: dict[int, str]) -> set[str]:
    sources, targets, kinds = flow.arrays.neighbours(np.arange(len(flow.arrays), dtype=np.int32), downstream=True)
    ends = zip(flow.ids(sources).tolist(), flow.ids(targets).tolist(), kinds.tolist(), strict=True)
    # What a job hands over is handed over by its sink too, which is nothing of its own where nothing ends in it.
    return {f"{names[source]} {EdgeKind(kind).name} {names[target]}" for source, target, kind in ends if source in names}


def _downstream(flow: Flow, identifier: int, names: dict[int, str]) -> set[str]:
    return {names[reached] for reached in reach(flow, Question(start=(identifier,))).ids.tolist()}
