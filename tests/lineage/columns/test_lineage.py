from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.build import Event, dataset, dataset_event, run_event, schema, store
from tests.queries import recorded

from headwater import ids
from headwater.catalog.datasets import load_datasets
from headwater.db.pool import Pool
from headwater.entities.lineage import ColumnGraph
from headwater.errors import Invalid, NotFound
from headwater.lineage.columns.lineage import get_column_lineage
from headwater.lineage.snapshot import snapshot


def field(name: str) -> str:
    """``t.x`` as a node id."""
    return "datasetField:db://shop:{}:{}".format(*name.split("."))


def derives(*edges: str, whole: tuple[str, ...] = ()) -> dict[str, Any]:
    """A columnLineage facet, of ``output < dataset.field`` each; ``whole``: what bears on all fields."""
    fields: dict[str, Any] = {}
    for edge in edges:
        output, source = edge.split(" < ")
        fields.setdefault(output, {"inputFields": []})["inputFields"].append(_source(source))
    return {"columnLineage": {"fields": fields, "dataset": [_source(source) for source in whole]}}


def _source(source: str) -> dict[str, Any]:
    name, _, column = source.partition(".")
    told = [{"type": "DIRECT", "subtype": "IDENTITY", "description": f"from {source}", "masking": True}]
    return {"namespace": "db://shop", "name": name, "field": column, "transformations": told}


def writes(job: str, output: str, facets: dict[str, Any], time: str = "08:00", inputs: str = "") -> Event:
    return run_event("COMPLETE", time, job, f"{job} {time}", inputs=inputs.split(), outputs=[dataset(output, facets)])


CHAIN = [
    writes("load", "b", {**schema("x:INT", "y:TEXT"), **derives("x < a.x", "y < a.y")}, "08:00", "a"),
    writes("copy", "c", {**schema("x:INT"), **derives("x < b.x")}, "08:10", "b"),
    writes("sibling", "s", derives("x < a.x"), "08:20", "a"),
    writes("last", "d", derives("z < c.x"), "08:30", "c"),
]


async def ask(pool: Pool, node_id: str, depth: int = 20, *, upstream: bool = True, downstream: bool = False) -> ColumnGraph:
    async with snapshot(pool) as conn:
        body = await get_column_lineage(conn, node_id, depth, upstream=upstream, downstream=downstream)
    return ColumnGraph.model_validate_json(body)


def nodes(graph: ColumnGraph) -> set[str]:
    return {f"{node.data.dataset}.{node.data.field}" for node in graph.graph}


async def test_upstream_and_its_shape(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    graph = await ask(pool, field("c.x"))
    assert [node.id for node in graph.graph] == [field("a.x"), field("b.x"), field("c.x")]
    source, middle, last = graph.graph
    assert (source.data.fieldType, source.data.inputFields, source.inEdges) == ("", [], [])
    assert [(e.origin, e.destination) for e in source.outEdges] == [(field("a.x"), field("b.x"))]
    assert [(e.origin, e.destination) for e in middle.inEdges] == [(field("b.x"), field("a.x"))], "an input is pointed to"
    assert last.data.fieldType == "INT"
    assert last.data.datasetVersion is not None
    [told] = last.data.inputFields
    assert (told.dataset, told.field, told.transformationType, told.transformationDescription) == (
        "b", "x", "DIRECT", "from b.x",
    )  # fmt: skip
    assert told.transformations is not None
    assert told.transformations[0].masking
    assert last.data.transformationDescription == "from b.x"


@pytest.mark.parametrize(
    ("start", "depth", "downstream", "wanted"),
    [
        (field("d.z"), 1, False, "d.z c.x"),
        (field("d.z"), 0, False, "d.z c.x"),
        (field("d.z"), 2, False, "d.z c.x b.x"),
        ("dataset:db://shop:b", 20, False, "b.x b.y a.x a.y"),
        ("job:shop:load", 20, False, "b.x b.y a.x a.y"),
        ("job:shop:copy", 20, True, "a.x b.x c.x d.z"),
        (field("a.x"), 20, True, "a.x b.x c.x d.z s.x"),
        (field("b.x"), 20, True, "a.x b.x c.x d.z"),
        ("dataset:db://shop:a", 1, True, "a.x b.x s.x a.y b.y"),
        ("dataset:db://shop:a", 20, False, ""),
    ],
)
async def test_what_is_reached(database: str, pool: Pool, start: str, depth: int, downstream: bool, wanted: str) -> None:
    await store(database, CHAIN)
    graph = await ask(pool, start, depth, downstream=downstream)
    assert nodes(graph) == set(wanted.split())
    ids = {node.id for node in graph.graph}
    assert {e.destination for node in graph.graph for e in (*node.inEdges, *node.outEdges)} <= ids


async def test_downstream_alone(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    assert nodes(await ask(pool, field("b.x"), upstream=False, downstream=True)) == {"b.x", "c.x", "d.z"}
    assert nodes(await ask(pool, field("d.z"), upstream=False, downstream=True)) == set()


async def test_only_what_is_written_now_counts(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    await store(database, [writes("load", "b", derives("x < other.k"), "09:00", "other")])
    assert nodes(await ask(pool, "dataset:db://shop:b")) == {"b.x", "other.k"}
    await store(database, [run_event("COMPLETE", "10:00", "load", "elsewhere", outputs=["e"])])
    assert nodes(await ask(pool, "dataset:db://shop:b")) == set()


async def test_cycles_and_aliases(database: str, pool: Pool) -> None:
    symlinks = {"symlinks": {"identifiers": [{"namespace": "db://shop", "name": "nick", "type": "TABLE"}]}}
    await store(
        database,
        [
            writes("there", "p", {**derives("x < q.x"), **symlinks}),
            writes("back", "q", derives("x < nick.x", "x < q.x")),
        ],
    )
    for start in (field("p.x"), field("nick.x")):
        graph = await ask(pool, start, downstream=True)
        assert nodes(graph) == {"p.x", "q.x"}
    assert [node.id for node in graph.graph] == [field("p.x"), field("q.x")]


async def test_what_bears_on_all_fields_is_told_and_not_followed(database: str, pool: Pool) -> None:
    facets = derives("x < a.x", "y < a", whole=("f.day",))
    await store(database, [writes("load", "b", facets), writes("fill", "f", derives("day < g.day"))])
    graph = await ask(pool, "dataset:db://shop:b")
    assert nodes(graph) == {"a.x", "b.x", "b.y"}
    for node in graph.graph[1:]:
        assert [(i.dataset, i.field) for i in node.data.datasetInfluences] == [("f", "day")]
    assert [(i.dataset, i.field) for i in graph.graph[2].data.inputDatasets] == [("a", None)], "which column is not known"
    down = await ask(pool, field("f.day"), upstream=False, downstream=True)
    assert nodes(down) == {"f.day"}
    assert [(i.dataset, i.field) for i in down.graph[0].data.influencedDatasets] == [("b", None)]
    assert nodes(await ask(pool, field("a.z"), upstream=False, downstream=True)) == {"b.y"}, "it may be that"


async def test_a_declared_derivation(database: str, pool: Pool) -> None:
    await store(database, [dataset_event("08:00", "v", derives("x < t.x"))])
    assert nodes(await ask(pool, field("v.x"))) == {"t.x", "v.x"}
    await store(database, [dataset_event("09:00", "v", derives("x < t.y"))])
    assert nodes(await ask(pool, field("v.x"))) == {"t.y", "v.x"}


async def test_a_version_is_as_it_was(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    now = await ask(pool, "dataset:db://shop:c")
    version = next(node.data.datasetVersion for node in now.graph if node.data.dataset == "c")
    await store(database, [writes("copy", "c", derives("x < other.k"), "09:00", "other")])
    await store(database, [writes("load", "b", derives("x < other.k"), "09:10", "other")])
    for start in (f"dataset:db://shop:c#{version}", field(f"c.x#{version}")):
        then = await ask(pool, start)
        assert nodes(then) == {"a.x", "b.x", "c.x"}
        assert all(node.id.endswith(f"#{node.data.datasetVersion}") for node in then.graph)
        assert [node.data.fieldType for node in then.graph] == ["", "INT", "INT"]
    with pytest.raises(Invalid):
        await ask(pool, f"dataset:db://shop:c#{version}", downstream=True)
    for unknown in ("dataset:db://shop:c#12345678-1234-8234-9234-123456789abc", f"dataset:db://shop:b#{version}"):
        with pytest.raises(NotFound):
            await ask(pool, unknown)


async def test_a_version_by_its_external_name_and_a_field_with_a_hash_in_its_name(database: str, pool: Pool) -> None:
    for version, source in (("v1", "a.x"), ("v2", "b.x")):
        facets = {**derives(f"x < {source}", f"n#v1 < {source}"), **schema("x", "n#v1"), "version": {"datasetVersion": version}}
        told = run_event("COMPLETE", f"0{version[1]}:00", "j", version, inputs=["a", "b"], outputs=[dataset("c", facets)])
        await store(database, [told])
    for version, expected in (("v1", "a.x"), ("v2", "b.x"), ("latest", "b.x")):
        assert nodes(await ask(pool, f"dataset:db://shop:c#{version}")) == {expected, "c.n#v1", "c.x"}
        assert nodes(await ask(pool, field(f"c.x#{version}"))) == {expected, "c.x"}
        assert nodes(await ask(pool, field(f"c.n#v1#{version}"))) == {expected, "c.n#v1"}
    assert nodes(await ask(pool, field("c.n#v1"))) == {"b.x", "c.n#v1"}
    for unknown in ("dataset:db://shop:c#v3", field("c.x#v3")):
        with pytest.raises(NotFound, match="Dataset version 'v3' not found"):
            await ask(pool, unknown)
    with pytest.raises(NotFound, match="Near names: dataset:db://shop:c"):
        await ask(pool, "dataset:db://shop:cc")


async def test_a_version_that_was_told_explicitly(database: str, pool: Pool) -> None:
    """That goes before the facet. Of what the job itself makes, and of another output, nothing comes from here."""

    def source(name: str, column: str | None = None) -> dict[str, Any]:
        return {"type": "DATASET", "namespace": "db://shop", "name": name, "field": column}

    fields = {"x": {"inputs": [source("a", "x"), source("a")]}, "y": {"inputs": [{"type": "JOB"}]}}
    entries = [
        {**source("b"), "inputs": [source("a"), source("a", "f")], "fields": fields},
        {**source("c"), "fields": {"z": {"inputs": [source("a", "z")]}}},
    ]
    told = run_event(
        "COMPLETE", "08:00", "load", inputs=["a"], outputs=[dataset("b", derives("x < a.other")), "c"],
        job_facets={"lineage": {"entries": entries}},
    )  # fmt: skip
    await store(database, [told])
    now = await ask(pool, "dataset:db://shop:b")
    version = next(node.data.datasetVersion for node in now.graph if node.data.dataset == "b")
    then = await ask(pool, f"dataset:db://shop:b#{version}")
    assert nodes(then) == nodes(now) == {"a.x", "b.x"}
    [made] = [node.data for node in then.graph if node.data.dataset == "b"]
    assert [(d.dataset, d.field) for d in (*made.inputDatasets, *made.datasetInfluences)] == [("a", None), ("a", "f")]


async def test_a_job_version_is_as_its_run_was(database: str, pool: Pool) -> None:
    await store(database, CHAIN)
    async with pool.connection() as conn:
        from headwater.catalog.jobs import get_job  # noqa: PLC0415

        version = (await get_job(conn, "shop", "copy")).currentVersion
    await store(database, [writes("copy", "c2", derives("x < other.k"), "09:00", "other")])
    assert nodes(await ask(pool, f"job:shop:copy#{version}")) == {"a.x", "b.x", "c.x"}
    with pytest.raises(NotFound):
        await ask(pool, "job:shop:copy#12345678-1234-8234-9234-123456789abc")


async def test_what_has_no_lineage(database: str, pool: Pool) -> None:
    await store(database, [dataset_event("08:00", "t", schema("x"))])
    for start in ("dataset:db://shop:t", field("t.x")):
        assert (await ask(pool, start)).graph == []
    for start in (field("t.nope"), "dataset:db://shop:nope"):
        with pytest.raises(NotFound):
            await ask(pool, start)


async def test_a_hop_is_a_statement(database: str, pool: Pool) -> None:
    await store(database, [writes("j0", "t0", derives("x < a.x"))])
    await store(database, [writes(f"j{i}", f"t{i}", derives(f"x < t{i - 1}.x")) for i in range(1, 30)])
    costs = []
    for depth in (5, 10, 20):
        with recorded() as statements:
            await ask(pool, field("t29.x"), depth)
        costs.append(len(statements) - depth)
    assert costs[0] == costs[1] == costs[2] <= 9


def explains(job: str, time: str, output: str, *edges: str, inputs: str = "") -> Event:
    """A run whose job says explicitly which columns derive from which."""
    fields: dict[str, Any] = {}
    for edge in edges:
        column, source = edge.split(" < ")
        fields.setdefault(column, {"inputs": []})["inputs"].append({"type": "DATASET", **_source(source)})
    entry = {"type": "DATASET", "namespace": "db://shop", "name": output, "fields": fields}
    facets = {"lineage": {"entries": [entry]}}
    return run_event("COMPLETE", time, job, f"{job} {time}", inputs=inputs.split(), outputs=[output], job_facets=facets)


async def version_of(pool: Pool, name: str) -> str:
    async with pool.connection() as conn:
        [told] = await load_datasets(conn, [ids.dataset_id("db://shop", name)])
    return str(told.currentVersion)


async def test_a_version_with_explicit_lineage_is_as_it_was(database: str, pool: Pool) -> None:
    await store(
        database,
        [
            writes("load", "b", derives("x < a.x"), "08:00", "a"),
            explains("copy", "08:10", "c", "x < b.x", "y < loose.y", inputs="b"),
        ],
    )
    version = await version_of(pool, "c")
    await store(database, [explains("copy", "09:00", "c", "x < other.k", inputs="other")])
    then = await ask(pool, f"dataset:db://shop:c#{version}")
    assert nodes(then) == {"a.x", "b.x", "c.x", "c.y", "loose.y"}
    [x] = [node for node in then.graph if node.id.startswith("datasetField:db://shop:c:x#")]
    assert [(f.dataset, f.datasetVersion is not None) for f in x.data.inputFields] == [("b", True)]
    assert nodes(await ask(pool, field(f"c.y#{version}"))) == {"c.y", "loose.y"}
    now = await version_of(pool, "c")
    assert nodes(await ask(pool, f"dataset:db://shop:c#{now}")) == {"c.x", "other.k"}


async def test_a_version_comes_from_what_its_facet_names_beside_the_inputs(database: str, pool: Pool) -> None:
    """As it does where no version is asked for."""
    told = [
        writes("load", "a", derives("x < raw.x"), "08:00"),
        writes("copy", "b", derives("x < a.x", "y < loose.y"), "09:00", "c"),
    ]
    await store(database, told)
    now, then = await ask(pool, "dataset:db://shop:b"), await ask(pool, f"dataset:db://shop:b#{await version_of(pool, 'b')}")
    assert nodes(then) == nodes(now) == {"raw.x", "a.x", "b.x", "b.y", "loose.y"}
    assert {n.data.dataset: n.data.datasetVersion for n in then.graph if n.data.dataset in "ab"} == {
        name: UUID(await version_of(pool, name)) for name in "ab"
    }


async def test_what_a_run_says_explicitly_goes_before_its_facet(database: str, pool: Pool) -> None:
    event = explains("copy", "08:00", "c", "x < b.x", inputs="b wrong")
    event["outputs"][0]["facets"] = derives("x < wrong.x")
    await store(database, [event])
    assert nodes(await ask(pool, f"dataset:db://shop:c#{await version_of(pool, 'c')}")) == {"b.x", "c.x"}
    await store(database, [writes("copy", "c", derives("x < wrong.x"), "09:00", "b wrong")])
    assert nodes(await ask(pool, f"dataset:db://shop:c#{await version_of(pool, 'c')}")) == {"wrong.x", "c.x"}
    garbled = writes("load", "e", derives("x < b.x"), "08:00", "b")
    garbled["job"]["facets"] = {"lineage": {"entries": 7}}
    await store(database, [garbled])
    assert nodes(await ask(pool, f"dataset:db://shop:e#{await version_of(pool, 'e')}")) == {"b.x", "e.x"}


async def test_a_version_that_was_declared_has_the_lineage_declared_with_it(database: str, pool: Pool) -> None:
    def view(time: str, column: str, source: str) -> Event:
        inputs = [{"type": "DATASET", "namespace": "db://shop", "name": "t", "field": source}]
        return dataset_event(time, "v", {**schema(column), "lineage": {"fields": {column: {"inputs": inputs}}}})

    load = writes("load", "t", derives("x < raw.x", "y < raw.y"), "08:00", "raw")
    await store(database, [load, view("08:10", "old", "x")])
    version = await version_of(pool, "v")
    await store(database, [view("09:00", "new", "y"), writes("load", "t", derives("x < other.x"), "09:10", "other")])
    assert nodes(await ask(pool, f"dataset:db://shop:v#{version}")) == {"v.old", "t.x", "raw.x"}
    assert nodes(await ask(pool, f"dataset:db://shop:v#{await version_of(pool, 'v')}")) == {"v.new", "t.y", "raw.y"}
