"""What is reached from a job or dataset: everything that a change there may touch, or all that it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Impact, Node, Tally
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.evidence import load_evidence
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, edge_tally, left_out, load_passing
from headwater.lineage.graph.question import Filter, Question
from headwater.lineage.graph.reach import Reach, reach
from headwater.lineage.impact.groups import groups_of, load_groups
from headwater.lineage.impact.pages import page_of
from headwater.lineage.impact.ways_to import ways_to


async def impact(conn: Connection, flow: Flow, question: Question) -> Impact:
    """``flow`` must not be changed meanwhile. In a constant number of statements."""
    found = await asyncio.to_thread(reach, flow, question, ways=bool(question.paths and question.limit))
    nearest = await asyncio.to_thread(found.nearest, SUMMED_UP)
    ids = nearest.ids.tolist()
    nodes, shown = await describe(conn, question.start), found
    if question.filter != Filter():
        nodes |= await describe(conn, ids)
        shown = nearest.pick(await load_passing(conn, question.filter, ids, nodes, flow.at))
    page, cursor = await asyncio.to_thread(page_of, shown, question)
    ways, cut = await asyncio.to_thread(ways_to, flow, question, page)
    on_ways = {identifier for of in ways for way in of for identifier in way}
    nodes |= await describe(conn, on_ways.union(page.ids.tolist()) - nodes.keys())
    names = {identifier: node.id for identifier, node in nodes.items()}
    told = [[[identifier for identifier in way if identifier in names] for way in of] for of in ways]
    pairs = {pair for of in told for way in of for pair in pairwise(way)}
    edges = await load_evidence(conn, flow, pairs, names)
    listed = _listed(page, nodes, [[[names[identifier] for identifier in way] for way in of] for of in told])
    tally = await asyncio.to_thread(edge_tally, found, question, len(edges))
    now, freshness = await load_freshness(conn)
    return Impact.model_construct(
        start=[nodes[identifier] for identifier in question.start if identifier in nodes],
        direction=question.direction,
        asOf=flow.at or now,
        complete=found.complete,
        counts=_counts(found, shown, len(listed), tally, question, cut),
        groups=groups_of([nodes[i] for i in ids]) if nodes.keys() >= set(ids) else await load_groups(conn, ids),
        freshness=freshness,
        nodes=listed,
        edges=edges,
        cursor=cursor,
    )


def _listed(page: Reach, nodes: Mapping[int, Node], ways: Sequence[list[list[str]]]) -> list[Any]:
    """Each a ``ReachedNode``, of which there may be 10,000: made as such, they would take longer than to find. Without ``ways``
    the path to each is the node alone."""
    listed = []
    told = zip(page.ids.tolist(), page.distances.tolist(), page.sides(), strict=True)
    for place, (identifier, distance, side) in enumerate(told):
        if node := nodes.get(identifier):
            path, *others = ways[place] if ways else [[node.id]]
            listed.append({**node.__dict__, "distance": distance, "path": path, "side": side, "otherPaths": others})
    return listed


def _counts(found: Reach, shown: Reach, listed: int, edges: Tally, question: Question, more: list[Cut]) -> Counts:
    jobs = int(found.jobs.sum())
    cut = cut_short(found.cut) + more + left_out(len(found), shown, listed, question.filter)
    return Counts(found=len(found), datasets=len(found) - jobs, jobs=jobs, returned=listed, edges=edges, cut=cut)
