"""A warehouse that nobody owns: jobs in layers under DAGs, hubs that many of them read, and the events of their runs.

Everything follows from the number of jobs and the seed. Each DAG has its part of five layers, from raw tables to reports, and
reads mostly what it wrote itself. A fifth of the jobs read one great hub, and 2 % each of four small ones. A tenth of the
jobs (100 at most) form a chain that touches nothing else, so that there is a walk whose length is known.

    python -m benchmarks.warehouse --runs 1000 > events.ndjson
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from headwater.ids import uuid7

JOB_NAMESPACE = "airflow-production"
_DAGS = 49  # and the chain's
COLUMNS = 12
IN_FLIGHT = 200
"""Runs between a START and its COMPLETE: more than there are connections, so that a run's two events seldom race."""
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
_STEP = timedelta(seconds=1)  # between the starts of two runs
_LAYERS = ("staging", "core", "mart", "feature", "report")
_SUBJECTS = (
    "customer", "order", "invoice", "shipment", "payment", "campaign", "session", "product", "supplier", "contract",
    "employee", "ticket", "subscription", "refund", "store", "visit", "basket", "forecast", "ledger", "claim",
)  # fmt: skip
_FIELDS = (
    "id", "created_at", "updated_at", "status", "amount", "currency", "country", "channel", "quantity", "category",
    "email", "phone", "score", "segment", "region", "discount", "margin", "owner", "source", "priority",
)  # fmt: skip
_WORDS = (
    "agreed", "with", "finance", "taken", "over", "from", "legacy", "system", "never", "null", "unless", "imported", "before",
    "migration", "local", "time", "store", "deduplicated", "latest", "update", "masked", "for", "analysts", "joined", "key",
)  # fmt: skip
_TYPES = ("BIGINT", "VARCHAR(255)", "TIMESTAMP WITH TIME ZONE", "DECIMAL(18,2)", "BOOLEAN", "DATE", "DOUBLE PRECISION")
_TRANSFORMATIONS = (
    ("DIRECT", "IDENTITY", ""),
    ("DIRECT", "TRANSFORMATION", "cast and trimmed"),
    ("DIRECT", "AGGREGATION", "sum over the group"),
    ("INDIRECT", "JOIN", ""),
)
_PRODUCER = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/spark"
_FACETS = "https://openlineage.io/spec/facets"


@dataclass(frozen=True, slots=True)
class Table:
    namespace: str
    name: str
    columns: tuple[tuple[str, str, str], ...]  # name, type, description

    @property
    def node_id(self) -> str:
        return f"dataset:{self.namespace}:{self.name}"

    @property
    def field_node_id(self) -> str:
        """Of its second column: the first of many is only copied."""
        return f"datasetField:{self.namespace}:{self.name}:{self.columns[1][0]}"


@dataclass(frozen=True, slots=True)
class Job:
    number: int
    dag: str
    task: str
    layer: int
    inputs: tuple[Table, ...]
    output: Table

    @property
    def name(self) -> str:
        return f"{self.dag}.{self.task}"

    @property
    def node_id(self) -> str:
        return f"job:{JOB_NAMESPACE}:{self.name}"


class Run(NamedTuple):
    uuid: UUID
    start: datetime
    end: datetime


@dataclass
class Warehouse:
    """``jobs`` in the order in which a scheduler would start them; the runs go round and round."""

    size: int = 1_000
    seed: int = 1
    jobs: list[Job] = field(init=False)
    hub: Table = field(init=False)
    chain: list[Job] = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.chain = list(self._chain(min(100, self.size // 10)))
        self.hub, *self._small_hubs = [self._table("s3://lake-core", f"shared/dim_{s}") for s in _SUBJECTS[:5]]
        self.jobs = [*self.chain, *self._layered(len(self.chain), self.size - len(self.chain))]
        self.jobs.sort(key=lambda job: job.layer)
        self._templates: dict[int, tuple[bytes, bytes]] = {}

    def run(self, number: int) -> Run:
        start = _BEGIN + number * _STEP
        return Run(_uuid7(start, f"{self.seed} run {number}"), start, start + IN_FLIGHT * _STEP + _STEP / 2)

    def job_of(self, run: int) -> Job:
        return self.jobs[run % len(self.jobs)]

    def some_job(self) -> Job:
        """One in the middle layers, always the same."""
        return random.Random(self.seed + 1).choice([job for job in self.jobs if job.layer == 2 and job not in self.chain])

    def events(self, first: int, runs: int) -> Iterator[bytes]:
        """Two events for each of ``runs`` runs from number ``first``, by event time."""
        for number in range(first, first + runs + IN_FLIGHT):
            if number < first + runs:
                yield self._event(number, complete=False)
            if number >= first + IN_FLIGHT:
                yield self._event(number - IN_FLIGHT, complete=True)

    def _event(self, number: int, *, complete: bool) -> bytes:
        run, job = self.run(number), self.job_of(number)
        values = {
            b"run": str(run.uuid).encode(),
            b"at": _time(run.end if complete else run.start),
            **_lap(_BEGIN + number // len(self.jobs) * len(self.jobs) * _STEP, f"{self.seed} {job.dag}"),
            b"rows": b"%d" % (1_000 + number * 7919 % 1_000_003),
            b"bytes": b"%d" % (100_000 + number * 104_729 % 1_000_000_007),
        }
        return self._template(job)[complete] % values

    def _template(self, job: Job) -> tuple[bytes, bytes]:
        known = self._templates.get(job.number)
        if known is None:
            known = self._templates[job.number] = (_template(_start(job)), _template(_complete(job)))
        return known

    # ------------------------------------------------------------ what there is

    def _table(self, namespace: str, name: str) -> Table:
        names = self._random.sample(_FIELDS, COLUMNS)
        subject = self._random.choice(_SUBJECTS)
        columns = tuple((f"{subject}_{n}", self._random.choice(_TYPES), self._description(n)) for n in names)
        return Table(namespace, name, columns)

    def _description(self, subject: str) -> str:
        return f"{subject} " + " ".join(self._random.sample(_WORDS, self._random.randint(1, 4)))

    def _chain(self, length: int) -> Iterator[Job]:
        before = self._table("postgres://ledger.internal:5432", "ledger.public.step_0")
        for i in range(length):
            after = self._table("postgres://ledger.internal:5432", f"ledger.public.step_{i + 1}")
            yield Job(i, "dag_00_chain", f"step_{i + 1}", i * 5 // length, (before,), after)
            before = after

    def _layered(self, first: int, count: int) -> Iterator[Job]:
        written: dict[tuple[str, int], list[Table]] = {}
        of_layer: list[list[Table]] = [[] for _ in _LAYERS]
        plan = sorted((self._layer(i // _DAGS, -(-count // _DAGS)), i) for i in range(count))
        for layer, i in plan:
            dag = f"dag_{i % _DAGS + 1:02d}_{_SUBJECTS[i % _DAGS % len(_SUBJECTS)]}"
            output = self.hub if (layer, i) == plan[0] else self._output(layer, first + i)
            inputs = [self._input(layer, dag, first + i, written, of_layer) for _ in range(self._random.choice((1, 1, 2, 2, 3)))]
            yield Job(first + i, dag, f"build_{output.name.rpartition('/')[2]}", layer, self._with_hubs(inputs, output), output)
            written.setdefault((dag, layer), []).append(output)
            of_layer[layer].append(output)

    def _layer(self, position: int, of: int) -> int:
        return min(position * len(_LAYERS) // max(of, 1), len(_LAYERS) - 1)

    def _output(self, layer: int, number: int) -> Table:
        return self._table(f"s3://lake-{_LAYERS[layer]}", f"{_LAYERS[layer]}/{self._random.choice(_SUBJECTS)}_{number}")

    def _input(
        self, layer: int, dag: str, number: int, written: dict[tuple[str, int], list[Table]], of_layer: list[list[Table]]
    ) -> Table:
        if layer == 0:
            name = f"{self._random.choice(_SUBJECTS)}_{number}_{self._random.randint(1, 9)}"
            return self._table("postgres://shop.internal:5432", f"shop.public.{name}")
        own = written.get((dag, layer - 1))
        if own and self._random.random() < 0.7:
            return self._random.choice(own)
        return self._random.choice(of_layer[self._random.randrange(layer)])

    def _with_hubs(self, inputs: list[Table], output: Table) -> tuple[Table, ...]:
        read = dict.fromkeys(inputs)
        if output is not self.hub:
            read |= dict.fromkeys([self.hub] if self._random.random() < 0.2 else [])
            read |= dict.fromkeys(hub for hub in self._small_hubs if self._random.random() < 0.02)
        return tuple(t for t in read if t is not output)


# ---------------------------------------------------------------- events


def _start(job: Job) -> dict[str, Any]:
    output = _dataset(job.output)
    del output["facets"]["schema"]  # it is known once the query has run
    return _run_event(job, "START", inputs=[_dataset(t) for t in job.inputs], output=output)


def _complete(job: Job) -> dict[str, Any]:
    inputs = [_dataset(t, inputFacets={"inputStatistics": _facet("InputStatisticsInput", rowCount="@rows@")}) for t in job.inputs]
    output = _dataset(
        job.output,
        outputFacets={"outputStatistics": _facet("OutputStatisticsOutput", rowCount="@rows@", size="@bytes@", fileCount=8)},
    )
    output["facets"]["columnLineage"] = _column_lineage(job)
    event = _run_event(job, "COMPLETE", inputs=inputs, output=output)
    event["run"]["facets"]["spark_properties"] = _facet("SparkPropertiesRun", properties=_SPARK)
    description = f"Builds {job.output.name} for the reports of {job.dag}."
    event["job"]["facets"]["documentation"] = _facet("DocumentationJob", description=description)
    return event


_SPARK = {
    f"spark.{name}": value
    for name, value in (
        ("master", "yarn"), ("app.name", "warehouse"), ("executor.instances", "12"), ("executor.memory", "8g"),
        ("executor.cores", "4"), ("sql.shuffle.partitions", "400"), ("sql.adaptive.enabled", "true"),
        ("dynamicAllocation.enabled", "false"), ("serializer", "org.apache.spark.serializer.KryoSerializer"),
    )
}  # fmt: skip


def _run_event(job: Job, kind: str, *, inputs: list[dict[str, Any]], output: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": "@at@",
        "producer": _PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "@run@", "facets": _run_facets(job)},
        "job": {"namespace": JOB_NAMESPACE, "name": job.name, "facets": _job_facets(job)},
        "inputs": inputs,
        "outputs": [output],
    }


def _run_facets(job: Job) -> dict[str, Any]:
    parent = {"run": {"runId": "@parent@"}, "job": {"namespace": JOB_NAMESPACE, "name": job.dag}}
    return {
        "nominalTime": _facet("NominalTimeRun", nominalStartTime="@nominal@", nominalEndTime="@nominal_end@"),
        "parent": _facet("ParentRun", **parent, root=parent),
        "processing_engine": _facet("ProcessingEngineRun", version="3.5.1", name="spark", openlineageAdapterVersion="1.54.0"),
    }


def _job_facets(job: Job) -> dict[str, Any]:
    return {
        "jobType": _facet("JobTypeJob", processingType="BATCH", integration="SPARK", jobType="JOB"),
        "sql": _facet("SQLJob", query=_sql(job), dialect="spark"),
    }


def _sql(job: Job) -> str:
    """Every fifth job has the hour in its text, as templated queries do: a new facet with each of its runs."""
    columns = ",\n  ".join(f"t{i % len(job.inputs)}.{c[0]}" for i, c in enumerate(job.inputs[0].columns))
    joins = "\n  JOIN ".join(f"{t.name.replace('/', '.')} t{i}" for i, t in enumerate(job.inputs))
    hour = "@nominal@" if job.number % 5 == 0 else "current_date"
    return f"INSERT OVERWRITE {job.output.name}\nSELECT\n  {columns}\nFROM {joins}\nWHERE t0.updated_at >= '{hour}'"


def _dataset(table: Table, **facets: Any) -> dict[str, Any]:
    fields = [{"name": n, "type": t, "description": d} for n, t, d in table.columns]
    return {
        "namespace": table.namespace,
        "name": table.name,
        "facets": {
            "schema": _facet("SchemaDataset", fields=fields),
            "dataSource": _facet("DatasourceDataset", name=table.namespace, uri=table.namespace),
        },
        **facets,
    }


def _column_lineage(job: Job) -> dict[str, Any]:
    chosen = random.Random(job.number)
    fields = {
        name: {"inputFields": [_input_field(job, i + k, chosen) for k in range(chosen.choice((1, 1, 1, 2)))]}
        for i, (name, _, _) in enumerate(job.output.columns)
    }
    return _facet("ColumnLineageDataset", fields=fields)


def _input_field(job: Job, i: int, chosen: random.Random) -> dict[str, Any]:
    table = job.inputs[i % len(job.inputs)]
    kind, subtype, description = chosen.choice(_TRANSFORMATIONS)
    transformation = {"type": kind, "subtype": subtype, "description": description, "masking": False}
    column = table.columns[i % COLUMNS][0]
    return {"namespace": table.namespace, "name": table.name, "field": column, "transformations": [transformation]}


def _facet(kind: str, /, **content: Any) -> dict[str, Any]:
    return {"_producer": _PRODUCER, "_schemaURL": f"{_FACETS}/1-0-1/{kind}Facet.json#/$defs/{kind}Facet", **content}


def _template(event: dict[str, Any]) -> bytes:
    """For ``%`` with a dictionary: ten times as fast as encoding each event."""
    text = json.dumps(event, separators=(",", ":")).replace("%", "%%")
    for number in ("rows", "bytes"):
        text = text.replace(f'"@{number}@"', f"%({number})b")
    for name in ("run", "at", "nominal", "nominal_end", "parent"):
        text = text.replace(f"@{name}@", f"%({name})b")
    return text.encode()


@lru_cache(maxsize=1024)
def _lap(start: datetime, seed: str) -> dict[bytes, bytes]:
    """A DAG runs once while all jobs have their turn."""
    return {
        b"nominal": _time(start),
        b"nominal_end": _time(start + timedelta(hours=1)),
        b"parent": str(_uuid7(start, seed)).encode(),
    }


def _time(at: datetime) -> bytes:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def _uuid7(at: datetime, seed: str) -> UUID:
    chance = int.from_bytes(blake2b(seed.encode(), digest_size=10).digest(), "big")
    return uuid7(int(at.timestamp() * 1000), chance & (1 << 74) - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the events of a made-up warehouse, one a line.")
    parser.add_argument("--jobs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first run")
    parser.add_argument("--runs", type=int, default=1_000)
    given = parser.parse_args()
    for event in Warehouse(given.jobs, given.seed).events(given.first, given.runs):
        sys.stdout.buffer.write(event + b"\n")


if __name__ == "__main__":
    main()
