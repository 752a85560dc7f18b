"""``load`` fills ``orders`` from the shop; ``sum_up`` makes ``revenue`` of it, with ``net`` of the columns ``total`` and
``discount``; ``show`` makes a board of ``net``. A ``list`` of the orders needs their ids only.

On the 2nd the shop wants to drop ``discount``. Somebody asks first; it is dropped all the same, and on the 3rd the sum is made
without it.
"""

from __future__ import annotations

import pytest

from tests.stories.telling import Service, Teller, distances, runs, with_columns

STORY = Teller("dropped")
SHOP, ORDERS, REVENUE = (STORY.table(name) for name in ("shop_orders", "orders", "revenue"))
DISCOUNT = STORY.column("orders", "discount")


@pytest.fixture(scope="module", autouse=True)
def told(service: Service) -> None:
    whole = STORY.derived(id="shop_orders.id", total="shop_orders.total", discount="shop_orders.discount")
    less = STORY.derived(id="shop_orders.id", total="shop_orders.total")
    for day, orders, net in (("01", whole, "orders.total orders.discount"), ("03", less, "orders.total")):
        source = with_columns("id", "total", "discount") if day == "01" else with_columns("id", "total")
        service.tell(STORY.run("load", f"2026-03-{day}T06:00", {"shop_orders": source}, {"orders": orders}))
        service.tell(STORY.run("sum_up", f"2026-03-{day}T07:00", ["orders"], {"revenue": STORY.derived(net=net)}))
        service.tell(STORY.run("show", f"2026-03-{day}T08:00", ["revenue"], {"board": STORY.derived(amount="revenue.net")}))
        service.tell(STORY.run("list", f"2026-03-{day}T08:00", ["orders"], {"ids": STORY.derived(id="orders.id")}))


def test_what_stands_on_the_order_total(service: Service) -> None:
    told = service.ask("impact", nodeId=STORY.column("orders", "total"))
    assert {node["id"]: (node["distance"], node["affects"]) for node in told["nodes"]} == {
        STORY.column("revenue", "net"): (1, "VALUES"),
        STORY.column("board", "amount"): (2, "VALUES"),
    }
    assert told["tableLevel"]["found"] == 0


def test_what_if_the_total_were_dropped_too(service: Service) -> None:
    change = {
        "eventTime": "2026-03-04T06:00:00Z", "producer": "https://example.com/ci",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent",
        "dataset": {"namespace": "dropped", "name": "orders", "facets": {"schema": {"fields": [{"name": "id"}]}}},
    }  # fmt: skip
    told = service.ask_what_if(change)
    assert [(made["kind"], made["node"], made["column"]) for made in told["changes"]] == [("COLUMN_DROPPED", ORDERS, "total")]
    assert distances(told) == {"sum_up": 1, "revenue": 2, "show": 3, "board": 4}
    assert service.ask_what_if(change)["changes"] == told["changes"], "nothing of it was stored"


def test_what_the_revenue_came_of_before_and_after(service: Service) -> None:
    first, second = (
        service.ask(f"jobs/runs/{STORY.run_id('sum_up', f'2026-03-{day}T07:00')}")["outputDatasetVersions"][0]
        for day in ("01", "03")
    )
    for version, columns in ((first, {"total", "discount"}), (second, {"total"})):
        node = f"{REVENUE}#{version['datasetVersionId']['version']}"
        told = service.ask("column-lineage", nodeId=node, depth=1)
        assert {n["data"]["field"] for n in told["graph"] if n["data"] and n["data"]["dataset"] == "orders"} == columns


def test_which_run_dropped_it(service: Service) -> None:
    times = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
    told = service.ask("lineage/diff", nodeId=ORDERS, depth=2, **times)
    changed = {(c["node"], c["what"], c["name"], c["source"], c["turn"], c["at"][:16], c["run"]) for c in told["changes"]}
    load, sum_up = (str(STORY.run_id(job, at)) for job, at in (("load", "2026-03-03T06:00"), ("sum_up", "2026-03-03T07:00")))
    assert changed == {
        (SHOP, "FIELD", "discount", None, "REMOVED", "2026-03-03T06:00", load),
        (ORDERS, "FIELD", "discount", None, "REMOVED", "2026-03-03T06:00", load),
        (ORDERS, "COLUMN", "discount", STORY.column("shop_orders", "discount"), "REMOVED", "2026-03-03T06:00", load),
        (REVENUE, "COLUMN", "net", DISCOUNT, "REMOVED", "2026-03-03T07:00", sum_up),
    }
    assert told["nodes"] == {"added": [], "removed": []}
    assert told["edges"] == {"added": [], "removed": []}


def test_who_asks_for_the_dropped_column_is_told_since_when_it_is_gone(service: Service) -> None:
    run = STORY.run_id("load", "2026-03-03T06:00")
    gone = f"It was there until 2026-03-03T06:00:30Z, when run {run} told of the dataset without it"
    told = f"Field 'discount' not found. {gone}; asOf= an earlier time finds it."
    assert service.ask_in_vain("impact", nodeId=DISCOUNT) == (404, told)
    at_source = STORY.column("shop_orders", "discount")
    assert service.ask_in_vain("impact", nodeId=at_source) == (404, told), "of which readers alone tell"
    assert service.ask_in_vain("column-lineage", nodeId=DISCOUNT)[1].endswith(f"{gone}; asOf= an earlier time finds it.")
    assert service.ask_in_vain("models/affected", nodeId=DISCOUNT) == (404, told)
    then = service.ask("impact", nodeId=DISCOUNT, asOf="2026-03-03T05:59:59Z")
    assert [node["id"] for node in then["nodes"]] == [STORY.column("revenue", "net"), STORY.column("board", "amount")]


def test_tables_stand_on_the_orders_as_before(service: Service) -> None:
    told = service.ask("impact", nodeId=ORDERS, grain="dataset")
    assert distances(told) == {"revenue": 1, "ids": 1, "board": 2}


def test_whom_the_run_that_dropped_it_reached(service: Service) -> None:
    told = service.ask("runlineage/downstream", runId=STORY.run_id("load", "2026-03-03T06:00"))
    assert {(job, start) for job, start, _ in runs(told)} == {
        ("load", "2026-03-03T06:00:00Z"), ("sum_up", "2026-03-03T07:00:00Z"), ("show", "2026-03-03T08:00:00Z"),
        ("list", "2026-03-03T08:00:00Z"),
    }  # fmt: skip
