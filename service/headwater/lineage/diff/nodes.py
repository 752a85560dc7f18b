"""What is told of jobs and datasets at two times, and what told it otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import msgspec

from headwater.catalog.facets import Bodies, Facet, FacetMap, load_bodies, show
from headwater.db.pool import Connection
from headwater.entities.diff import Change
from headwater.lineage.diff.compare import compared, compared_columns, facet_of
from headwater.lineage.diff.past_facets import Cause, causes, columns_at, facets_at
from headwater.lineage.graph.past import Past
from headwater.openlineage.times import to_datetime

_COLUMNS = "columnLineage"


@dataclass(frozen=True, slots=True)
class Told:
    """Of nodes, by id, at a time."""

    at: datetime
    facets: Mapping[int, FacetMap]
    columns: Mapping[int, list[Facet]]  # a columnLineage facet of each that writes or declares the dataset


class _Found(NamedTuple):
    node: int
    change: Change
    key: str  # of the facet that tells it
    facet: Facet | None  # as it is after
    known_before: bool  # there is a facet from before


async def told_at(conn: Connection, nodes: Collection[int], at: datetime) -> Told:
    """In six statements."""
    writers = (await Past(conn, at).flow(nodes, downstream=False, hops=0)).writers(nodes)
    return Told(at, await facets_at(conn, nodes, at), await columns_at(conn, nodes, writers, at))


async def node_changes(conn: Connection, names: Mapping[int, str], before: Told, after: Told) -> list[Change]:
    """Of the nodes with these names, in their order, in two statements."""
    maps = [*before.facets.values(), *after.facets.values()]
    columns = ({_COLUMNS: facet} for told in (before, after) for facet in chain(*told.columns.values()))
    bodies = await load_bodies(conn, [*maps, *columns])
    found = [one for node, name in names.items() for one in _compared(node, name, before, after, bodies)]
    asked = [(one.node, one.key, one.facet.body_id) for one in found if one.facet is not None]
    known = await causes(conn, list(dict.fromkeys(asked)), before.at, after.at)
    return [_told(one, _cause(one, known, before.at)) for one in found]


def _compared(node: int, name: str, before: Told, after: Told, bodies: Bodies) -> list[_Found]:
    is_job = name.startswith("job:")
    told = [side.facets.get(node, {}) for side in (before, after)]
    found = []
    for change in compared(name, show(told[0], bodies), show(told[1], bodies), is_job=is_job):
        key = facet_of(change.what, is_job=is_job)
        found.append(_Found(node, change, key, told[1].get(key), key in told[0]))
    columns = compared_columns(name, _columns(before, node, bodies), _columns(after, node, bodies))
    newest = max(after.columns.get(node, []), key=lambda facet: facet.at, default=None)
    return [*found, *(_Found(node, change, _COLUMNS, newest, True) for change in columns)]


def _columns(told: Told, node: int, bodies: Bodies) -> list[msgspec.Raw]:
    return [body for facet in told.columns.get(node, []) for body in show({_COLUMNS: facet}, bodies).values()]


def _cause(found: _Found, known: Mapping[tuple[int, str], Cause], since: datetime) -> Cause:
    """A facet that no run told came with an event of the node's own."""
    if cause := known.get((found.node, found.key)):
        return cause
    at = to_datetime(found.facet.at) if found.facet is not None else since
    return Cause(at if at > since else None, None)


def _told(found: _Found, cause: Cause) -> Change:
    """An event without a run replaces what the one before it told: then it is not known whether it is new."""
    is_new = found.known_before or cause.run is not None or found.change.turn != "ADDED"
    return found.change.model_copy(update={**cause._asdict(), **({} if is_new else {"turn": "CHANGED"})})
