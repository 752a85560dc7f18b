"""The commands that read, against a service with the demo's two days."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from tests.build import dataset, run_event, schema
from tests.cli.conftest import Command
from tests.conftest import Server, cloned, served

from headwater import demo
from headwater.cli.client import Client

WAREHOUSE = "postgres://warehouse.example.com:5432"
ORDERS = f"dataset:{WAREHOUSE}:analytics.marts.orders"


@pytest.fixture(scope="module")
def warehouse(server: Server) -> Iterator[str]:
    """URL of the service; shared, as nothing here writes."""
    with cloned(server.url, server.template) as database, served(database) as url:
        events = demo.events(1, datetime(2026, 3, 4, 14, 40, tzinfo=UTC))
        Client(url).post("lineage", "batch", body=json.dumps(events).encode(), content_type="application/json")
        yield url


@pytest.fixture(autouse=True)
def asked(warehouse: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("HEADWATER_URL", warehouse)
    return Client(warehouse)


# ---------------------------------------------------------------- lists


def test_namespaces(headwater: Command) -> None:
    done = headwater("namespaces", "list")
    assert done.status == 0
    assert WAREHOUSE in done.out
    assert headwater("namespaces", "list", "--limit", 1, "--json").json["namespaces"][0]["name"] == "airflow"


def test_jobs(headwater: Command) -> None:
    done = headwater("jobs", "list", "--limit", 3)
    assert len(done.out.splitlines()) == 4
    assert re.search(r"RUNNING +2026-03-04 14:38:\d\dZ +- +job:airflow:click_ingest.load_clicks\n", done.out)
    assert done.err == "3 of 21 jobs; --limit shows more\n"
    assert headwater("jobs", "list", "--namespace", "ml").out.splitlines()[1].endswith("job:ml:score_customers")
    assert len(headwater("jobs", "list", "--state", "running").out.splitlines()) == 3
    assert len(headwater("jobs", "list", "--json", "--namespace", "dbt").json["jobs"]) == 8


def test_datasets_of_all_namespaces_in_pages(headwater: Command) -> None:
    everything = headwater("datasets", "list", "--limit", 100).out
    nodes = re.findall("dataset:.*", everything)
    pages = [headwater("datasets", "list", "--limit", 10, "--offset", at).out for at in (0, 10, 20)]
    assert [node for page in pages for node in re.findall("dataset:.*", page)] == nodes
    assert len(nodes) == 23
    assert len(headwater("datasets", "list", "--namespace", WAREHOUSE, "--json").json["datasets"]) == 15


def test_runs_by_either_name(headwater: Command) -> None:
    by_name = headwater("runs", "list", "airflow", "churn.train").out
    assert headwater("runs", "list", "job:airflow:churn.train").out == by_name
    assert headwater("runs", "list", "churn.train").out == by_name
    assert len(by_name.splitlines()) == 3


def test_search(headwater: Command) -> None:
    assert ORDERS in headwater("search", "ORDERS").out
    assert ORDERS not in headwater("search", "orders", "--kind", "job").out
    assert headwater("search", "orders", "--limit", 2).err == "2 of 7 matches; --limit shows more\n"


# ---------------------------------------------------------------- one


def test_a_job(headwater: Command) -> None:
    done = headwater("jobs", "show", "job:dbt:warehouse.orders")
    assert "  type         BATCH MODEL DBT\n" in done.out
    assert "  parent       warehouse\n" in done.out
    assert f"  writes       {ORDERS}\n" in done.out
    assert "FAILED" not in done.out
    assert "ABORTED" in done.out
    assert headwater("jobs", "show", "dbt", "warehouse.orders", "--json").json["simpleName"] == "orders"


def test_a_dataset(headwater: Command) -> None:
    done = headwater("datasets", "show", "daily_revenue")
    assert "  owners       team:finance\n" in done.out
    assert "revenue  numeric" in done.out
    assert "passed  not_null of day" in done.out
    assert "email        text       PII" in headwater("datasets", "show", "analytics.raw.customers").out


def test_versions_have_the_names_of_their_store(headwater: Command) -> None:
    lines = headwater("datasets", "versions", "churn").out.splitlines()
    assert [line.split()[-1] for line in lines[1::2]] == ["1.1", "1"]
    assert all("of job:airflow:churn.train" in line for line in lines[2::2])


def test_a_failed_run_tells_why(headwater: Command) -> None:
    runs = headwater("runs", "list", "dbt", "warehouse.stg_orders", "--json").json["runs"]
    failed = next(run["id"] for run in runs if run["state"] == "FAILED")
    done = headwater("runs", "show", failed)
    assert done.out.startswith(f"run {failed}  FAILED\n")
    assert '  column "coupon" does not exist\n' in done.out
    assert f"  dataset:{WAREHOUSE}:analytics.raw.orders\n" in done.out


def test_a_training_run_tells_its_parameters_and_metrics(headwater: Command) -> None:
    run = headwater("runs", "list", "churn.train", "--json").json["runs"][0]["id"]
    done = headwater("runs", "show", run)
    assert '"key": "learning_rate"' in done.out
    assert '"auc": 0.8' in done.out
    assert f"  dataset:{WAREHOUSE}:analytics.features.customer_features\n" in done.out
    assert headwater("runs", "show", run, "--json").json["id"] == run


# ---------------------------------------------------------------- trees


def test_lineage_upstream(headwater: Command) -> None:
    lines = headwater("lineage", "churn_scores", "--upstream", "--depth", 9).out.splitlines()
    assert lines[:4] == [
        f"dataset:{WAREHOUSE}:analytics.predictions.churn_scores",
        "",
        "Upstream",
        "  └ job score_customers  COMPLETED  ml",
    ]
    assert any("dataset web/clicks  s3://example-clicks" in line for line in lines)
    assert not any("more beyond" in line for line in lines)
    assert not any("Downstream" in line for line in lines)


def test_lineage_ends_at_its_depth_and_says_so(headwater: Command) -> None:
    lines = headwater("lineage", ORDERS, "--depth", 1, "--upstream").out.splitlines()
    assert lines[-4:] == [
        "  └ job warehouse.orders  COMPLETED  dbt",
        f"    ├ dataset analytics.staging.stg_order_items  …  {WAREHOUSE}",
        f"    └ dataset analytics.staging.stg_orders  …  {WAREHOUSE}",
        "  … more beyond --depth 1",
    ]


def test_lineage_both_ways_with_ids(headwater: Command) -> None:
    done = headwater("lineage", "job:flink:payment_alerts", "--ids", "--depth", 0)
    assert done.out.splitlines() == [
        "job:flink:payment_alerts  RUNNING",
        "",
        "Upstream",
        "  └ dataset:kafka://kafka.example.com:9092:shop.payments",
        "",
        "Downstream",
        f"  └ dataset:{WAREHOUSE}:analytics.alerts.payment_alerts",
    ]


def test_lineage_of_a_dag_is_that_of_its_tasks(headwater: Command) -> None:
    lines = headwater("lineage", "job:airflow:churn", "--depth", 1).out.splitlines()
    assert lines[0].startswith("job:airflow:churn")
    assert f"  ├ dataset analytics.features.customer_features  {WAREHOUSE}" in lines
    assert any("churn" in line and "mlflow" in line for line in lines[lines.index("Downstream") :])


def test_lineage_of_a_source_has_nothing_upstream(headwater: Command) -> None:
    assert "nothing that is known" in headwater("lineage", "web/clicks", "--upstream").out


def test_lineage_as_json_is_the_services(headwater: Command, asked: Client) -> None:
    answer = headwater("lineage", ORDERS, "--json", "--depth", 1).json
    assert answer == asked.read("lineage", nodeId=ORDERS, depth=1)


def test_columns_upstream(headwater: Command) -> None:
    lines = headwater("columns", "daily_revenue", "--field", "revenue").out.splitlines()
    assert lines[:4] == [
        f"dataset:{WAREHOUSE}:analytics.marts.daily_revenue",
        "  └ revenue  numeric",
        f"    └ amount of analytics.marts.orders  AGGREGATION  {WAREHOUSE}",
        f"      └ amount of analytics.staging.stg_order_items  AGGREGATION  {WAREHOUSE}",
    ]
    assert len(lines) == 8


def test_columns_of_a_version(headwater: Command) -> None:
    dataset = f"dataset:{WAREHOUSE}:analytics.marts.daily_revenue"
    now = headwater("columns", dataset, "--field", "revenue").out
    assert headwater("columns", f"{dataset}#latest", "--field", "revenue").out == now
    unknown = headwater("columns", f"{dataset}#v9")
    assert (unknown.status, "Dataset version 'v9' not found." in unknown.err) == (1, True)


def test_columns_end_at_their_depth_and_say_so(headwater: Command) -> None:
    lines = headwater("columns", "daily_revenue", "--field", "revenue", "--depth", 1).out.splitlines()
    assert lines[-2].startswith("    └ amount of analytics.marts.orders  AGGREGATION  …")
    assert lines[-1] == "  … more beyond --depth 1"


def test_columns_as_of_a_time(headwater: Command) -> None:
    done = headwater("columns", "daily_revenue", "--as-of", "2001-01-01T00:00:00Z")
    assert done.out == "No lineage of these fields is known.\n"


def test_columns_by_kinds_and_over_all_history(headwater: Command) -> None:
    asked = ("columns", "daily_revenue", "--field", "revenue")
    lines = headwater(*asked).out
    assert headwater(*asked, "--kind", "input", "--kind", "output").out == lines
    assert headwater(*asked, "--kind", "dataset_lineage").out == "No lineage of these fields is known.\n"
    assert lines.splitlines()[2] in headwater(*asked, "--history", "all").out


def test_columns_downstream_tell_what_is_masked(headwater: Command) -> None:
    done = headwater("columns", f"dataset:{WAREHOUSE}:analytics.raw.customers", "--downstream", "--field", "email")
    assert "email_hash of analytics.staging.stg_customers  TRANSFORMATION masked" in done.out


def test_columns_of_all_that_a_job_writes(headwater: Command) -> None:
    done = headwater("columns", "job:dbt:warehouse.stg_order_items", "--ids", "--depth", 1)
    assert done.out.startswith(f"dataset:{WAREHOUSE}:analytics.staging.stg_order_items\n")
    assert f"datasetField:{WAREHOUSE}:analytics.raw.order_items:quantity" in done.out


def test_columns_whose_use_nobody_told(database: str, headwater: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Airflow's SQL parser sends them: sources without transformations."""
    source = {"namespace": "db://shop", "name": "raw", "field": "amount", "transformations": []}
    facets = {"columnLineage": {"fields": {"total": {"inputFields": [source]}}}}
    event = run_event("COMPLETE", "08:00", inputs=["raw"], outputs=[dataset("sums", {**schema("total"), **facets})])
    with served(database) as url:
        monkeypatch.setenv("HEADWATER_URL", url)
        Client(url).post("lineage", body=json.dumps(event).encode(), content_type="application/json")
        up = headwater("columns", "dataset:db://shop:sums")
        down = headwater("columns", "dataset:db://shop:raw", "--downstream", "--field", "amount")
    assert (up.status, down.status) == (0, 0)
    assert "amount of raw" in up.out
    assert "total of sums" in down.out


def test_columns_without_lineage(headwater: Command) -> None:
    assert headwater("columns", "churn").out == "No lineage of these fields is known.\n"


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["jobs", "show", "dbt", "nix"], "Job 'nix' not found.\n"),
        (["runs", "show", "nix"], "Run 'nix' not found.\n"),
        (["lineage", "nix"], "No dataset or job has 'nix' in its name.\n"),
        (["jobs", "list", "--state", "tired"], "query param lastRunStates must be one of"),
        (["jobs", "list", "--url", "http://127.0.0.1:1"], "No headwater answers at http://127.0.0.1:1: Connection refused."),
        (["jobs", "list", "--url", "nix"], "--url must be like http://127.0.0.1:5000, not nix.\n"),
    ],
)
def test_one_line_and_status_1(headwater: Command, arguments: list[str], told: str) -> None:
    done = headwater(*arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(told)
    assert len(done.err.splitlines()) == 1
