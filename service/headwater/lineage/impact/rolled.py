"""What is reached from a job or dataset, collapsed: jobs to those that start them, or everything to its namespace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from headwater.db.pool import Connection
from headwater.entities.graph import Node, RolledImpact
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.flow import Flow
from headwater.lineage.graph.left_out import SUMMED_UP, edge_tally, left_out, load_passing
from headwater.lineage.graph.question import Question
from headwater.lineage.graph.reach import reach
from headwater.lineage.impact.collapse import Collapse, Homes, by_namespace, collapsed, members_of, rolled_counts
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.parents import load_tops


async def rolled_impact(conn: Connection, flow: Flow, question: Question, collapse: Collapse) -> RolledImpact:
    """Of the 10,000 nearest nodes. ``flow`` must not be changed meanwhile. In a constant number of statements, and one for each
    level of parents."""
    found = await asyncio.to_thread(reach, flow, question)
    nearest = await asyncio.to_thread(found.nearest, SUMMED_UP)
    near = nearest.ids.tolist()
    nodes = await describe(conn, {*near, *question.start})
    shown = await load_passing(conn, question.filter, near, nodes, flow.at)
    homes = await _by_parent(conn, nodes) if collapse is Collapse.PARENTS else by_namespace(nodes)
    members = members_of(nearest, shown, "jobs", "datasets")
    told = collapsed(members, await asyncio.to_thread(nearest.edges, shown), homes, question)
    cut = cut_short(found.cut) + left_out(len(found), shown, told.listed, question.filter)
    tally = await asyncio.to_thread(edge_tally, found, question, len(told.edges))
    jobs = int(found.jobs.sum())
    now, freshness = await load_freshness(conn)
    return RolledImpact(
        start=told.start,
        direction=question.direction,
        asOf=flow.at or now,
        complete=found.complete,
        counts=rolled_counts({"datasets": len(found) - jobs, "jobs": jobs}, told, tally, cut),
        groups=await load_groups(conn, near),
        freshness=freshness,
        nodes=told.nodes,
        edges=told.edges,
        cursor=told.cursor,
    )


async def _by_parent(conn: Connection, nodes: Mapping[int, Node]) -> Homes:
    tops = await load_tops(conn, [identifier for identifier, node in nodes.items() if node.kind == "JOB"])
    shapes = {**nodes, **await describe(conn, set(tops.values()) - nodes.keys())}
    return Homes({node: top if (top := tops.get(node, node)) in shapes else node for node in nodes}, shapes)
