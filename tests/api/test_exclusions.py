"""Namespaces that the settings leave out."""

from __future__ import annotations

import json

import pytest

from headwater.errors import Invalid
from tests.api.ingesting import BATCH, LINEAGE, events
from tests.build import dataset_event, job_event, run_event
from tests.serving import in_process

V1 = "/api/v1"
LEFT_OUT = [
    run_event("COMPLETE", "08:00", namespace="tmp1", outputs=["a"]),
    dataset_event("08:01", "b", namespace="tmp2"),
]
TAKEN = [job_event("08:02", "load"), run_event("COMPLETE", "08:03", namespace="not_tmp", inputs=[])]


async def test_what_is_told_of_them_is_not_stored_and_their_senders_are_content(database: str) -> None:
    async with in_process(database, exclude_namespaces_on_write="^tmp") as http:
        for event in [*LEFT_OUT, *TAKEN]:
            assert (await http.post(LINEAGE, json=event)).status_code == 201
        assert (await http.post(BATCH, json=[*LEFT_OUT, *TAKEN])).status_code == 204
        put = await http.put(f"{V1}/namespaces/tmp3", json={"ownerName": "ada"})
        assert (put.status_code, put.json()["message"]) == (403, "Namespace 'tmp3' is excluded: nothing is stored of it.")
        listed = (await http.get(f"{V1}/namespaces")).json()
    assert [n["name"] for n in listed["namespaces"]] == ["default", "not_tmp", "shop"]
    assert [json.loads(body) for body in events(database)] == TAKEN


async def test_what_is_there_already_can_be_deleted(database: str) -> None:
    async with in_process(database) as http:
        await http.post(LINEAGE, json=LEFT_OUT[0])
    async with in_process(database, exclude_namespaces_on_write="^tmp") as http:
        assert (await http.delete(f"{V1}/namespaces/tmp1")).json()["isHidden"]


async def test_what_is_in_no_namespace_is_never_left_out(database: str) -> None:
    """Sources and tags, those that are asked for at the start too, by a pattern that nearly everything fits."""
    async with in_process(database, exclude_namespaces_on_write="^(?!prod)", tags={"RAW": None}) as http:
        assert (await http.put(f"{V1}/sources/pg", json={"type": "PG", "connectionUrl": "pg://db"})).status_code == 200
        assert (await http.put(f"{V1}/tags/PII", json={})).status_code == 200
        assert [tag["name"] for tag in (await http.get(f"{V1}/tags")).json()["tags"]] == ["PII", "RAW"]


async def test_the_list_of_namespaces_is_without_them(database: str) -> None:
    async with in_process(database, exclude_namespaces_on_read="^tmp") as http:
        for event in [*LEFT_OUT, *TAKEN]:
            assert (await http.post(LINEAGE, json=event)).status_code == 201
        listed = (await http.get(f"{V1}/namespaces?limit=1&offset=1")).json()
        assert (await http.get(f"{V1}/namespaces/tmp1")).status_code == 200
        assert (await http.get(f"{V1}/namespaces/tmp1/jobs")).json()["totalCount"] == 1
    assert ([n["name"] for n in listed["namespaces"]], listed["totalCount"]) == (["default"], 4)


async def test_a_pattern_that_is_none_keeps_the_service_from_starting(database: str) -> None:
    with pytest.raises(Invalid, match="EXCLUDE_NAMESPACES_ON_READ: invalid regular expression"):
        async with in_process(database, exclude_namespaces_on_read="("):
            pass
