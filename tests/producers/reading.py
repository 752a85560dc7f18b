"""What the tests ask of the service, in the words of its GET calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx


class Reader:
    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self._http = http

    def get(self, *path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200. The parts of the path are quoted here."""
        answer = self._http.get("/api/v1/" + "/".join(quote(part, safe="") for part in path), params=parameters)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def jobs(self, namespace: str) -> dict[str, Any]:
        """All jobs of a namespace, by name."""
        return {job["name"]: job for job in self.get("namespaces", namespace, "jobs", limit=1000)["jobs"]}

    def run(self, uuid: str) -> Any:
        return self.get("jobs", "runs", uuid)

    def dataset(self, namespace: str, name: str) -> Any:
        return self.get("namespaces", namespace, "datasets", name)

    def downstream(self, node: str) -> set[str]:
        """Node ids that data of ``node`` reaches by the edges of the lineage graph."""
        graph = self.get("lineage", nodeId=node)["graph"]
        after = {found["id"]: {edge["destination"] for edge in found["outEdges"]} for found in graph}
        reached, ahead = set[str](), {node}
        while ahead:
            reached |= ahead
            ahead = {following for at in ahead for following in after[at]} - reached
        return reached - {node}

    def columns(self, namespace: str, dataset: str) -> dict[str, Any]:
        """Column lineage of each field of a dataset that has some, by the field's name."""
        graph = self.get("column-lineage", nodeId=f"dataset:{namespace}:{dataset}", depth=1)["graph"]
        return {node["data"]["field"]: node["data"] for node in graph if node["data"]["dataset"] == dataset}

    def column_sources(self, namespace: str, dataset: str) -> dict[str, set[tuple[str, str]]]:
        """Names of dataset and field that each field comes from, one step upstream."""
        columns = self.columns(namespace, dataset)
        return {name: {(i["dataset"], i["field"]) for i in told["inputFields"]} for name, told in columns.items()}

    def refused(self) -> list[str]:
        return [letter["message"] for letter in self.get("dead-letters")["deadLetters"]]


@contextmanager
def reading(url: str) -> Iterator[Reader]:
    with httpx.Client(base_url=url, timeout=30) as http:
        yield Reader(url, http)
