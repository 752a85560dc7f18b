"""A small dbt project on DuckDB: two seeds, a chain of three models, two tests. Told as it runs, and from its artifacts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.producers.environments import run, surroundings
from tests.producers.reading import Reader

pytestmark = pytest.mark.producers

PROJECT = Path(__file__).parent / "dbt_project"
ROOT = "dbt-run-shop"
SEEDS = ["seed.shop.customers", "seed.shop.orders"]
MODELS = ["model.shop.paid_orders", "model.shop.customer_orders", "model.shop.customer_totals"]
TESTS = ["test.shop.not_null_customer_totals_total", "test.shop.unique_customer_totals_id"]


class Known(NamedTuple):
    """What the service knows after a build."""

    reader: Reader
    jobs: dict[str, Any]
    store: str  # namespace of the datasets


def test_told_as_it_runs(dbt: Path, reader: Reader, tmp_path: Path) -> None:
    known = build(dbt, reader, tmp_path, "--consume-structured-logs")
    check_runs(known)
    below = {job["simpleName"]: job for job in children(known)}
    without_hashes = {name.rpartition(".")[0] if name.startswith("test.") else name for name in below}
    assert without_hashes == {*SEEDS, *MODELS, *TESTS}
    check_queries(known)
    check_lineage_from_the_seeds(known)
    check_last_model(known)


def test_told_from_artifacts(dbt: Path, reader: Reader, tmp_path: Path) -> None:
    """Which do not say that models read seeds, but name them in the column lineage."""
    known = build(dbt, reader, tmp_path)
    check_runs(known)
    assert len(children(known)) == len(MODELS) + 1  # the tests of a model are one job
    first, *_, last = (table(known, name) for name in MODELS)
    assert last in reader.downstream(first)
    check_columns_from_the_seeds(known)
    check_last_model(known)


def build(dbt: Path, reader: Reader, folder: Path, *options: str) -> Known:
    """The project is copied, since dbt writes beside what it reads."""
    project = Path(shutil.copytree(PROJECT, folder / "project"))
    environment = surroundings(
        PATH=f"{dbt}{os.pathsep}{os.environ['PATH']}",  # dbt-ol starts dbt
        OPENLINEAGE_URL=reader.url,
        SHOP_DATABASE=str(project / "shop.duckdb"),
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    )
    run([dbt / "dbt-ol", "build", *options, "--project-dir", ".", "--profiles-dir", "."], project, environment)
    return Known(reader, reader.jobs("dbt"), f"duckdb://{project / 'shop.duckdb'}")


def table(known: Known, node: str) -> str:
    """Node id of what a seed or model makes."""
    return f"dataset:{known.store}:shop.main.{node.rpartition('.')[2]}"


def children(known: Known) -> list[Any]:
    """Jobs of the invocation's own children, whose runs must be children of its run."""
    root = known.jobs[ROOT]
    found = [job for job in known.jobs.values() if job["parentJobName"] == ROOT]
    assert all(job["parentJobUuid"] is not None for job in found)
    assert {job["latestRun"]["parentRunUuid"] for job in found} == {root["latestRun"]["id"]}
    assert {name for name, job in known.jobs.items() if job["parentJobName"] is None} == {ROOT}, "nodes have their queries' jobs"
    return found


def check_runs(known: Known) -> None:
    runs = [job["latestRun"] for job in known.jobs.values() if job["latestRun"]]
    assert {run["state"] for run in runs} == {"COMPLETED"}
    assert all(run["durationMs"] >= 0 for run in runs)
    assert known.reader.refused() == []


def check_queries(known: Known) -> None:
    """Each is a run below that of its node."""
    queries = {name: job for name, job in known.jobs.items() if "sql" in job["facets"]}
    assert len(queries) >= len(SEEDS + MODELS + TESTS)
    for name, job in queries.items():
        node = known.reader.run(job["latestRun"]["parentRunUuid"])
        assert node["job"]["name"] == f"{ROOT}.{name.rpartition('.sql.')[0]}"


def check_lineage_from_the_seeds(known: Known) -> None:
    customers, orders = (table(known, name) for name in SEEDS)
    jobs = {name: f"job:dbt:{ROOT}.{name}" for name in (*SEEDS, *MODELS)}
    assert orders in known.reader.downstream(jobs["seed.shop.orders"])
    reached = known.reader.downstream(orders)
    tests = {found for found in reached if ".test.shop." in found or "_dbt_test__audit" in found}
    assert reached - tests == {*(jobs[name] for name in MODELS), *(table(known, name) for name in MODELS)}
    assert len([found for found in tests if found.startswith("job:")]) == len(TESTS)
    reached = known.reader.downstream(customers)
    assert table(known, "model.shop.customer_totals") in reached
    assert table(known, "model.shop.paid_orders") not in reached


def check_columns_from_the_seeds(known: Known) -> None:
    paid, joined, totals = (known.reader.column_sources(known.store, f"shop.main.{name.rpartition('.')[2]}") for name in MODELS)
    assert paid["amount"] == {("shop.main.orders", "amount")}
    assert joined["amount"] == {("shop.main.paid_orders", "amount")}
    assert joined["name"] == {("shop.main.customers", "name")}
    assert totals["total"] == {("shop.main.customer_orders", "amount")}


def check_last_model(known: Known) -> None:
    totals = known.reader.dataset(known.store, "shop.main.customer_totals")
    assert totals["description"] == "What each customer spent."
    assert [field["name"] for field in totals["fields"]] == ["id", "total"]
    assertions = totals["facets"]["dataQualityAssertions"]["assertions"]
    assert {told["column"] for told in assertions} <= {"id", "total"}
    assert all(told["success"] for told in assertions)
