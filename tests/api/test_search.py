from __future__ import annotations

import asyncio

import httpx

from tests.build import dataset, run_event, run_uuid, schema, store


async def test_the_advanced_search_has_the_shape_that_opensearch_gave(database: str, client: httpx.AsyncClient) -> None:
    sql, engine = {"sql": {"query": "select gross"}}, {"processing_engine": {"name": "spark"}}
    out = dataset("mart", schema("gross"), outputFacets={"outputStatistics": {"rowCount": 1}})
    await store(database, [run_event("COMPLETE", "08:00", "load", "a", job_facets=sql, run_facets=engine, outputs=[out])])
    common = {"run_id": str(run_uuid("a")), "eventType": "COMPLETE"}
    jobs = (await client.get("/api/v2beta/search/jobs?q=gross")).json()
    assert jobs == {
        "hits": [{**common, "name": "load", "type": "BATCH", "namespace": "shop", "facets": sql, "runFacets": engine}],
        "highlights": [{"facets.sql.query": ["select <em>gross</em>"]}],
    }
    datasets = (await client.get("/api/v2beta/search/datasets?q=gross")).json()
    facets = {"facets": schema("gross"), "inputFacets": {}, "outputFacets": {"outputStatistics": {"rowCount": 1}}}
    assert datasets == {
        "hits": [{**common, "name": "mart", "namespace": "db://shop", **facets}],
        "highlights": [{"facets.schema.fields.name": ["<em>gross</em>"]}],
    }


async def test_a_service_finds_what_it_was_sent(service_url: str) -> None:
    event = run_event(
        "COMPLETE", "08:00", job_facets={"sql": {"query": "select gross"}}, outputs=[dataset("mart", schema("net"))]
    )
    async with httpx.AsyncClient(base_url=service_url) as service:
        assert (await service.post("/api/v1/lineage", json=event)).status_code == 201
        for path, name in (("jobs?q=gross", "load"), ("datasets?q=net", "mart")):
            async with asyncio.timeout(30):
                while not (hits := (await service.get(f"/api/v2beta/search/{path}")).json()["hits"]):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert [hit["name"] for hit in hits] == [name]
        assert "headwater_search_lag_seconds 0.0" in (await service.get("/metrics")).text
