"""``orders_eu`` is a view of ``orders``: no job makes it, its catalog tells of it. A report reads the view. On the 3rd it is made
of ``orders_v2`` instead.
"""

from __future__ import annotations

import pytest
from openlineage.client.facet_v2 import lineage

from tests.stories.telling import Facets, Service, Teller, distances, last, with_columns

STORY = Teller("view")
ORDERS, VIEW, REPORT = (STORY.table(name) for name in ("orders", "orders_eu", "report"))


def _view_of(table: str) -> Facets:
    total = lineage.LineageFieldEntry(inputs=[lineage.LineageDatasetInput(STORY.namespace, table, "DATASET", field="total")])
    told = lineage.LineageDatasetFacet(
        inputs=[lineage.LineageDatasetInput(STORY.namespace, table, "DATASET")], fields={"total": total}
    )
    return {**with_columns("total"), "lineage": told}


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    service.tell(STORY.run("load", "2026-03-01T08:00", ["raw"], {"orders": with_columns("total")}))
    service.tell([STORY.dataset("orders_eu", "2026-03-01T08:10", _view_of("orders"))])
    service.tell(STORY.run("make_report", "2026-03-01T09:00", ["orders_eu"], {"report": STORY.derived(sum="orders_eu.total")}))
    service.tell(STORY.run("load_v2", "2026-03-03T08:00", ["raw"], {"orders_v2": with_columns("total")}))
    service.tell([STORY.dataset("orders_eu", "2026-03-03T08:10", _view_of("orders_v2"))])


def test_data_goes_through_the_view(service: Service) -> None:
    told = service.ask("impact", nodeId=STORY.table("orders_v2"))
    assert distances(told) == {"orders_eu": 1, "make_report": 2, "report": 3}


def test_what_stood_on_the_first_orders(service: Service) -> None:
    assert distances(service.ask("impact", nodeId=ORDERS)) == {}
    told = service.ask("impact", nodeId=ORDERS, asOf="2026-03-02T00:00:00Z")
    assert distances(told) == {"orders_eu": 1, "make_report": 2, "report": 3}


def test_the_view_is_proved_by_a_declaration(service: Service) -> None:
    told = service.ask("paths", **{"from": STORY.table("raw"), "to": VIEW})
    [path] = told["paths"]
    assert [last(node) for node in path["nodes"]] == ["raw", "load_v2", "orders_v2", "orders_eu"]
    [view] = [edge for edge in told["edges"] if edge["destination"] == VIEW]
    [proof] = view["evidence"]
    assert (proof["kind"], proof["origin"], proof["toldBy"]) == ("DATASET_LINEAGE", "DECLARED", VIEW)
    assert (proof["firstAt"], proof["firstRun"], proof["lastRun"]) == ("2026-03-03T08:10:00Z", None, None)


def test_why_the_first_orders_no_longer_come_to_the_report(service: Service) -> None:
    why = service.ask("paths", **{"from": ORDERS, "to": REPORT})["noPath"]
    assert [(ancestor["name"], ancestor["toOrigin"]) for ancestor in why["commonAncestors"]] == [("raw", 2)]
    [ended] = why["former"]["ended"]
    assert (ended["origin"], ended["destination"], ended["toldBy"]) == (ORDERS, VIEW, VIEW)
    assert (ended["endedAt"], ended["endedBy"]) == ("2026-03-03T08:10:00Z", None)


def test_what_changed_about_the_view(service: Service) -> None:
    times = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
    told = service.ask("lineage/diff", nodeId=VIEW, direction="upstream", depth=1, **times)
    assert [(edge["origin"], edge["at"], edge["run"]) for edge in told["edges"]["added"]] == [
        (STORY.table("orders_v2"), "2026-03-03T08:10:00Z", None)
    ]
    assert [(edge["origin"], edge["at"], edge["run"]) for edge in told["edges"]["removed"]] == [
        (ORDERS, "2026-03-03T08:10:00Z", None)
    ]


def test_columns_go_through_the_view(service: Service) -> None:
    told = service.ask("impact", nodeId=STORY.column("report", "sum"), direction="upstream")
    assert {node["id"]: node["distance"] for node in told["nodes"]} == {
        STORY.column("orders_eu", "total"): 1,
        STORY.column("orders_v2", "total"): 2,
    }
