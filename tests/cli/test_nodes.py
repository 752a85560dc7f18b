"""Naming a job or dataset, against a real service."""

from __future__ import annotations

import asyncio

import pytest
from tests.build import dataset, run_event, store

from headwater.cli.client import Client, Refused
from headwater.cli.nodes import DATASET, JOB, find
from headwater.errors import HeadwaterError, NotFound

ALIAS = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "db.orders", "type": "TABLE"}]}}
ORDERS = dataset("s3://x/orders", ALIAS, namespace="s3://x:1")
REPORT = dataset("report", namespace="odd:1")
EVENTS = [
    run_event("START", "08:00", "daily", inputs=["a:b", ORDERS], outputs=["marts.orders"]),
    run_event("START", "08:00", "marts.report", run="two", inputs=["marts.orders"], outputs=[REPORT]),
    run_event("START", "08:00", "weekly.report", run="three", inputs=["a:b"], outputs=["orders_old"]),
]


@pytest.fixture
def client(database: str, service_url: str) -> Client:
    asyncio.run(store(database, EVENTS))
    return Client(service_url)


def test_by_namespace_and_name(client: Client) -> None:
    assert find(client, "shop", "daily", [JOB]).id == "job:shop:daily"
    with pytest.raises(Refused, match="Job 'nix' not found"):
        find(client, "shop", "nix", [JOB])


@pytest.mark.parametrize(
    "node", ["dataset:db://shop:a:b", "dataset:s3://x:1:s3://x/orders", "dataset:odd:1:report", "job:shop:daily"]
)
def test_by_id_wherever_its_colons_are(client: Client, node: str) -> None:
    assert find(client, node).id == node


def test_a_symlink_leads_to_its_dataset(client: Client) -> None:
    assert find(client, "dataset:hive:db.orders").id == "dataset:s3://x:1:s3://x/orders"


def test_by_a_name_that_only_one_has(client: Client) -> None:
    assert find(client, "DAILY").id == "job:shop:daily"
    assert find(client, "orders_old").id == "dataset:db://shop:orders_old"


def test_the_whole_name_comes_before_its_end_and_that_before_any_part(client: Client) -> None:
    assert find(client, "report", kinds=[DATASET]).id == "dataset:odd:1:report"
    with pytest.raises(HeadwaterError, match=r"(?s)may be any of these.*db://shop:marts.orders.*s3://x/orders") as caught:
        find(client, "orders", kinds=[DATASET])
    assert "orders_old" not in caught.value.message


def test_only_one_kind(client: Client) -> None:
    with pytest.raises(HeadwaterError, match="job:shop:daily is no dataset"):
        find(client, "job:shop:daily", kinds=[DATASET])


def test_what_is_not_there(client: Client) -> None:
    with pytest.raises(NotFound, match="Dataset 'x:y:z' not found"):
        find(client, "dataset:x:y:z")
    with pytest.raises(HeadwaterError, match="No dataset or job has 'nix' in its name"):
        find(client, "nix")
