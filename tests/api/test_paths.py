from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from tests.build import dataset, run_event, store

NAMES = ("a/b", "50%", "a%2Fb", "x y+z", "#?&=", "..", "a:b@c", "日本/ü", "'; --", "tab\tline\n")


@pytest.mark.parametrize("name", NAMES)
async def test_names_hold_any_character(database: str, client: httpx.AsyncClient, name: str) -> None:
    namespace = f"s3://bucket/{name}"
    event = run_event("COMPLETE", "08:00", name, outputs=[dataset(name, namespace=namespace)], namespace=namespace)
    await store(database, [event])
    place = f"/api/v1/namespaces/{quote(namespace, safe='')}"
    wanted = {"namespace": namespace, "name": name}
    assert (await _get(client, f"{place}")).json()["name"] == namespace
    assert (await _get(client, f"{place}/datasets/{quote(name, safe='')}")).json()["id"] == wanted
    assert (await _get(client, f"{place}/jobs/{quote(name, safe='')}")).json()["id"] == wanted
    assert (await _get(client, f"{place}/datasets/{quote(name, safe='')}/versions")).json()["totalCount"] == 1


async def _get(client: httpx.AsyncClient, path: str) -> httpx.Response:
    # As bytes, since httpx would resolve ".." and normalise escapes.
    url = httpx.URL("http://headwater").copy_with(raw_path=path.replace("/..", "/%2E%2E").encode())
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_slash_at_the_end_is_no_redirect(client: httpx.AsyncClient) -> None:
    for path in ("namespaces", "namespaces/default", "jobs", "tags", "namespaces/default/datasets"):
        assert (await client.get(f"/api/v1/{path}/")).status_code == 200


async def test_a_nul_is_what_events_make_of_it(database: str, client: httpx.AsyncClient) -> None:
    await store(database, [run_event("COMPLETE", "08:00", "a\0b")])
    answer = await client.get("/api/v1/namespaces/shop/jobs/a%00b")
    assert answer.json()["name"] == "a\ufffdb"
