"""Calls every method of marquez-python's client, and prints what each answers. Runs in the client's own environment."""

import json
import sys
import warnings
from typing import Any

from marquez_client import MarquezClient  # type: ignore[import-not-found]
from marquez_client.models import DatasetId, DatasetType, JobType  # type: ignore[import-not-found]

warnings.simplefilter("ignore")
client = MarquezClient(url=sys.argv[1])
answers: dict[str, list[Any]] = {}


def call(method: str, *args: Any, **options: Any) -> Any:
    answer = getattr(client, method)(*args, **options)
    answers.setdefault(method, []).append(answer)
    return answer


fields = [{"name": "id", "type": "INT", "description": "key"}, {"name": "email", "type": "TEXT", "tags": ["PII"]}]
call("create_namespace", "shop/eu", "ada", "all of it")
call("get_namespace", "shop/eu")
call("list_namespaces")
call("create_source", "pg", "POSTGRESQL", "jdbc:postgresql://db:5432/shop", "the shop's")
call("get_source", "pg")
call("list_sources")
for name in ("a:in", "b/out"):
    call("create_dataset", "shop/eu", name, DatasetType.DB_TABLE, name, "pg", fields=fields, tags=["CORE"])
call("create_dataset", "shop/eu", "topic", DatasetType.STREAM, "topic", "pg", schema_location="https://schemas/1")
call("get_dataset", "shop/eu", "a:in")
call("list_datasets", "shop/eu")
versions = call("list_dataset_versions", "shop/eu", "a:in")
call("get_dataset_version", "shop/eu", "a:in", versions["versions"][0]["version"])
call("tag_dataset", "shop/eu", "a:in", "GOLD")
call("tag_dataset_field", "shop/eu", "a:in", "id", "key")
ends = {"inputs": [DatasetId("shop/eu", "a:in")], "outputs": [DatasetId("shop/eu", "b/out")]}
call("create_job", "shop/eu", "load", JobType.BATCH, location="https://git/x", description="loads", context={"sql": "x"}, **ends)
call("get_job", "shop/eu", "load")
call("list_jobs", "shop/eu")
run = call("create_job_run", "shop/eu", "load", run_args={"k": "v"}, nominal_start_time="2026-01-01T00:00:00Z")
call("get_job_run", run["id"])
call("mark_job_run_as_started", run["id"])
call("mark_job_run_as_completed", run["id"])
failed = call("create_job_run", "shop/eu", "load", mark_as_running=True)
call("mark_job_run_as_failed", failed["id"])
aborted = call("create_job_run", "shop/eu", "load")
call("mark_job_run_as_aborted", aborted["id"])
call("list_job_runs", "shop/eu", "load")
call("create_tag", "PII", "personal")
call("create_tag", "LATER")
call("list_tags")
call("list_events")
call("list_events", "shop/eu")
call("get_column_lineage_by_dataset", "shop/eu", "a:in")
call("get_column_lineage_by_dataset_field", "shop/eu", "a:in", "id")
call("get_column_lineage_by_job", "shop/eu", "load")
public = {name for name in dir(client) if not name.startswith("_") and callable(getattr(client, name))}
json.dump({"answers": answers, "not called": sorted(public - answers.keys())}, sys.stdout)
