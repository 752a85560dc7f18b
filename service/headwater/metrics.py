"""Prometheus metrics. No label grows with the data: kinds, results, route templates and status classes; and of Marquez's
namespaces the largest hundred."""

from __future__ import annotations

from math import nan

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a gauge beside each counter, of no use to anyone

EVENTS = Counter("headwater_events", "Events taken in, by kind and result", ["kind", "result"])
QUEUE = Gauge("headwater_queue_events", "Events waiting to be stored")
COMMIT_EVENTS = Histogram("headwater_commit_events", "Events in one transaction", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500))
COMMIT_SECONDS = Histogram(
    "headwater_commit_seconds", "Time of one transaction", buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
)
REQUESTS = Histogram(
    "headwater_request_seconds",
    "Time of a request, by route and status",
    ["method", "route", "status"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
ROWS = Gauge("headwater_graph_rows", "Estimated rows, by table", ["table"])
# Those of Marquez, with its labels, for dashboards that show them. Its two counters of versions never have a sample there.
MARQUEZ = {
    "namespaces": Gauge("marquez_namespace_total", "Namespaces"),
    "sources": Gauge("marquez_source_total", "Sources"),
    "active": Gauge("marquez_job_runs_active", "Beginnings of runs less their ends"),
    "completed": Gauge("marquez_job_runs_completed", "Ends of runs: completed, failed and aborted"),
}
_LABELLED = "; those in smaller namespaces than the hundred largest have no namespace_name"
MARQUEZ_DATASETS = Gauge("marquez_dataset_total", f"Datasets{_LABELLED}", ["namespace_name", "dataset_type"])
MARQUEZ_JOBS = Gauge("marquez_job_total", f"Jobs{_LABELLED}", ["namespace_name", "job_type"])
SEARCH_LAG = Gauge("headwater_search_lag_seconds", "Since when the oldest event of this process waits to be found by its content")


def forget_the_store() -> None:
    """What is in the store is not known until it is asked for anew."""
    for labelled in (ROWS, MARQUEZ_DATASETS, MARQUEZ_JOBS):
        labelled.clear()
    for gauge in MARQUEZ.values():
        gauge.set(nan)
