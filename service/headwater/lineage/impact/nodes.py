"""What is reached from a job or dataset: everything that a change there may touch, or all that it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Impact, Node
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.evidence import load_evidence
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, left_out, load_passing
from headwater.lineage.graph.question import Filter, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.pages import cursor_after, page_of
from headwater.lineage.impact.ways_to import ways_to


async def impact(conn: Connection, flow: Flow, question: Question) -> Impact:
    """``flow`` must not be changed meanwhile. In a constant number of statements."""
    found = await asyncio.to_thread(reach, flow, question)
    nearest = found.ids[:SUMMED_UP].tolist()
    nodes = await describe(conn, question.start)
    shown: Sequence[int] = range(len(found.ids))
    if question.filter != Filter():
        nodes |= await describe(conn, nearest)
        shown = await load_passing(conn, question.filter, nearest, nodes, flow.at)
    page = page_of(found, shown, question)
    ways, cut = await asyncio.to_thread(ways_to, flow, question, found, page)
    nodes |= await describe(conn, {identifier for of in ways.values() for way in of for identifier in way} - nodes.keys())
    names = {identifier: node.id for identifier, node in nodes.items()}
    told = {index: [[identifier for identifier in way if identifier in names] for way in of] for index, of in ways.items()}
    edges = {_edge(pair, question) for of in told.values() for way in of for pair in pairwise(way)}
    listed = [index for index in page if int(found.ids[index]) in nodes]
    now, freshness = await load_freshness(conn)
    return Impact.model_construct(
        start=[nodes[identifier] for identifier in question.start if identifier in nodes],
        direction="downstream" if question.downstream else "upstream",
        asOf=flow.at or now,
        complete=found.complete,
        counts=_counts(found, shown, listed, question, cut),
        groups=await load_groups(conn, nearest),
        freshness=freshness,
        nodes=[
            _reached(nodes[int(found.ids[i])], int(found.distances[i]), [[names[n] for n in way] for way in told[i]])
            for i in listed
        ],
        edges=await load_evidence(conn, flow, edges, names),
        cursor=cursor_after(found, shown, page),
    )


def _reached(node: Node, distance: int, ways: list[list[str]]) -> dict[str, Any]:
    """A ``ReachedNode``, of which there may be 10,000: made as such, they would take longer than to find."""
    return {**node.__dict__, "distance": distance, "path": ways[0], "otherPaths": ways[1:]}


def _edge(pair: tuple[int, int], question: Question) -> tuple[int, int]:
    return pair if question.downstream else (pair[1], pair[0])


def _counts(found: Reach, shown: Sequence[int], listed: list[int], question: Question, more: list[Cut]) -> Counts:
    jobs = int(found.jobs.sum())
    cut = [*(Cut(rule=rule, nodes=None) for rule in found.cut), *more]
    cut += left_out(len(found.ids), shown, len(listed), question.filter)
    return Counts(found=len(found.ids), datasets=len(found.ids) - jobs, jobs=jobs, returned=len(listed), cut=cut)
