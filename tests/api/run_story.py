"""Runs and what they wrote, and how to ask for them."""

from __future__ import annotations

import httpx

from tests.build import Event, run_uuid
from tests.lineage.graphs import complete

DB = "dataset:db://shop:"


def chain() -> list[Event]:
    """A table is written twice; what stands on the first time is not what stands on the second."""
    return [
        complete("load", "raw", "orders", "08:00", "bad"),
        complete("report", "orders", "report", "08:10", "bad report"),
        complete("mail", "report", "", "08:20", "bad mail"),
        complete("load", "raw", "orders", "09:00", "good"),
        complete("report", "orders", "report", "09:10", "good report"),
    ]


def run(name: str) -> str:
    return f"run:{run_uuid(name)}"


async def version(client: httpx.AsyncClient, name: str, output: str) -> str:
    """Node id of what a run wrote."""
    runs = (await client.get("/api/v1/runlineage/downstream", params={"runId": str(run_uuid(name)), "depth": 0})).json()["runs"]
    [written] = [o["version"] for o in runs[0]["outputs"] if o["name"] == output]
    return f"{DB}{output}#{written}"
