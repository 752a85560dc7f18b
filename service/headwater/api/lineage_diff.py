"""GET /lineage/diff"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from headwater.api.asking import NodeId, node_of, time_of
from headwater.api.deps import BAD_REQUEST, NOT_FOUND, Responses
from headwater.api.formats import FORMATS, form_of, formatted
from headwater.api.parameters import Text, instant, one_of
from headwater.catalog.datasets import LATEST, load_known, named_version
from headwater.db.pool import Connection
from headwater.entities.diff import GraphDiff, RunDiff, VersionDiff
from headwater.errors import Invalid, NotFound
from headwater.lineage.diff.drawn import drawn, listed
from headwater.lineage.diff.markdown import markdown
from headwater.lineage.diff.runs import diff_runs_of_job
from headwater.lineage.diff.times import TimesQuestion, diff_times
from headwater.lineage.diff.versions import diff_versions
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.past import Past
from headwater.lineage.graph.question import Question
from headwater.lineage.neighbourhood.directed import proven_lineage
from headwater.lineage.parents import load_opened
from headwater.lineage.snapshot import snapshot

router = APIRouter(prefix="/api/v1", tags=["Graph"])

_LONGEST = 10_000
_MARKDOWN = "text/markdown"
_ANSWERS: Responses = {
    200: {"content": {**FORMATS[200]["content"], _MARKDOWN: {"schema": {"type": "string"}}}, "description": "What differs."}
}
_FORMS = ("JSON", "MARKDOWN", "DOT", "MERMAID", "GRAPHML", "CSV", "OPENLINEAGE")
_DRAWN = ("DOT", "MERMAID", "GRAPHML")
_Format = Annotated[
    Literal["JSON", "MARKDOWN", "DOT", "MERMAID", "GRAPHML", "CSV", "OPENLINEAGE"] | None,
    one_of(*_FORMS, NDJSON="OPENLINEAGE"),
    Query(
        description="`json` or `markdown`; `csv`: a line for each difference; `dot`, `mermaid`, `graphml`: the graph at the later"
        " time, what came, went or changed in it marked (of versions and runs what differs alone); `openlineage`, of two times:"
        " events that make the graph of the later one. Without it, by the Accept header."
    ),
]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is compared: ``after`` None is now."""

    before: str
    after: str | None


async def _sides(
    before: Annotated[
        Text,
        Query(
            alias="from",
            description="A time (`2026-01-31T08:30:00Z`); or a version of the dataset (our UUID, its external version such as"
            " `v1.2`, or `latest`), or the UUID of a run of the job.",
        ),
    ],
    after: Annotated[
        Text | None, Query(alias="to", description="Of the same kind; without it, now or the current version.")
    ] = None,
) -> _Sides:
    return _Sides(before, after)


@router.get("/lineage/diff", response_model=GraphDiff | VersionDiff | RunDiff, responses={**_ANSWERS, **BAD_REQUEST, **NOT_FOUND})
async def get_diff(
    request: Request,
    sides: Annotated[_Sides, Depends(_sides)],
    *,
    node_id: NodeId,
    direction: Annotated[
        Literal["DOWNSTREAM", "UPSTREAM", "BOTH"], one_of("DOWNSTREAM", "UPSTREAM", "BOTH"), Query(description="Of two times.")
    ] = "BOTH",
    depth: Annotated[int, Query(ge=0, description="Steps to go, of two times.")] = 5,
    limit: Annotated[int, Query(ge=0, le=_LONGEST, description="Of each list, of two times.")] = 1_000,
    format: _Format = None,  # noqa: A002
) -> Response:
    """What differs around a node between two times: nodes, edges, schemas, column lineage, owners, each with the run that did it.

    With two versions of a dataset: their schemas, numbers, and the runs that wrote them. With UUIDs of two runs of a
    job: what they read and wrote, their states, and the values of their facets.
    """
    form = form_of(request, format, {_MARKDOWN: "MARKDOWN"})
    async with snapshot(request.app.state.pool) as conn:
        node = await node_of(conn, node_id)
        versions = await _named(conn, node.id, sides) or _uuids(sides)
        if versions is None:
            question = TimesQuestion(
                start=tuple(await load_opened(conn, node)),
                before=time_of(sides.before, "from"),
                after=datetime.now(UTC) if sides.after is None else time_of(sides.after, "to"),
                upstream=direction != "DOWNSTREAM",
                downstream=direction != "UPSTREAM",
                depth=depth,
                limit=limit,
            )
            if question.before > question.after:
                raise Invalid("query param from must not be later than to")
            if form == "OPENLINEAGE":
                return await formatted(await _after(conn, question), form)
            diff = await diff_times(conn, question)
            return await _answer(diff, form, await _after(conn, question) if form in _DRAWN else None)
        return await _answer(await _diff(conn, node.id, *versions), form)


async def _after(conn: Connection, question: TimesQuestion) -> dict[str, Any]:
    """The graph at the later time."""

    async def flow_of(asked: Question) -> Flow:
        return await Past(conn, question.after).flow(asked.start, downstream=asked.downstream, hops=asked.depth)

    asked = Question(
        question.start,
        downstream=question.downstream,
        both=question.downstream and question.upstream,
        depth=question.depth,
        limit=question.limit,
    )
    return await proven_lineage(conn, flow_of, asked)


async def _diff(conn: Connection, node: int, before: UUID, after: UUID) -> VersionDiff | RunDiff:
    described = (await describe(conn, [node]))[node]
    if described.kind == "JOB":
        return await diff_runs_of_job(conn, node, before, after)
    return await diff_versions(conn, described, before, after)


async def _named(conn: Connection, node: int, sides: _Sides) -> tuple[UUID, UUID] | None:
    """None where these are not versions of a dataset; the second need not be told. What may be a time is one. Raises NotFound
    where only one is."""
    if any(instant(told) is not None for told in (sides.before, sides.after or LATEST)):
        return None
    dataset = (await load_known(conn, [node])).get(node)
    if dataset is None:
        return None
    before, after = [await named_version(conn, dataset, told) for told in (sides.before, sides.after or LATEST)]
    if before is not None and after is not None:
        return before.uuid, after.uuid
    if sides.after is None or (before, after) == (None, None):
        return None
    raise NotFound("Dataset version", sides.before if before is None else sides.after)


def _uuids(sides: _Sides) -> tuple[UUID, UUID] | None:
    """None where both are no UUIDs. Raises Invalid where one is."""
    told = [_uuid(sides.before), _uuid(sides.after or "")]
    if told[0] is None and told[1] is None:
        return None
    if told[0] is None or told[1] is None:
        raise Invalid("query params from and to must be two times, or two UUIDs of versions of a dataset, or of runs of a job")
    return told[0], told[1]


def _uuid(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None


async def _answer(diff: GraphDiff | VersionDiff | RunDiff, form: str, after: dict[str, Any] | None = None) -> Response:
    match form:
        case "MARKDOWN":
            return Response(markdown(diff), media_type=_MARKDOWN, headers={"vary": "Accept"})
        case "JSON":
            return await formatted(diff, form)
        case "CSV":
            return await formatted(listed(diff), form)
        case _:
            return await formatted(drawn(diff, after), form)
