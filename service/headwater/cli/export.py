"""``headwater export``: events for another OpenLineage consumer, out of the database; a service may be running on it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from headwater.cli.database import DataDir, migrated, read_settings
from headwater.cli.events import Output, writable, write_events

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"]
_Since = Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Only events at this time or later.")]
_Until = Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Only events before this time.")]
_Namespace = Annotated[str | None, typer.Option(help="Only events of the jobs and datasets of a namespace.")]


def export(
    output: Output = "-",
    since: _Since = None,
    until: _Until = None,
    namespace: _Namespace = None,
    data_dir: DataDir = None,
) -> None:
    """Write OpenLineage events by event time, one a line, in the form that Marquez takes.

    What OpenLineage has no words for (owners of namespaces, sources, what tags mean, deletes) is left out: headwater events
    export has it too.
    """
    from headwater.catalog.events import Window
    from headwater.ingest.export import Part
    from headwater.marquez.accepted import accepted
    from headwater.openlineage.parse import OPENLINEAGE

    window = Window(_utc(since) or Window().after, _utc(until))
    part = Part(window, namespace, OPENLINEAGE)
    with migrated(read_settings(data_dir=data_dir)) as url, writable(output) as stream:
        count = asyncio.run(write_events(url, stream, part, accepted))
    print(f"{count:,} events written.", file=sys.stderr)


def _utc(time: datetime | None) -> datetime | None:
    return time and (time if time.tzinfo else time.replace(tzinfo=UTC))
