"""Column lineage, and how to tell it."""

from __future__ import annotations

from typing import Any

from tests.build import Event, dataset, run_event, schema
from tests.lineage.graphs import complete


def field(name: str) -> str:
    """Node id of ``table.column``."""
    table, _, column = name.partition(".")
    return f"datasetField:db://shop:{table}:{column}"


def writes(job: str, output: str, *edges: str, time: str = "08:00", facets: Any = None) -> Event:
    """``edges`` are ``field < table.field HOW``: field ``*`` for the whole output, HOW is ``HASH`` or an indirect subtype."""
    fields: dict[str, Any] = {}
    whole = []
    for edge in edges:
        target, _, source, *how = edge.split()
        table, _, column = source.partition(".")
        told = {"namespace": "db://shop", "name": table, "field": column, "transformations": [_made(*how)]}
        if target == "*":
            whole.append(told)
        else:
            fields.setdefault(target, {"inputFields": []})["inputFields"].append(told)
    inputs = sorted({edge.split()[2].partition(".")[0] for edge in edges})
    lineage = {"columnLineage": {"fields": fields, "dataset": whole}}
    return run_event(
        "COMPLETE", time, job, f"{job} {time}", inputs=inputs, outputs=[dataset(output, {**lineage, **(facets or {})})]
    )


def _made(how: str = "") -> dict[str, Any]:
    if how in ("", "HASH"):
        return {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": how == "HASH"}
    return {"type": "INDIRECT", "subtype": how}


def story() -> list[Event]:
    """Customers are cleaned: the mail address is hashed, the country taken over, what is closed left out. Orders are joined to
    them and summed by country. A mailing takes the hash; an export takes whatever there is, and does not say which column."""
    owned = {"ownership": {"owners": [{"name": "team:finance", "type": "OWNER"}]}}
    return [
        writes("clean", "clean", "id < raw.id", "mail < raw.mail HASH", "country < raw.address.country", "* < raw.closed FILTER",
                facets=schema("id:INT", "mail:TEXT", "country:TEXT")),
        writes("sum", "report", "country < clean.country", "country < clean.country GROUP_BY", "total < orders.amount",
                "* < clean.id JOIN", "* < orders.customer JOIN", time="08:10", facets=owned),
        writes("mail", "mailing", "to < clean.mail", "flag < clean.country CONDITIONAL", time="08:20"),
        complete("export", "mailing", "dump", "08:30"),
        complete("archive", "dump", "vault", "08:40"),
    ]  # fmt: skip
