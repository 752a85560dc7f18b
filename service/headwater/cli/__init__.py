"""The ``headwater`` command. A module a command; what it works with is imported when it runs, for quick help.

Exit status: 0 done, 1 it could not be done (the reason is on stderr), 2 wrong use.
"""

from __future__ import annotations

import sys

import typer

from headwater.cli import db, serve
from headwater.errors import HeadwaterError, Invalid

app = typer.Typer(
    name="headwater",
    help="Keeps OpenLineage events, and answers what depends on what.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a plain traceback, which log collectors understand
)
app.command(name="serve")(serve.serve)
app.add_typer(db.app, name="db")


def main() -> None:
    try:
        app()
    except HeadwaterError as error:
        for line in [error.message, *_details(error)]:
            print(line, file=sys.stderr)
        sys.exit(1)


def _details(error: HeadwaterError) -> list[str]:
    return [f"  {p['path']}: {p['message']}" for p in error.errors] if isinstance(error, Invalid) else []
