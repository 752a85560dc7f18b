"""A PySpark job with OpenLineage's listener: a CSV file is summed up into Parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.producers.conftest import Spark
from tests.producers.environments import run, surroundings
from tests.producers.reading import Reader

pytestmark = pytest.mark.producers

JOB = Path(__file__).parent / "scripts" / "spark_job.py"
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a JVM of a few seconds is not worth tuning itself


def test_a_csv_file_is_summed_up(spark: Spark, reader: Reader, tmp_path: Path) -> None:
    read, written = tmp_path / "orders.csv", tmp_path / "totals"
    read.write_text("id,customer,amount\n1,Ada,5\n2,Grace,7\n3,Ada,2\n")
    environment = surroundings(PYSPARK_PYTHON=str(spark.programs / "python"), SPARK_LOCAL_IP="127.0.0.1")
    submit = str(spark.programs / "spark-submit")
    run([submit, *options(spark, reader.url, tmp_path), str(JOB), str(read), str(written)], tmp_path, environment)
    check_jobs(reader, str(read), str(written))
    check_datasets(reader, str(read), str(written))
    check_columns(reader, str(read), str(written))
    assert reader.refused() == []


def options(spark: Spark, url: str, folder: Path) -> list[str]:
    configuration = {
        "spark.app.name": "order_totals",
        "spark.local.dir": folder,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 1,
        "spark.sql.codegen.wholeStage": "false",
        "spark.extraListeners": "io.openlineage.spark.agent.OpenLineageSparkListener",
        "spark.openlineage.namespace": "spark",
        "spark.openlineage.transport.type": "http",
        "spark.openlineage.transport.url": url,
    }
    told = [word for name, value in configuration.items() for word in ("--conf", f"{name}={value}")]
    return [
        "--master",
        "local[1]",
        "--driver-memory",
        "512m",
        "--driver-java-options",
        QUICK,
        "--jars",
        str(spark.listener),
        *told,
    ]


def check_jobs(reader: Reader, read: str, written: str) -> None:
    jobs = reader.jobs("spark")
    application = jobs.pop("order_totals")
    (job,) = jobs.values()
    assert job["parentJobName"] == "order_totals"
    for found in (application, job):
        assert found["latestRun"]["state"] == "COMPLETED"
        assert found["latestRun"]["endedAt"] >= found["latestRun"]["startedAt"]
    assert job["latestRun"]["parentRunUuid"] == application["latestRun"]["id"]
    assert job["latestRun"]["facets"]["processing_engine"]["name"] == "spark"
    assert job["inputs"] == [{"namespace": "file", "name": read}]
    assert job["outputs"] == [{"namespace": "file", "name": written}]


def check_datasets(reader: Reader, read: str, written: str) -> None:
    orders, totals = reader.dataset("file", read), reader.dataset("file", written)
    assert {f["name"]: f["type"] for f in orders["fields"]} == {"id": "long", "customer": "string", "amount": "integer"}
    assert {f["name"]: f["type"] for f in totals["fields"]} == {"customer": "string", "total": "long"}
    assert totals["lastLifecycleState"] == "OVERWRITE"
    assert reader.downstream(f"dataset:file:{read}") >= {f"dataset:file:{written}"}


def check_columns(reader: Reader, read: str, written: str) -> None:
    assert reader.column_sources("file", written) == {
        "customer": {(read, "customer")},
        "total": {(read, "amount")},
    }
    columns = reader.columns("file", written)
    (source,) = columns["total"]["inputFields"]
    assert source["transformations"][0]["subtype"] == "AGGREGATION"
    influences = {(i["field"], i["transformations"][0]["subtype"]) for i in columns["total"]["datasetInfluences"]}
    assert influences == {("customer", "GROUP_BY"), ("amount", "FILTER")}
