"""GET /paths"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from headwater.api.asking import Asked, Depth, Grained, asking, ids_of
from headwater.api.deps import BAD_REQUEST, NOT_FOUND
from headwater.api.formats import FORMATS, Format, form_of, formatted
from headwater.entities.paths import Paths
from headwater.lineage.graph.past import DATA
from headwater.lineage.graph.question import Grain
from headwater.lineage.paths.find import PathQuestion, find_paths

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_MOST = 1_000


@router.get("/paths", response_model=Paths, responses={**FORMATS, **BAD_REQUEST, **NOT_FOUND})
async def get_paths(  # noqa: PLR0913 - one parameter a parameter
    request: Request,
    which: Asked,
    *,
    origins: Annotated[list[str], Query(alias="from", description="Where a path begins: node ids of jobs or datasets.")],
    destinations: Annotated[list[str], Query(alias="to", description="Where it ends.")],
    k: Annotated[
        int, Query(ge=0, le=_MOST, description="How many paths, the shortest first; 0 tells only whether there is one.")
    ] = 1,
    every: Annotated[
        bool, Query(alias="all", description=f"All simple paths, as far as there are no more than {_MOST}.")
    ] = False,
    depth: Depth = None,
    grain: Grained = "ALL",
    format: Format = None,  # noqa: A002
) -> Response:
    """How data comes from one node to another: the paths with what proves each edge; or if there is none, why.

    Then it tells the nearest common ancestors, a path the other way, and the path that used to be: which of its edges ended,
    when, and by which run.
    """
    async with asking(request, which) as (conn, flow_of):
        begin, end = [[await ids_of(conn, [node_id]) for node_id in told] for told in (origins, destinations)]
        question = PathQuestion(
            origins=_ends(begin, end),
            destinations=_ends(end, begin),
            most=_MOST if every else k,
            depth=depth,
            grain=Grain(grain.lower()),
            kinds=which.kinds or DATA,
        )
        found = await find_paths(conn, flow_of, question)
    return await formatted(found, form_of(request, format))


def _ends(asked: Sequence[tuple[int, ...]], others: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Each is a node with what belongs to it. What belongs to the other ends as well is left out."""
    beyond = {*chain.from_iterable(others)} - {node for node, *_ in asked}
    return tuple(dict.fromkeys(identifier for identifier in chain.from_iterable(asked) if identifier not in beyond))
