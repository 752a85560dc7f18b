"""Events that no schema foresaw: each is taken or refused as documented, never a 5xx; and what was taken can be read.

All of one module go into one database, and at its end every page that shows them is asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.ids import event_id
from headwater.ingest.prepare import decompress
from tests.api.ingesting import LINEAGE, encoded, fault
from tests.build import dataset, run_event, run_uuid
from tests.conftest import Server, cloned
from tests.serving import in_process

TAKEN, REFUSED = True, False
DEEP = 500


class Service(NamedTuple):
    http: httpx.AsyncClient
    conn: psycopg.Connection[Any]


@asynccontextmanager
async def started(server: Server) -> AsyncIterator[Service]:
    with cloned(server.url, server.template) as database, psycopg.connect(database, autocommit=True) as conn:
        async with in_process(database) as http:
            yield Service(http, conn)


@pytest.fixture(scope="module")
async def service(server: Server) -> AsyncIterator[Service]:
    async with started(server) as service:
        yield service


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A job's or run's that no other test has."""
    return str(request.node.name)


def event(name: str, **parts: Any) -> dict[str, Any]:
    return run_event("COMPLETE", "08:00:00", name, run=name, **parts)


def with_facet(name: str, owner: str, key: str, text: str) -> bytes:
    """An event with this JSON text as facet ``key`` of its run, job, input, output, …"""
    facets: dict[str, Any] = {key: "FACET"}
    parts: dict[str, dict[str, Any]] = {
        "run": {"run_facets": facets},
        "job": {"job_facets": facets},
        "input": {"inputs": [dataset(name, facets)]},
        "output": {"outputs": [dataset(name, facets)]},
        "inputFacets": {"inputs": [dataset(name, inputFacets=facets)]},
        "outputFacets": {"outputs": [dataset(name, outputFacets=facets)]},
        "dataset": {},
    }
    content: dict[str, Any] = event(name, **parts[owner])
    if owner == "dataset":
        content = {"eventTime": "2026-03-01T08:00:00Z", "dataset": dataset(name, facets)}
    return json.dumps(content, ensure_ascii=False).replace('"FACET"', text).encode("utf-8", "surrogatepass")


_IN_THE_LOG = "SELECT body FROM lineage_events WHERE event_id = %s"
_AMONG_THE_DEAD = "SELECT body, status FROM dead_letters ORDER BY dead_letter_id DESC LIMIT 1"


async def send(service: Service, body: bytes) -> bool:
    """Whether it was taken. It is in the log or among the dead letters, and nothing else happened."""
    answer = await service.http.post(LINEAGE, content=body)
    if answer.status_code == 201:
        ((found,),) = service.conn.execute(_IN_THE_LOG, [event_id(body)]).fetchall()
        assert decompress(found) == body
        return TAKEN
    errors = fault(answer, 400, 422)
    assert errors
    assert all(e["path"].startswith("$") and e["message"] for e in errors)
    assert "cannot be stored" not in answer.text, "the fault was found by the database, not by us"
    ((found, status),) = service.conn.execute(_AMONG_THE_DEAD).fetchall()
    assert (decompress(found), status) == (body, answer.status_code)
    return REFUSED


async def get(http: httpx.AsyncClient, path: str) -> Any:
    url = httpx.URL("http://headwater").copy_with(raw_path=path.encode())
    answer = await http.get(url)
    assert answer.status_code == 200, f"{path[:200]}: {answer.status_code} {answer.text[:300]}"
    return json.loads(answer.content, parse_int=str if b"1" * 100 in answer.content else int)


def place(namespace: str, kind: str, name: str) -> str:
    quoted = [quote(part, safe="").replace(".", "%2E") for part in (namespace, name)]
    return f"/api/v1/namespaces/{quoted[0]}/{kind}/{quoted[1]}"


# ---------------------------------------------------------------- names

NAMES = {
    "quotes": "a\"b'c`d",
    "backslashes": "C:\\temp\\new\\u0041",
    "braces": '{a,b},{c},"{null}"',
    "null": "NULL",
    "percent": "100%s %(name)s %%",
    "sql": "'; DROP TABLE jobs; --",
    "whitespace": " a\tb\nc\rd ",
    "controls": "\x01\x02\x1f\x7f\x85",
    "separators": "a\u2028b\u2029c",
    "emoji": "😀👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "right to left": "\u202eabc\u202c عربي",
    "combining": "e\u0301 \u00e9",
    "noncharacter": "\uffff\ufdd0\U0010ffff",
    "dots": "..",
    "slashes": "/a//b/",
    "url": "s3://bucket/key?x=1#y",
    "colons": "dataset:a:b",
    "one": "x",
    "zero width": "\u200b",
    "long": "n" * 10_000,
}


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "plain"])
@pytest.mark.parametrize("which", NAMES)
async def test_names_come_back(service: Service, which: str, escaped: bool) -> None:
    text = NAMES[which]
    facets = {text: {"a": text}}
    sent = event(
        text, namespace=text, inputs=[dataset(text, facets, namespace=text)], outputs=[dataset(text[:-1] + "2", namespace=text)]
    )
    sent["run"]["runId"] = str(run_uuid(f"{which}{escaped}"))
    assert await send(service, json.dumps(sent, ensure_ascii=escaped).encode()) is TAKEN
    if len(text) > 1000:
        return  # longer than the URLs that servers take
    job = await get(service.http, place(text, "jobs", text))
    assert (job["namespace"], job["name"]) == (text, text)
    found = await get(service.http, place(text, "datasets", text))
    assert (found["namespace"], found["name"], found["facets"][text]) == (text, text, {"a": text})


@pytest.mark.parametrize(
    ("sent", "stored"), [("a\0b", "a\ufffdb"), ("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("\0", "\ufffd")]
)
async def test_what_postgres_cannot_hold_is_replaced(service: Service, sent: str, stored: str) -> None:
    """In names, facets, their keys and columns; the log keeps the bytes."""
    namespace = f"strange {sent!r}"
    facets = {sent: {sent: sent}, "schema": {"fields": [{"name": sent, "type": sent, "description": sent}]}}
    outputs = [dataset(sent, facets, namespace=namespace)]
    body = run_event("COMPLETE", "08:00:00", sent, run=ascii(sent), namespace=namespace, outputs=outputs, run_facets=facets)
    assert await send(service, encoded(body)) is TAKEN
    found = await get(service.http, place(namespace, "datasets", stored))
    assert found["facets"][stored] == {stored: stored}
    assert found["fields"][0]["name"] == stored
    assert (await get(service.http, place(namespace, "jobs", stored)))["name"] == stored


async def test_names_that_differ_in_where_a_control_character_stands(service: Service, name: str) -> None:
    """U+001F stands between namespace and name where ids are made of them."""
    inputs = [dataset("b", namespace=f"{name}\x1fa"), dataset("a\x1fb", namespace=name)]
    assert await send(service, encoded(event(name, inputs=inputs))) is TAKEN
    assert len((await get(service.http, place("shop", "jobs", name)))["inputs"]) == 2


@pytest.mark.parametrize("longer", ["job", "input", "namespace"])
async def test_a_million_characters_are_no_name(service: Service, longer: str) -> None:
    text = "n" * 1_000_000
    bodies = {
        "job": event(text),
        "input": event("j", inputs=[text]),
        "namespace": event("j", inputs=[dataset("a", namespace=text)]),
    }
    assert await send(service, encoded(bodies[longer])) is REFUSED


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u3000"])
@pytest.mark.parametrize("where", ["job", "input", "output"])
async def test_blank_names(service: Service, blank: str, where: str) -> None:
    bodies = {
        "job": event(blank),
        "input": event("j", inputs=[blank]),
        "output": event("j", outputs=[dataset("a", namespace=blank)]),
    }
    assert await send(service, encoded(bodies[where])) is REFUSED


BLANK = {"namespace": "", "name": ""}
NAMING_FACETS = {
    "parent": ("run", {"run": {"runId": str(run_uuid("p"))}, "job": BLANK}),
    "jobDependencies": ("run", {"upstream": [{"job": BLANK}], "downstream": [{"job": {"namespace": " ", "name": " "}}]}),
    "symlinks": ("output", {"identifiers": [{**BLANK, "type": "TABLE"}]}),
    "columnLineage": (
        "output",
        {"fields": {"": {"inputFields": [{**BLANK, "field": ""}]}}, "dataset": [{**BLANK, "field": "x"}]},
    ),
    "lineage": (
        "job",
        {"entries": [{**BLANK, "type": "DATASET"}, {**BLANK, "type": "JOB", "inputs": [{**BLANK, "type": "DATASET"}]}]},
    ),
    "dataSource": ("output", {"name": "", "uri": ""}),
    "tags": ("output", {"tags": [{"key": "", "value": ""}]}),
}


_TABLES = ("namespaces", "jobs", "datasets", "sources", "tags")


@pytest.mark.parametrize("key", NAMING_FACETS)
async def test_facets_that_name_nothing_make_nothing(server: Server, key: str) -> None:
    owner, content = NAMING_FACETS[key]
    async with started(server) as service:
        assert await send(service, with_facet("j", owner, key, json.dumps(content))) is TAKEN
        nameless = [t for t in _TABLES if service.conn.execute(f"SELECT FROM {t} WHERE name !~ '\\S'").rowcount]
    assert nameless == []


LONG = "n" * 1_000_000
LONG_NAME = {"namespace": LONG, "name": LONG}
LONG_FACETS = {
    "parent": ("run", {"run": {"runId": LONG}, "job": LONG_NAME}),
    "jobDependencies": ("run", {"upstream": [{"job": LONG_NAME}]}),
    "symlinks": ("output", {"identifiers": [{**LONG_NAME, "type": "TABLE"}]}),
    "columnLineage": ("output", {"fields": {LONG: {"inputFields": [{**LONG_NAME, "field": LONG}]}}}),
    "lineage": (
        "job",
        {"entries": [{**LONG_NAME, "type": "DATASET", "fields": {LONG: {"inputs": [{**LONG_NAME, "field": LONG}]}}}]},
    ),
    "dataSource": ("output", {"name": LONG, "uri": LONG}),
    "version": ("output", {"datasetVersion": LONG}),
    "schema": ("output", {"fields": [{"name": LONG, "type": LONG, "description": LONG}]}),
    "tags": ("output", {"tags": [{"key": LONG, "value": LONG, "field": LONG}]}),
    "sourceCodeLocation": ("job", {"url": LONG, "version": LONG}),
    "n" * 1_000_000: ("run", {"a": 1}),
}


@pytest.mark.parametrize("key", LONG_FACETS, ids=lambda key: key[:20])
async def test_facets_with_long_texts(server: Server, key: str) -> None:
    """In a database of its own, whose pages stay large: a million characters are in each."""
    owner, content = LONG_FACETS[key]
    async with started(server) as service:
        await send(service, with_facet("long", owner, key, json.dumps(content)))
        for path in ("jobs", "namespaces", "namespaces/shop/jobs", "tags", "sources", f"jobs/runs/{run_uuid('long')}"):
            await get(service.http, f"/api/v1/{path}")
        if owner == "output":
            await get(service.http, "/api/v1/namespaces/db%3A%2F%2Fshop/datasets")


# ---------------------------------------------------------------- facets

OWNERS = ["run", "job", "input", "output", "inputFacets", "outputFacets", "dataset"]
CONTENTS = {
    "null": "null", "number": "1", "text": '"x"', "list": "[]", "true": "true", "empty": "{}", "empty key": '{"": {"": 1}}',
    "deleted": '{"_deleted": true}', "not deleted": '{"_deleted": null, "a": 1}', "half deleted": '{"_deleted": "yes"}',
    "huge number": '{"a": 1e999, "b": -1e999}', "many digits": '{"a": ' + "1" * 5000 + ', "b": 0.' + "1" * 5000 + "}",
    "same key": '{"a": 1, "a": {"b": []}}', "escapes": '{"a": "\\u0000\\ud800\\ud83d\\ude00\\/\\"\\\\"}',
    "deep": '{"a":' * DEEP + "1" + "}" * DEEP,
}  # fmt: skip


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("which", CONTENTS)
async def test_custom_facets(service: Service, name: str, owner: str, which: str) -> None:
    taken = await send(service, with_facet(name, owner, "custom", CONTENTS[which]))
    assert taken or which == "deep"


KNOWN = {
    "run": ["parent", "nominalTime", "errorMessage", "jobDependencies", "tags", "processing_engine", "externalQuery",
            "executionParameters", "test"],
    "job": ["jobType", "sql", "sourceCode", "sourceCodeLocation", "documentation", "ownership", "tags", "lineage"],
    "output": ["schema", "symlinks", "dataSource", "columnLineage", "version", "tags", "lifecycleStateChange", "documentation",
               "ownership", "storage", "datasetType", "catalog", "lineage", "dataQualityMetrics", "dataQualityAssertions"],
    "inputFacets": ["dataQualityMetrics", "dataQualityAssertions", "inputStatistics", "subset"],
    "outputFacets": ["outputStatistics", "subset"],
}  # fmt: skip
KNOWN["input"] = KNOWN["dataset"] = KNOWN["output"]
FIELDS = [
    "run", "job", "nominalStartTime", "message", "upstream", "tags", "processingType", "query", "url", "version", "description",
    "owners", "entries", "fields", "identifiers", "name", "uri", "datasetVersion", "lifecycleStateChange", "inputs",
    "columnMetrics", "assertions", "rowCount", "datasetType", "storageLayer", "dataset", "parameters", "tests",
]  # fmt: skip
WRONG = [
    "null",
    "1",
    "true",
    '"x"',
    "[]",
    "{}",
    "[null]",
    "[1]",
    '[""]',
    "[[]]",
    "[{}]",
    '{"": null}',
    '{"a": [{"b": {}}]}',
    "1e999",
]


@pytest.mark.parametrize(("owner", "key"), [(owner, key) for owner, keys in KNOWN.items() for key in keys])
async def test_known_facets_of_every_wrong_type(service: Service, name: str, owner: str, key: str) -> None:
    for n, wrong in enumerate(WRONG):
        assert await send(service, with_facet(f"{name}{n}", owner, key, wrong)) is TAKEN
        content = "{" + ", ".join(f'"{field}": {wrong}' for field in FIELDS) + "}"
        assert await send(service, with_facet(f"{name}{n}b", owner, key, content)) is TAKEN


async def test_columns_that_come_twice(service: Service, name: str) -> None:
    fields = [
        {"name": "a", "type": "INT"},
        {"name": "a", "type": "TEXT"},
        {"name": "b", "fields": [{"name": "b"}, {"name": "b"}]},
    ]
    source = {"namespace": "db://shop", "name": name, "field": "a"}
    facets = {"schema": {"fields": fields}, "columnLineage": {"fields": {"a": {"inputFields": [source, source]}}}}
    assert await send(service, encoded(event(name, outputs=[dataset(name, facets), dataset(name, facets)]))) is TAKEN
    found = await get(service.http, place("db://shop", "datasets", name))
    assert "a" in [field["name"] for field in found["fields"]]


async def test_a_deleted_facet_is_gone(service: Service, name: str) -> None:
    for clock, facet in (
        ("08:00:00", {"fields": [{"name": "a"}]}),
        ("09:00:00", {"_deleted": True}),
        ("08:30:00", {"fields": [{"name": "b"}]}),
    ):
        sent = run_event("COMPLETE", clock, name, run=f"{name}{clock}", outputs=[dataset(name, {"schema": facet})])
        assert await send(service, encoded(sent)) is TAKEN
    found = await get(service.http, place("db://shop", "datasets", name))
    assert "schema" not in found["facets"]


# ---------------------------------------------------------------- runs and times


async def test_a_parent_that_is_itself(service: Service, name: str) -> None:
    facet = {"run": {"runId": str(run_uuid(name))}, "job": {"namespace": "shop", "name": name}}
    sent = event(name, run_facets={"parent": facet})
    assert await send(service, encoded(sent)) is TAKEN
    run = await get(service.http, f"/api/v1/jobs/runs/{run_uuid(name)}")
    assert run["state"] == "COMPLETED"


async def test_parents_in_a_circle(service: Service, name: str) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        facet = {"run": {"runId": str(run_uuid(name + other))}, "job": {"namespace": "shop", "name": name + other}}
        sent = run_event("COMPLETE", "08:00:00", name + one, run=name + one, run_facets={"parent": facet})
        assert await send(service, encoded(sent)) is TAKEN
    jobs = await get(service.http, "/api/v1/namespaces/shop/jobs?limit=1000")
    for job in jobs["jobs"]:
        if job["name"].startswith(name):
            await get(service.http, place("shop", "jobs", job["name"]))


@pytest.mark.parametrize("run_id", ["run_id", "", " ", "x" * 1000, "00000000-0000-0000-0000-000000000000", "\0"])
async def test_a_parents_run_id_may_be_anything(service: Service, name: str, run_id: str) -> None:
    facet = {"run": {"runId": run_id}, "job": {"namespace": "shop", "name": "dag"}}
    assert await send(service, encoded(event(name, run_facets={"parent": facet}))) is TAKEN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
        ("2026-03-01T00:00:00.123456789Z", "2026-03-01T00:00:00.123456Z"),
        ("2026-03-01T02:00:00+02:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01 00:00:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00Z[UTC]", "2026-03-01T00:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
    ],
)
async def test_times(service: Service, name: str, text: str, shown: str) -> None:
    assert await send(service, encoded({**run_event("START", "08:00:00", name, run=name), "eventTime": text})) is TAKEN
    run = await get(service.http, f"/api/v1/jobs/runs/{run_uuid(name)}")
    assert run["startedAt"] == shown


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z", "T", "2026-02-30T00:00:00Z"]
)
async def test_times_that_are_none(service: Service, name: str, text: str) -> None:
    assert await send(service, encoded({**event(name), "eventTime": text})) is REFUSED


@pytest.mark.parametrize("spell", [str.upper, lambda t: t.replace("-", ""), "{{{}}}".format, "urn:uuid:{}".format])
async def test_one_run_under_every_spelling_of_its_uuid(service: Service, name: str, spell: Any) -> None:
    uuid = str(run_uuid(name))
    for kind, spelling in (("START", uuid), ("COMPLETE", spell(uuid))):
        sent = run_event(kind, "08:00:00", name)
        sent["run"]["runId"] = spelling
        assert await send(service, encoded(sent)) is TAKEN
    runs = await get(service.http, f"{place('shop', 'jobs', name)}/runs")
    assert [(run["id"], run["state"]) for run in runs["runs"]] == [(uuid, "COMPLETED")]


@pytest.mark.parametrize(
    "uuid",
    ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-7fff-bfff-ffffffffffff", "01000000-0000-7000-8000-000000000000"],
)
async def test_uuids_with_times_of_no_sense(service: Service, name: str, uuid: str) -> None:
    sent = event(name)
    sent["run"]["runId"] = uuid
    assert await send(service, encoded(sent)) is TAKEN
    assert (await get(service.http, f"{place('shop', 'jobs', name)}/runs"))["totalCount"] == 1


# ---------------------------------------------------------------- sizes


async def test_a_facet_of_five_megabytes(service: Service, name: str) -> None:
    text = "0123456789" * 500_000
    sent = event(name, run_facets={"x": {"a": text}}, outputs=[dataset(name, {"x": {"a": text}})])
    assert await send(service, encoded(sent)) is TAKEN
    run = await get(service.http, f"/api/v1/jobs/runs/{run_uuid(name)}")
    assert run["facets"]["x"]["a"] == text


async def test_five_thousand_inputs(service: Service, name: str) -> None:
    inputs = [dataset(f"{name}{n}", {"schema": {"fields": [{"name": f"c{c}"} for c in range(5)]}}) for n in range(5000)]
    assert await send(service, encoded(event(name, inputs=inputs))) is TAKEN
    job = await get(service.http, place("shop", "jobs", name))
    assert len(job["inputs"]) == 5000


async def test_as_many_column_edges_as_a_product_of_300_columns(service: Service, name: str) -> None:
    """Spark sends such; none of them may be lost without a word."""
    source = [{"namespace": "db://shop", "name": name, "field": f"s{n}"} for n in range(300)]
    facet = {"fields": {f"c{n}": {"inputFields": source} for n in range(300)}}
    assert await send(service, encoded(event(name, outputs=[dataset(name, {"columnLineage": facet})]))) is TAKEN
    edges = """
        SELECT count(*) FROM datasets JOIN column_lineage USING (dataset_id) JOIN column_sets USING (set_id) WHERE name = %s
    """
    assert service.conn.execute(edges, [name]).fetchone() == (90_000,)


async def test_a_fault_in_a_large_event_is_found_in_time(service: Service, name: str) -> None:
    """Everybody else waits for it."""
    source = [{"namespace": "db://shop", "name": name, "field": f"s{n}"} for n in range(10)]
    facet = {"fields": {f"c{n}": {"inputFields": source} for n in range(3000)}}  # 3 MB, without _producer and _schemaURL
    body = encoded(event(name, outputs=[dataset(name, {"columnLineage": facet})]))
    started = time.process_time()
    assert await send(service, body) is TAKEN
    assert time.process_time() - started < 2


# ---------------------------------------------------------------- anything at all

_names = st.text(st.characters(), min_size=1, max_size=8).filter(lambda text: not text.replace("\0", "\ufffd").isspace())
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
_facets = st.dictionaries(
    st.sampled_from(sorted({key for keys in KNOWN.values() for key in keys})) | st.text(max_size=6), _json, max_size=3
)
_datasets = st.lists(
    st.builds(lambda name, facets: {"namespace": name, "name": name, "facets": facets, "inputFacets": facets}, _names, _facets),
    max_size=2,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(_names, _facets, _facets, _datasets, _datasets, st.booleans())
async def test_any_content(
    service: Service, job: str, run_facets: Any, job_facets: Any, inputs: Any, outputs: Any, ascii_only: bool
) -> None:
    sent = run_event(
        "COMPLETE", "08:00:00", job, run=ascii(job), inputs=inputs, outputs=outputs, run_facets=run_facets, job_facets=job_facets
    )
    assert await send(service, json.dumps(sent, ensure_ascii=ascii_only).encode(errors="replace")) is TAKEN


# ---------------------------------------------------------------- last: what was taken can be read


async def test_every_page_shows_what_was_taken(service: Service) -> None:
    for path in (
        "/api/v1/namespaces",
        "/api/v1/jobs",
        "/api/v1/sources",
        "/api/v1/tags",
        "/api/v1/conformance",
        "/api/v1/dead-letters",
    ):
        await get(service.http, f"{path}?limit=1000")
    named = "SELECT n.name, '{0}', t.name FROM {0} t JOIN namespaces n USING (namespace_id) WHERE length(n.name || t.name) < 1000"
    rows = [row for table in ("jobs", "datasets") for row in service.conn.execute(named.format(table))]
    for namespace, kind, name in rows:
        if not name.startswith(("test_five_thousand", "test_known")):
            await get(service.http, place(namespace, kind, name))
    for namespace in {row[0] for row in rows}:
        for kind in ("jobs", "datasets"):
            await get(service.http, f"{place(namespace, kind, '')}?limit=1000")
