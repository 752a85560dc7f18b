from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from headwater.db.pool import Pool
from headwater.errors import InvalidNodeId, NotFound
from headwater.lineage.node_ids import (
    Cut,
    NodeKind,
    cuts,
    dataset_node_id,
    field_node_id,
    job_node_id,
    parse,
    resolve,
)
from tests.build import dataset, dataset_event, run_event, schema, store
from tests.queries import recorded

VERSION = UUID("12345678-1234-8234-9234-123456789abc")
HOSTILE = [
    ("trino://host:1337", "2024:daily"),
    ("jdbc:h2:mem:x", "PUBLIC.T"),
    ("s3://b", "a/b:c//d"),
    ("postgres://db:5432", "public.t#1"),
    ("ns", f"name#{VERSION}"),
    ("a%3Ab", "c%20d"),
    ("dataset", "job:x:y"),
    ("пространство имён", "表:ünï\u0007"),
    (":", ":"),
]

_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)  # as names are stored
_colons = st.text("ab:/#%3A1", min_size=1, max_size=12)


@given(st.one_of(_names, _colons), st.one_of(_names, _colons), st.one_of(_names, _colons), st.booleans())
@example("a:b", "c:d", "e:f", True)
def test_one_of_the_cuts_is_what_was_meant(namespace: str, name: str, field: str, versioned: bool) -> None:
    version = VERSION if versioned else None
    for built, wanted in (
        (dataset_node_id(namespace, name), Cut(namespace, name)),
        (job_node_id(namespace, name), Cut(namespace, name)),
        (field_node_id(namespace, name, field, version), Cut(namespace, name, field, version)),
        (f"dataset:{quote(namespace, safe='')}:{quote(name, safe='')}", Cut(namespace, name)),
    ):
        assert wanted in list(cuts(*parse(built)))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for prefix in ("", "dataset:", "datasetField:", "job:", "run:"):
        try:
            list(cuts(*parse(prefix + text)))
        except InvalidNodeId as error:
            assert "Expected dataset:<namespace>:<name>" in error.message  # noqa: PT017 - a property, not one case


@pytest.mark.parametrize("text", ["", "dataset", "dataset:x", "job:", "datasetField:a:b", "table:a:b", "dataset:" + ":" * 500])
def test_what_is_no_node_id(text: str) -> None:
    with pytest.raises(InvalidNodeId):
        parse(text)


def test_the_longest_namespace_comes_first() -> None:
    assert next(cuts(NodeKind.DATASET, "s3://a:b:c")) == Cut("s3://a:b", "c")


@pytest.mark.parametrize(("namespace", "name"), HOSTILE)
async def test_hostile_names_are_found_in_one_statement(database: str, pool: Pool, namespace: str, name: str) -> None:
    told = dataset(name, schema("x"), namespace=namespace)
    await store(database, [run_event("COMPLETE", "08:00", name, namespace=namespace, outputs=[told])])
    async with pool.connection() as conn:
        for built in (
            dataset_node_id(namespace, name),
            job_node_id(namespace, name),
            field_node_id(namespace, name, "x"),
            f"dataset:{quote(namespace, safe='')}:{quote(name, safe='')}",
            f"dataset:{namespace}:{name}#{VERSION}",
        ):
            with recorded() as statements:
                found = await resolve(conn, built)
            assert (found.namespace, found.name) == (namespace, name)
            assert found.version == (VERSION if built.endswith(f"#{VERSION}") and not name.endswith(str(VERSION)) else None) or (
                built.endswith(f"#{VERSION}#{VERSION}") and found.version == VERSION
            )
            assert len(statements) == 1


async def test_an_alias_is_the_dataset_that_it_names(database: str, pool: Pool) -> None:
    symlinks = {"symlinks": {"identifiers": [{"namespace": "hive://m", "name": "shop.t", "type": "TABLE"}]}}
    await store(database, [dataset_event("08:00", "t", symlinks)])
    async with pool.connection() as conn:
        found = await resolve(conn, "datasetField:hive://m:shop.t:x")
    assert (found.namespace, found.name, found.field) == ("db://shop", "t", "x")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=40))
@example("a:\ud800")
@example("a:b\0")
async def test_unknown_names_are_not_found(pool: Pool, text: str) -> None:
    async with pool.connection() as conn:
        for prefix in ("dataset:", "datasetField:", "job:", "run:"):
            with pytest.raises((InvalidNodeId, NotFound)):
                await resolve(conn, prefix + text)


async def test_what_is_not_found_is_named(pool: Pool) -> None:
    async with pool.connection() as conn:
        for node_id, message in (
            ("job:shop:nope", "Job 'nope' not found."),
            ("dataset:s3://b:a/b", "Dataset 'a/b' not found."),
            ("run:nope", "Run 'nope' not found."),
        ):
            with pytest.raises(NotFound) as raised:
                await resolve(conn, node_id)
            assert raised.value.message == message
