"""What is reached from a run or version, collapsed: runs to those that started them, or everything to its namespace."""

from __future__ import annotations

import asyncio

from headwater.db.pool import Connection
from headwater.entities.graph import RolledImpact
from headwater.lineage.counted import cut_short
from headwater.lineage.freshness import load_freshness
from headwater.lineage.graph.described import describe
from headwater.lineage.graph.left_out import edge_tally, left_out
from headwater.lineage.impact.collapse import Collapse, Homes, by_namespace, collapsed, members_of, rolled_counts
from headwater.lineage.impact.groups import load_groups
from headwater.lineage.impact.runs import RunQuestion, RunWalk, walk_runs
from headwater.lineage.parents import load_top_runs
from headwater.lineage.runs.told import run_node
from headwater.lineage.runs.upstream import RunsRead, Span


async def rolled_runs(conn: Connection, question: RunQuestion, collapse: Collapse) -> RolledImpact:
    """Of the 10,000 nearest. In as many statements as ``walk_runs``, a constant number more, and one a level of parents."""
    walk = await walk_runs(conn, question)
    found, nodes = walk.found, walk.nearest.ids.tolist()
    passing = {*walk.shown.ids.tolist()}
    indexes = [i for i, node in enumerate(nodes) if node in passing and walk.told.of(node)]
    homes = await _by_parent(conn, walk, question.span) if collapse is Collapse.PARENTS else by_namespace(walk.nodes())
    members = members_of(walk.nearest, indexes, "runs", "versions")
    told = collapsed(members, await asyncio.to_thread(walk.nearest.edges, indexes), homes, walk.asked)
    cut = cut_short(found.cut) + left_out(len(found), indexes, told.listed, walk.asked.filter)
    tally = edge_tally(found, walk.asked, len(told.edges))
    runs = int(found.jobs.sum())
    now, freshness = await load_freshness(conn)
    return RolledImpact(
        start=told.start,
        direction=walk.asked.direction,
        asOf=question.span.as_of(now),
        complete=found.complete,
        counts=rolled_counts({"runs": runs, "versions": len(found) - runs}, told, tally, cut),
        groups=await load_groups(conn, walk.owners()),
        freshness=freshness,
        nodes=told.nodes,
        edges=told.edges,
        cursor=told.cursor,
    )


async def _by_parent(conn: Connection, walk: RunWalk, span: Span) -> Homes:
    shapes = {node: shape for node in walk.nodes() if (shape := walk.told.shown(node))}
    tops = await load_top_runs(conn, [node for node in shapes if node in walk.graph.runs])
    reads = RunsRead(conn, span=span)
    await reads.load(set(tops.values()) - shapes.keys())
    jobs = await describe(conn, {run.job_id for run in reads.runs.values()})
    shapes |= {node: shape for node, run in reads.runs.items() if (shape := run_node(run, jobs.get(run.job_id)))}
    return Homes({node: top if (top := tops.get(node, node)) in shapes else node for node in walk.nodes()}, shapes)
