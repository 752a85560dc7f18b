"""Whether it is well, and in numbers."""

from __future__ import annotations

from tests.build import run_event
from tests.serving import in_process


async def test_what_marquez_counts_is_among_the_metrics(database: str) -> None:
    async with in_process(database) as http:
        for job, run in (("one", "a"), ("two", "b")):
            await http.post("/api/v1/lineage", json=run_event("COMPLETE", "08:00", job, run, inputs=["x"]))
        shown = (await http.get("/metrics")).text.splitlines()
    assert {"marquez_namespace_total 3.0", "marquez_job_total 2.0", "marquez_dataset_total 1.0"} <= set(shown)
    assert {"marquez_source_total 0.0", "marquez_job_runs_active 0.0", "marquez_job_runs_completed 2.0"} <= set(shown)
