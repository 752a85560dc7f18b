"""The ``headwater`` command. A module a command; what it works with is imported when it runs, for quick help.

Exit status: 0 done, 1 it could not be done (the reason is on stderr), 2 wrong use, 3 done, but events were refused.
"""

from __future__ import annotations

import sys

import typer

from headwater.cli import (
    columns,
    compare,
    config,
    datasets,
    db,
    dead_letters,
    demo,
    diff,
    erase,
    events,
    export,
    gate,
    impact,
    ingest,
    jobs,
    lineage,
    marquez,
    models,
    namespaces,
    paths,
    runs,
    schemas,
    search,
    serve,
)
from headwater.errors import HeadwaterError, Invalid, Unavailable

app = typer.Typer(
    name="headwater",
    help="Keeps OpenLineage events, and answers what depends on what.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a plain traceback, which log collectors understand
)
_SERVICE, _READING, _STORE = "The service", "Questions to a running service", "The database, with or without a service"
app.command(name="serve", rich_help_panel=_SERVICE)(serve.serve)
app.command(name="demo", rich_help_panel=_SERVICE)(demo.demo)
app.command(name="config", rich_help_panel=_SERVICE)(config.config)
app.command(name="search", rich_help_panel=_READING)(search.search)
app.command(name="lineage", rich_help_panel=_READING)(lineage.lineage)
app.command(name="impact", rich_help_panel=_READING)(impact.impact)
app.command(name="paths", rich_help_panel=_READING)(paths.paths)
app.command(name="diff", rich_help_panel=_READING)(diff.diff)
app.command(name="gate", rich_help_panel=_READING)(gate.gate)
app.command(name="models", rich_help_panel=_READING)(models.models)
app.command(name="trace", rich_help_panel=_READING)(models.trace)
app.command(name="compare", rich_help_panel=_READING)(compare.compare)
app.command(name="affected", rich_help_panel=_READING)(models.affected)
app.command(name="columns", rich_help_panel=_READING)(columns.columns)
app.add_typer(jobs.app, name="jobs", rich_help_panel=_READING)
app.add_typer(runs.app, name="runs", rich_help_panel=_READING)
app.add_typer(datasets.app, name="datasets", rich_help_panel=_READING)
app.add_typer(namespaces.app, name="namespaces", rich_help_panel=_READING)
app.command(name="ingest", rich_help_panel=_STORE)(ingest.ingest)
app.command(name="export", rich_help_panel=_STORE)(export.export)
app.add_typer(marquez.app, name="import", rich_help_panel=_STORE)
app.add_typer(events.app, name="events", rich_help_panel=_STORE)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=_STORE)
app.add_typer(erase.app, name="erase", rich_help_panel=_STORE)
app.add_typer(db.app, name="db", rich_help_panel=_STORE)
app.add_typer(schemas.app, name="schemas", rich_help_panel="The checkout")


def main() -> None:
    try:
        app()
    except Unavailable as error:
        _fail([" ".join(error.message.split())])  # libpq speaks in several lines
    except HeadwaterError as error:
        _fail([error.message, *_details(error)])
    except Exception as error:
        # Not imported to be caught, as most commands need no database.
        if not type(error).__module__.startswith("psycopg"):
            raise
        from headwater.settings import masked  # noqa: PLC0415

        _fail([f"The database cannot do it: {masked(str(error).splitlines()[0]) if str(error) else type(error).__name__}"])


def _fail(lines: list[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(1)


def _details(error: HeadwaterError) -> list[str]:
    return [f"  {p['path']}: {p['message']}" for p in error.errors] if isinstance(error, Invalid) else []
