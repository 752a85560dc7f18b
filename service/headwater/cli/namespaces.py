"""``headwater namespaces``"""

from __future__ import annotations

import typer

from headwater.cli.display import more, show_json, table, when
from headwater.cli.options import DEFAULT_URL, AsJson, Limit, Offset, Url, service

app = typer.Typer(help="Namespaces of jobs and datasets.", no_args_is_help=True)


@app.command(name="list")
def list_namespaces(url: Url = DEFAULT_URL, limit: Limit = 100, offset: Offset = 0, as_json: AsJson = False) -> None:
    """All namespaces by name; those that are hidden are marked."""
    client = service(url)
    if as_json:
        show_json(client.get("namespaces", limit=limit, offset=offset))
        return
    answer = client.read("namespaces", limit=limit, offset=offset)
    found = answer["namespaces"]
    table(
        ["SINCE", "OWNER", "", "NAMESPACE"],
        [[when(n["createdAt"]), n["ownerName"], "hidden" if n["isHidden"] else "", n["name"]] for n in found],
    )
    more(offset + len(found), answer["totalCount"], "namespaces")
