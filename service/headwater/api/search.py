"""GET /search, by name, and /api/v2beta/search, by content too."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from headwater.api.deps import BAD_REQUEST, Limit, Read, json
from headwater.api.kept import Kept
from headwater.api.parameters import Text, one_of
from headwater.catalog import contents
from headwater.catalog import search as catalog
from headwater.entities.search import DatasetHits, JobHits, SearchResults

router = APIRouter(prefix="/api", tags=["Search"], route_class=Kept)

_Part = Annotated[Text, Query(description="Part of a name, in any case.")]
_Words = Annotated[Text, Query(description="Part of a name, or words as they follow each other in a text.")]
_Most = Annotated[int, Query(ge=0, description="Most hits; 100 at most, as each comes with its facets.")]
_Filter = Annotated[catalog.Kind | None, one_of("DATASET", "JOB"), Query(description="Only these; both without it.")]
_Sort = Annotated[
    catalog.Sort,
    one_of("NAME", "UPDATED_AT", UPDATE_AT="UPDATED_AT"),
    Query(description="`name`, or `updated_at` with the latest first (Marquez's word `UPDATE_AT` is taken too)."),
]
_Before = Annotated[date | None, Query(description="Only what was last told of before this day (UTC).")]
_After = Annotated[date | None, Query(description="Only what was last told of on this day (UTC) or later.")]
_Namespace = Annotated[str | None, Query(description="Only in this namespace.")]


@router.get("/v1/search", response_model=SearchResults, responses=BAD_REQUEST)
async def search(  # noqa: PLR0913 - one parameter a parameter
    read: Read,
    *,
    q: _Part,
    filter: _Filter = None,  # noqa: A002 - Marquez's name
    sort: _Sort = "NAME",
    limit: Limit = 10,
    namespace: _Namespace = None,
    before: _Before = None,
    after: _After = None,
) -> Response:
    """Jobs and datasets by name; symlinks find their dataset."""
    kinds: tuple[catalog.Kind, ...] = (filter,) if filter else ("DATASET", "JOB")
    query = catalog.Query(q, kinds, sort, min(limit, 1 << 62), namespace, before, after)
    return json(await catalog.search(read, query))


@router.get("/v2beta/search/jobs", response_model=JobHits, responses=BAD_REQUEST)
async def search_jobs(read: Read, q: _Words, limit: _Most = 10) -> Response:
    """Jobs by name, SQL, source code and its language, description, owners, tags, type, namespace, run, and the engine of their
    latest run. By its content a job is found a few seconds after its events."""
    return json(await contents.search_jobs(read, q, limit))


@router.get("/v2beta/search/datasets", response_model=DatasetHits, responses=BAD_REQUEST)
async def search_datasets(read: Read, q: _Words, limit: _Most = 10) -> Response:
    """Datasets by name, description, owners, tags (of columns too), columns, their types and descriptions, what the columns are
    made of, namespace, and run. By its content a dataset is found a few seconds after its events."""
    return json(await contents.search_datasets(read, q, limit))
