"""What people write over Marquez's REST API: shown at once, kept in the log, and there again after a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from headwater.ingest.replay import replay
from headwater.ingest.state import state_hash
from tests.build import dataset, dataset_event, run_event, run_uuid, schema
from tests.ingest.orders import connected
from tests.serving import in_process

V1 = "/api/v1"
NS = f"{V1}/namespaces/shop"
SOURCE = {"type": "POSTGRESQL", "connectionUrl": "jdbc:postgresql://db:5432/shop", "description": "the shop's"}
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "INT", "description": "key"},
    {"name": "email", "type": "TEXT", "tags": ["PII"]},
]
TABLE = {"type": "DB_TABLE", "physicalName": "public.t", "sourceName": "pg", "fields": FIELDS, "tags": ["CORE"]}
JOB = {"type": "BATCH", "inputs": [{"namespace": "shop", "name": "in"}], "outputs": [{"namespace": "shop", "name": "out"}]}


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with in_process(database) as client:
        yield client


async def _told(http: httpx.AsyncClient, method: str, path: str, content: Any = None, status: int = 200) -> Any:
    answer = await http.request(method, path, json=content)
    assert answer.status_code == status, answer.text
    return answer.json()


async def _shop(http: httpx.AsyncClient) -> None:
    await _told(http, "PUT", NS, {"ownerName": "ada"})
    await _told(http, "PUT", f"{V1}/sources/pg", SOURCE)
    for name in ("in", "out"):
        await _told(http, "PUT", f"{NS}/datasets/{name}", TABLE)
    await _told(http, "PUT", f"{NS}/jobs/load", {**JOB, "description": "loads", "location": "https://git/x"})


async def _event(http: httpx.AsyncClient, event: Any) -> None:
    assert (await http.post(f"{V1}/lineage", json=event)).status_code == 201


# ---------------------------------------------------------------- nouns


async def test_a_namespace_has_the_owner_and_description_that_were_put_last(http: httpx.AsyncClient) -> None:
    first = await _told(http, "PUT", NS, {"ownerName": "ada", "description": "all of it", "unknown": 1})
    assert (first["ownerName"], first["description"], first["isHidden"]) == ("ada", "all of it", False)
    second = await _told(http, "PUT", NS, {"ownerName": "bob"})
    assert (second["ownerName"], second["description"]) == ("bob", "all of it")
    assert second["updatedAt"] > second["createdAt"] == first["createdAt"]
    assert (await _told(http, "PUT", NS, {"ownerName": "bob", "description": "less"}))["description"] == "less"


async def test_a_source_is_what_was_put(http: httpx.AsyncClient) -> None:
    put = await _told(http, "PUT", f"{V1}/sources/pg", SOURCE)
    assert {key: put[key] for key in SOURCE} == SOURCE
    event = run_event("COMPLETE", "08:00", outputs=[dataset("a", {"dataSource": {"name": "s3", "uri": "s3://lake"}})])
    await _event(http, event)
    listed = await _told(http, "GET", f"{V1}/sources")
    assert (listed["totalCount"], [s["name"] for s in listed["sources"]]) == (2, ["pg", "s3"])


async def test_a_tag_keeps_its_description_until_another_is_put(http: httpx.AsyncClient) -> None:
    assert await _told(http, "PUT", f"{V1}/tags/PII", {"description": "personal"}) == {"name": "PII", "description": "personal"}
    assert (await _told(http, "PUT", f"{V1}/tags/PII", {"description": None}))["description"] == "personal"


async def test_a_dataset_is_what_was_put(http: httpx.AsyncClient) -> None:
    await _shop(http)
    put = await _told(http, "PUT", f"{NS}/datasets/out", {**TABLE, "description": "sums"})
    assert (put["physicalName"], put["sourceName"], put["description"], put["tags"]) == ("public.t", "pg", "sums", ["CORE"])
    assert [(f["name"], f["type"], f["tags"]) for f in put["fields"]] == [("id", "INT", []), ("email", "TEXT", ["PII"])]
    assert not [key for key in put["facets"] if key.startswith("headwater")]
    again = await _told(http, "PUT", f"{NS}/datasets/out", {**TABLE, "fields": None, "tags": []})
    assert (again["currentVersion"], again["description"], again["tags"]) == (put["currentVersion"], "sums", ["CORE"])
    other = await _told(http, "PUT", f"{NS}/datasets/out", {**TABLE, "fields": FIELDS[:1]})
    assert other["currentVersion"] != put["currentVersion"]
    assert (await _told(http, "GET", f"{NS}/datasets/out/versions"))["totalCount"] == 2


async def test_a_version_is_of_what_was_put(http: httpx.AsyncClient) -> None:
    """Another order of the fields or case of their types makes none, as in Marquez."""
    await _shop(http)
    await _told(http, "PUT", f"{V1}/sources/s3", {"type": "S3", "connectionUrl": "s3://lake"})
    path = f"{NS}/datasets/new"
    first = (await _told(http, "PUT", path, TABLE))["currentVersion"]
    lower = [{**field, "type": field["type"].lower()} for field in FIELDS]
    sames: list[dict[str, Any]] = [*({"fields": told} for told in (FIELDS, FIELDS[::-1], lower, None)), {"description": "sums"}]
    for same in sames:
        assert (await _told(http, "PUT", path, {**TABLE, **same}))["currentVersion"] == first
    others: list[dict[str, Any]] = [{"physicalName": "public.u"}, {"sourceName": "s3"}, {"fields": []}]
    other = [(await _told(http, "PUT", path, {**TABLE, **told}))["currentVersion"] for told in others]
    assert len({first, *other}) == 4
    names = [v["physicalName"] for v in (await _told(http, "GET", f"{path}/versions"))["versions"]]
    assert names == ["public.t", "public.t", "public.u", "public.t"]


async def test_a_put_without_fields_leaves_them_as_events_told_them(http: httpx.AsyncClient) -> None:
    await _shop(http)
    told = {"schema": {"fields": [{"name": "who", "type": "STRUCT", "fields": [{"name": "city", "type": "TEXT"}]}]}}
    await _event(http, dataset_event("08:00", "nested", told, namespace="shop"))
    before = await _told(http, "GET", f"{NS}/datasets/nested")
    for fields in (None, before["fields"]):
        put = await _told(http, "PUT", f"{NS}/datasets/nested", {**TABLE, "fields": fields})
        assert put["fields"] == before["fields"]
        assert put["facets"]["schema"]["fields"] == told["schema"]["fields"], "a struct's fields are inside of it"


async def test_a_dataset_without_fields_has_a_version(http: httpx.AsyncClient) -> None:
    await _shop(http)
    put = await _told(http, "PUT", f"{NS}/datasets/new", {**TABLE, "fields": None})
    version = await _told(http, "GET", f"{NS}/datasets/new/versions/{put['currentVersion']}")
    assert (put["fields"], version["fields"]) == ([], [])
    assert (put["lastLifecycleState"], version["lifecycleState"]) == (None, None), "events alone tell of states"


async def test_a_stream_has_a_schema_location(http: httpx.AsyncClient) -> None:
    await _shop(http)
    stream = {**TABLE, "type": "STREAM", "schemaLocation": "https://schemas/1"}
    put = await _told(http, "PUT", f"{NS}/datasets/topic", stream)
    assert (put["type"], put["schemaLocation"]) == ("STREAM", "https://schemas/1")


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (f"{V1}/namespaces/none/datasets/a", TABLE, "Namespace 'none' not found."),
        (f"{NS}/datasets/a", {**TABLE, "sourceName": "none"}, "Source 'none' not found."),
        (f"{NS}/datasets/a", {**TABLE, "runId": "00000000-0000-4000-8000-000000000001"}, "Run '00000000"),
        (f"{NS}/jobs/a", {**JOB, "inputs": [{"namespace": "shop", "name": "none"}]}, "Dataset 'none' not found."),
    ],
)
async def test_what_is_named_must_be_there(http: httpx.AsyncClient, path: str, content: Any, message: str) -> None:
    await _shop(http)
    assert (await _told(http, "PUT", path, content, 404))["message"].startswith(message)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (f"{V1}/namespaces/{{}}", {"ownerName": "ada"}),
        (f"{V1}/sources/{{}}", SOURCE),
        (f"{V1}/tags/{{}}", {}),
        (f"{NS}/datasets/{{}}", TABLE),
        (f"{NS}/jobs/{{}}", JOB),
    ],
)
async def test_what_is_made_has_a_name_to_be_read(http: httpx.AsyncClient, path: str, content: Any) -> None:
    await _shop(http)
    assert (await _told(http, "PUT", path.format("%20"), content, 400))["message"] == "name is blank"
    long = await _told(http, "PUT", path.format("a" * 10_001), content, 400)
    assert long["message"] == "name has 10,001 characters; the limit is 10,000"


@pytest.mark.parametrize("content", [{}, {"ownerName": " "}, {"ownerName": 1}, [], None])
async def test_a_wrong_body_is_told_where(http: httpx.AsyncClient, content: Any) -> None:
    assert (await _told(http, "PUT", NS, content, 400))["code"] == 400


# ---------------------------------------------------------------- jobs and runs


async def test_a_job_is_what_was_put(http: httpx.AsyncClient) -> None:
    await _shop(http)
    job = await _told(http, "GET", f"{NS}/jobs/load")
    assert (job["inputs"], job["outputs"]) == (JOB["inputs"], JOB["outputs"])
    assert (job["type"], job["description"], job["location"], job["labels"]) == ("BATCH", "loads", "https://git/x", [])


async def test_a_run_from_its_making_to_its_end(http: httpx.AsyncClient) -> None:
    await _shop(http)
    meta = {"args": {"k": "v"}, "nominalStartTime": "2026-01-01T00:00:00Z"}
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", meta, 201)
    assert (run["state"], run["nominalStartTime"], run["args"]) == ("NEW", "2026-01-01T00:00:00Z", {"k": "v"})
    assert [v["datasetVersionId"]["name"] for v in run["inputDatasetVersions"]] == ["in"]
    assert "already exists" in (await _told(http, "POST", f"{NS}/jobs/load/runs", {"id": run["id"]}, 400))["message"]
    path = f"{V1}/jobs/runs/{run['id']}"
    assert (await _told(http, "POST", f"{path}/start?at=2026-01-01T00:00:00Z"))["startedAt"] == "2026-01-01T00:00:00Z"
    done = await _told(http, "POST", f"{path}/complete")
    assert (done["state"], [v["datasetVersionId"]["name"] for v in done["outputDatasetVersions"]]) == ("COMPLETED", ["out"])
    assert (await _told(http, "GET", f"{NS}/jobs/load"))["outputs"] == JOB["outputs"]


async def test_what_a_run_wrote_has_the_fields_of_its_dataset(http: httpx.AsyncClient) -> None:
    """As in Marquez, where only the dataset's own PUT tells them."""
    await _shop(http)
    for put in (False, True):
        run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
        if put:
            await _told(http, "PUT", f"{NS}/jobs/load", {**JOB, "runId": run["id"]})
        await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/complete")
        out = await _told(http, "GET", f"{NS}/datasets/out")
        version = await _told(http, "GET", f"{NS}/datasets/out/versions/{out['currentVersion']}")
        assert version["createdByRun"]["id"] == run["id"]
        assert version["fields"] == out["fields"]
        assert [field["name"] for field in version["fields"]] == ["id", "email"]


async def test_arguments_of_a_run_are_shown_as_strings(http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {"args": {"batch": 5, "share": 1.5, "dry": True}}, 201)
    assert run["args"] == {"batch": "5", "share": "1.5", "dry": "true"}
    wrong = await _told(http, "POST", f"{NS}/jobs/load/runs", {"args": {"batch": [5]}}, 400)
    assert wrong["message"] == "body param args.batch must be a string"


async def test_a_run_ends_at_a_time(http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    wrong = await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/complete?at=noon", status=400)
    assert wrong["message"].startswith("query param at must be a time")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00%2B10:00", "9999-12-31T23:59:59-10:00"])
async def test_a_time_must_be_one_in_utc(http: httpx.AsyncClient, time: str) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    wrong = await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/complete?at={time}", status=400)
    assert wrong["message"] == "query param at must be in the years 1 to 9999 of UTC"
    nominal = {"nominalStartTime": time.replace("%2B", "+")}
    assert (await _told(http, "POST", f"{NS}/jobs/load/runs", nominal, 400))["message"].startswith("body param nominalStartTime")


async def test_a_job_is_put_in_its_own_runs_only(http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    await _told(http, "PUT", f"{V1}/namespaces/other", {"ownerName": "ada"})
    for path in (f"{V1}/namespaces/other/jobs/load", f"{NS}/jobs/other"):
        await _told(http, "PUT", path, JOB)
        assert (await _told(http, "PUT", path, {**JOB, "runId": run["id"]}, 404))["message"] == f"Run '{run['id']}' not found."


async def test_a_run_of_a_deleted_job_can_end(http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    await _told(http, "DELETE", f"{NS}/jobs/load")
    done = await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/complete")
    assert (done["state"], [v["datasetVersionId"]["name"] for v in done["outputDatasetVersions"]]) == ("COMPLETED", ["out"])


async def test_a_run_that_fails_takes_nothing_from_its_job(http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    assert (await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/fail"))["state"] == "FAILED"
    job = await _told(http, "GET", f"{NS}/jobs/load")
    assert (job["inputs"], job["outputs"]) == (JOB["inputs"], JOB["outputs"])


@pytest.mark.parametrize("end", ["complete", "fail", "abort"])
async def test_outputs_were_last_modified_when_their_run_ended(http: httpx.AsyncClient, end: str) -> None:
    """As in Marquez: by runs that are marked over REST, and by those only."""
    await _shop(http)
    await _event(http, run_event("COMPLETE", "08:00", outputs=[dataset("out", namespace="shop")]))
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
    await _told(http, "PUT", f"{NS}/datasets/out", {**TABLE, "runId": run["id"]})
    await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/start")
    assert (await _told(http, "GET", f"{NS}/datasets/out"))["lastModifiedAt"] is None
    at = "2099-01-01T00:00:00Z"
    ended = await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/{end}?at={at}")
    assert [(v["datasetVersionId"]["name"], v["facets"]) for v in ended["outputDatasetVersions"]] == [("out", {})]
    out = await _told(http, "GET", f"{NS}/datasets/out")
    assert (out["lastModifiedAt"], out["updatedAt"]) == (at, at)
    assert not [key for key in out["facets"] if key.startswith("headwater")]
    assert [f["name"] for f in out["fields"]] == ["id", "email"]
    nodes = (await _told(http, "GET", f"{V1}/lineage?nodeId=dataset:shop:out"))["graph"]
    shown = {node["id"]: node["data"].get("lastModifiedAt") for node in nodes}
    assert (shown["dataset:shop:out"], shown["dataset:shop:in"]) == (at, None)


async def test_a_childs_run_is_marked_under_the_name_of_its_events(http: httpx.AsyncClient) -> None:
    parent = {"parent": {"run": {"runId": "00000000-0000-4000-8000-000000000002"}, "job": {"namespace": "shop", "name": "dag"}}}
    start = run_event("START", "08:00", "task", run_facets=parent)
    await _event(http, start)
    run = start["run"]["runId"]
    await _told(http, "POST", f"{V1}/jobs/runs/{run}/abort")
    runs = await _told(http, "GET", f"{NS}/jobs/dag.task/runs")
    assert [(r["id"], r["state"]) for r in runs["runs"]] == [(run, "ABORTED")]


# ---------------------------------------------------------------- tags


async def test_tags_are_given_and_taken(http: httpx.AsyncClient) -> None:
    await _shop(http)
    assert (await _told(http, "POST", f"{NS}/datasets/in/tags/GOLD"))["tags"] == ["CORE", "GOLD"]
    assert (await _told(http, "DELETE", f"{NS}/datasets/in/tags/CORE"))["tags"] == ["GOLD"]
    assert (await _told(http, "DELETE", f"{NS}/datasets/in/tags/CORE"))["tags"] == ["GOLD"]
    fields = (await _told(http, "POST", f"{NS}/datasets/in/fields/id/tags/key"))["fields"]
    assert [f["tags"] for f in fields] == [["KEY"], ["PII"]]
    assert (await _told(http, "POST", f"{NS}/jobs/load/tags/nightly"))["tags"] == ["nightly"]
    for blank in (f"{NS}/datasets/in/tags/%20", f"{NS}/datasets/in/fields/id/tags/%20", f"{NS}/jobs/load/tags/%20"):
        assert (await _told(http, "POST", blank, status=400))["message"] == "path param tag must not be blank"
    missing = await _told(http, "POST", f"{NS}/datasets/in/fields/none/tags/x", status=404)
    assert missing["message"] == "Field 'none' not found for dataset 'in'."
    assert {"GOLD", "KEY", "PII", "nightly"} <= {t["name"] for t in (await _told(http, "GET", f"{V1}/tags"))["tags"]}
    assert (await _told(http, "GET", f"{NS}/datasets/in/versions"))["totalCount"] == 1, "a tag makes no version"


async def test_a_tag_is_an_update(http: httpx.AsyncClient) -> None:
    await _shop(http)
    for path in (f"{NS}/datasets/in", f"{NS}/jobs/load"):
        before = (await _told(http, "GET", path))["updatedAt"]
        given = (await _told(http, "POST", f"{path}/tags/GOLD"))["updatedAt"]
        taken = (await _told(http, "DELETE", f"{path}/tags/GOLD"))["updatedAt"]
        assert before < given < taken
        assert (await _told(http, "DELETE", f"{path}/tags/GOLD"))["updatedAt"] == taken, "nothing was taken away"


async def test_a_child_has_tags_of_its_own(http: httpx.AsyncClient) -> None:
    for dag in ("one", "two"):
        parent = {"parent": {"run": {"runId": str(run_uuid(dag))}, "job": {"namespace": "shop", "name": dag}}}
        await _event(http, run_event("COMPLETE", "08:00", "task", f"{dag} task", run_facets=parent))
    assert (await _told(http, "POST", f"{NS}/jobs/one.task/tags/nightly"))["tags"] == ["nightly"]
    assert (await _told(http, "GET", f"{NS}/jobs/one.task"))["tags"] == ["nightly"]
    assert (await _told(http, "GET", f"{NS}/jobs/two.task"))["tags"] == []


async def test_a_tag_by_a_symlink_is_the_datasets(http: httpx.AsyncClient) -> None:
    links = {"symlinks": {"identifiers": [{"namespace": "hive", "name": "nick", "type": "TABLE"}]}}
    await _event(http, dataset_event("08:00", "a", {**schema("x"), **links}))
    alias = f"{V1}/namespaces/hive/datasets/nick"
    await _told(http, "POST", f"{alias}/tags/GOLD")
    await _told(http, "POST", f"{alias}/fields/x/tags/KEY")
    shown = await _told(http, "GET", f"{V1}/namespaces/db%3A%2F%2Fshop/datasets/a")
    assert (shown["tags"], shown["fields"][0]["tags"]) == (["GOLD"], ["KEY"])


async def test_a_tag_of_events_can_be_taken_away(http: httpx.AsyncClient) -> None:
    event = dataset_event("08:00", "a", {**schema("x"), "tags": {"tags": [{"key": "raw"}, {"key": "pii", "field": "x"}]}})
    await _event(http, event)
    path = f"{V1}/namespaces/db%3A%2F%2Fshop/datasets/a"
    assert (await _told(http, "DELETE", f"{path}/tags/raw"))["tags"] == []
    await _event(http, {**event, "eventTime": "2026-03-01T09:00:00Z"})
    assert (await _told(http, "GET", path))["tags"] == [], "the person's word stays"
    assert (await _told(http, "POST", f"{path}/tags/raw"))["tags"] == ["raw"]


# ---------------------------------------------------------------- hidden


async def test_what_is_deleted_comes_back_with_its_next_event(http: httpx.AsyncClient) -> None:
    event = run_event("COMPLETE", "08:00", inputs=["in"], outputs=["out"])
    await _event(http, event)
    store = f"{V1}/namespaces/db%3A%2F%2Fshop/datasets"
    await _told(http, "DELETE", f"{NS}/jobs/load")
    await _told(http, "DELETE", f"{store}/out")
    await _told(http, "GET", f"{NS}/jobs/load", status=404)
    await _told(http, "GET", f"{store}/out", status=404)
    await _event(http, run_event("COMPLETE", "07:00", run="two", outputs=["out"]))  # earlier by its own clock
    await _told(http, "GET", f"{NS}/jobs/load")
    await _told(http, "GET", f"{store}/out")


async def test_what_is_deleted_can_be_shown_again(http: httpx.AsyncClient) -> None:
    await _shop(http)
    for path in (f"{NS}/jobs/load", f"{NS}/datasets/out"):
        before = await _told(http, "DELETE", path)
        await _told(http, "GET", path, status=404)
        assert (await _told(http, "POST", f"{path}/undelete"))["name"] == before["name"]


async def test_what_is_deleted_comes_back_when_it_is_put(http: httpx.AsyncClient) -> None:
    await _shop(http)
    for path, content in ((f"{NS}/datasets/out", TABLE), (f"{NS}/jobs/load", JOB)):
        await _told(http, "DELETE", path)
        await _told(http, "PUT", path, content)
        await _told(http, "GET", path)


async def test_a_namespace_is_deleted_with_all_that_is_in_it(http: httpx.AsyncClient) -> None:
    await _shop(http)
    assert (await _told(http, "DELETE", NS))["isHidden"]
    await _told(http, "GET", f"{NS}/jobs/load", status=404)
    assert (await _told(http, "GET", f"{NS}/datasets"))["totalCount"] == 0
    await _event(http, run_event("START", "08:00", "other"))
    assert not (await _told(http, "GET", NS))["isHidden"]
    await _told(http, "GET", f"{NS}/jobs/load", status=404)
    await _told(http, "POST", f"{NS}/undelete")
    await _told(http, "GET", f"{NS}/jobs/load")


async def test_deleting_what_is_not_there(http: httpx.AsyncClient) -> None:
    for path in (NS, f"{NS}/jobs/none", f"{NS}/datasets/none"):
        await _told(http, "DELETE", path, status=404)
        await _told(http, "POST", f"{path}/undelete", status=404)


# ---------------------------------------------------------------- deleted for good


async def test_what_is_deleted_for_good_is_nowhere(database: str) -> None:
    async with in_process(database, admin=True) as http:
        await _shop(http)
        await _told(http, "POST", f"{NS}/jobs/load/runs", {}, 201)
        around = f"{V1}/lineage?nodeId=dataset:shop:in"
        assert len((await _told(http, "GET", around))["graph"]) == 3
        await _told(http, "DELETE", f"{NS}/jobs/load")
        assert (await http.delete(f"{NS}/jobs/load?hard=true")).status_code == 204, "hidden ones too"
        await _told(http, "POST", f"{NS}/jobs/load/undelete", status=404)
        assert [node["id"] for node in (await _told(http, "GET", around))["graph"]] == ["dataset:shop:in"]
        assert (await http.delete(f"{NS}/datasets/in?hard=true")).status_code == 204
        await _told(http, "GET", f"{NS}/datasets/in", status=404)
        assert (await http.delete(f"{NS}?hard=true")).status_code == 204
        for path in (NS, f"{NS}/jobs/load", f"{NS}/datasets/out"):
            await _told(http, "DELETE", f"{path}?hard=true", status=404)
        await _shop(http)
        assert len((await _told(http, "GET", around))["graph"]) == 3, "what is told again is there again"
        assert (await _told(http, "GET", f"{NS}/jobs/load/runs"))["totalCount"] == 0


async def test_deleting_for_good_is_off_by_default(http: httpx.AsyncClient) -> None:
    await _shop(http)
    for path in (NS, f"{NS}/jobs/load", f"{NS}/datasets/out"):
        assert "HEADWATER_ADMIN" in (await _told(http, "DELETE", f"{path}?hard=true", status=403))["message"]
        await _told(http, "GET", path)
    told = {"kind": "erase", "namespace": "shop"}
    event = {"eventTime": "2026-03-01T00:00:00Z", "producer": "x", "schemaURL": "x", "headwaterWrite": told}
    assert (await http.post(f"{V1}/lineage", json=event)).status_code == 422, "nor is there a way around"
    await _told(http, "GET", f"{NS}/jobs/load")


# ---------------------------------------------------------------- the log


async def test_everything_is_there_again_after_a_replay(database: str, http: httpx.AsyncClient) -> None:
    await _shop(http)
    run = await _told(http, "POST", f"{NS}/jobs/load/runs", {"args": {"k": "v"}}, 201)
    await _told(http, "POST", f"{V1}/jobs/runs/{run['id']}/complete")
    await _told(http, "POST", f"{NS}/datasets/in/tags/GOLD")
    await _told(http, "DELETE", f"{NS}/datasets/in/tags/CORE")
    await _told(http, "DELETE", f"{NS}/datasets/out")
    await _told(http, "POST", f"{NS}/datasets/out/undelete")
    await _told(http, "DELETE", f"{NS}/jobs/load")
    asked = [NS, f"{V1}/sources", f"{NS}/datasets", f"{NS}/jobs", f"{NS}/datasets/in/versions", f"{V1}/jobs/runs/{run['id']}"]
    before = [await _told(http, "GET", path) for path in asked]
    async with connected(database) as conn:
        expected = await state_hash(conn)
    assert await replay(database, lambda done, total: None) == expected
    assert [await _told(http, "GET", path) for path in asked] == before
    assert (await _told(http, "GET", f"{NS}/jobs"))["totalCount"] == 0
