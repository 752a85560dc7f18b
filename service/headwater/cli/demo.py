"""``headwater demo``: a small warehouse to look at, sent over HTTP as its tools would send it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.options import DEFAULT_URL, Url, service
from headwater.errors import HeadwaterError

if TYPE_CHECKING:
    from headwater.cli.client import Client

_BATCH = 50  # events in one request
_Seed = Annotated[int, typer.Option(help="Another number, another history.")]
_Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"], help="When the two days end.", show_default="now"),
]


def demo(url: Url = DEFAULT_URL, seed: _Seed = 1, until: _Until = None) -> None:
    """Fill a running service with two days of an online shop's warehouse, from its databases to a model's predictions."""
    from headwater import demo
    from headwater.cli.progress import progress

    client = service(url)
    end = until or datetime.now(UTC).replace(microsecond=0)
    events = demo.events(seed, end if end.tzinfo else end.replace(tzinfo=UTC))
    with progress("Sending") as report:
        for sent in range(0, len(events), _BATCH):
            _send(client, events[sent : sent + _BATCH])
            report(sent, len(events), f"{sent:,} of {len(events):,} events")
    _tell(client, len(events))


def _send(client: Client, events: list[dict[str, Any]]) -> None:
    body = client.post("lineage", "batch", body=json.dumps(events).encode(), content_type="application/json")
    if body:
        failed = json.loads(body)["failed_events"]
        raise HeadwaterError(f"{len(failed)} events were refused; the first: {failed[0]['reason']}")


def _tell(client: Client, count: int) -> None:
    told = client.url == os.environ.get("HEADWATER_URL", DEFAULT_URL).rstrip("/")
    option = "" if told else f" --url {client.url}"
    print(f"{count:,} events sent. What to look at next:\n")
    print(f"  headwater lineage churn_scores --upstream --depth 9{option}")
    print(f"  headwater columns daily_revenue{option}")
    print(f"  {client.url}/")
