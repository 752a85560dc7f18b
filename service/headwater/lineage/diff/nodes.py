"""What is told of jobs and datasets at two times, and what told it otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from headwater.catalog.facets import Bodies, Facet, FacetMap, load_bodies, show
from headwater.db.pool import Connection
from headwater.entities.diff import Change
from headwater.lineage.diff.compare import compared, compared_columns, facet_of
from headwater.lineage.diff.past_columns import NO_COLUMNS, DatasetColumns, Teller, columns_at
from headwater.lineage.diff.past_facets import Cause, causes, facets_at
from headwater.openlineage.times import to_datetime

_UNKNOWN = Cause(None, None)


@dataclass(frozen=True, slots=True)
class Told:
    """Of nodes, by id, at a time."""

    at: datetime
    facets: Mapping[int, FacetMap]
    columns: Mapping[int, DatasetColumns]


class _Found(NamedTuple):
    change: Change
    told: tuple[int, str, int] | None  # node, facet as it is after, and its body, where a run may have told it
    otherwise: Cause  # if none did
    known_before: bool  # there is a facet from before


async def told_at(conn: Connection, nodes: Collection[int], at: datetime) -> Told:
    """In three statements."""
    return Told(at, await facets_at(conn, nodes, at), await columns_at(conn, nodes, at))


async def node_changes(conn: Connection, names: Mapping[int, str], before: Told, after: Told) -> list[Change]:
    """Of the nodes with these names, in their order, in two statements."""
    bodies = await load_bodies(conn, [*before.facets.values(), *after.facets.values()])
    found = [
        one
        for node, name in names.items()
        for one in (*_compared(node, name, before, after, bodies), *_compared_columns(node, name, before, after))
    ]
    asked = dict.fromkeys(one.told for one in found if one.told is not None)
    known = await causes(conn, list(asked), before.at, after.at)
    return [_told(one, known.get(one.told, one.otherwise) if one.told is not None else one.otherwise) for one in found]


def _compared(node: int, name: str, before: Told, after: Told, bodies: Bodies) -> list[_Found]:
    is_job = name.startswith("job:")
    told = [side.facets.get(node, {}) for side in (before, after)]
    found = []
    for change in compared(name, show(told[0], bodies), show(told[1], bodies), is_job=is_job):
        key = facet_of(change.what, is_job=is_job)
        facet = told[1].get(key)
        asked = (node, key, facet.body_id) if facet is not None else None
        found.append(_Found(change, asked, _declared(facet, before.at), key in told[0]))
    return found


def _declared(facet: Facet | None, since: datetime) -> Cause:
    """A facet that no run told came with an event of the node's own."""
    at = to_datetime(facet.at) if facet is not None else since
    return Cause(at, None) if at > since else _UNKNOWN


def _compared_columns(node: int, name: str, before: Told, after: Told) -> list[_Found]:
    """What is gone was taken away by what was told last."""
    was, now = before.columns.get(node, NO_COLUMNS), after.columns.get(node, NO_COLUMNS)
    found = []
    for change in compared_columns(name, was.told, now.told):
        teller = now.tellers.get((change.name, change.source)) or now.tellers.get(None)
        asked = (node, "columnLineage", teller.body) if teller is not None and teller.body is not None else None
        found.append(_Found(change, asked, _first(teller, before.at), known_before=True))
    return found


def _first(teller: Teller | None, since: datetime) -> Cause:
    return Cause(teller.first_at, teller.first_run) if teller is not None and teller.first_at > since else _UNKNOWN


def _told(found: _Found, cause: Cause) -> Change:
    """An event without a run replaces what the one before it told: then it is not known whether it is new."""
    is_new = found.known_before or cause.run is not None or found.change.turn != "ADDED"
    return found.change.model_copy(update={**cause._asdict(), **({} if is_new else {"turn": "CHANGED"})})
