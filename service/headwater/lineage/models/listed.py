"""Models and their versions, by pages or alone, with how many there are and how far the store had heard."""

from __future__ import annotations

from typing import Any, Literal

from headwater.catalog import models
from headwater.catalog.page import Page
from headwater.db.pool import Connection
from headwater.entities.graph import Counts, Cut, Tally
from headwater.entities.model import Models, ModelVersions, OneModel, OneModelVersion
from headwater.lineage.freshness import load_freshness

_NO_EDGES = Tally(found=0, returned=0)
_ALONE = Page(limit=1)


async def list_models(conn: Connection, page: Page, namespace: str | None = None) -> Models:
    """By namespace and name."""
    total, found = await models.list_models(conn, page, namespace)
    return Models(totalCount=total, models=found, **await _beside(conn, page_counts("datasets", total, len(found), page)))


async def get_model(conn: Connection, namespace: str, name: str) -> OneModel:
    """Raises NotFound."""
    found = await models.get_model(conn, namespace, name)
    return OneModel(**found.__dict__, **await _beside(conn, page_counts("datasets", 1, 1, _ALONE)))


async def list_versions(conn: Connection, namespace: str, name: str, page: Page) -> ModelVersions:
    """Newest first. Raises NotFound."""
    total, found = await models.list_model_versions(conn, namespace, name, page)
    beside = await _beside(conn, page_counts("versions", total, len(found), page))
    return ModelVersions(totalCount=total, versions=found, **beside)


async def get_version(conn: Connection, namespace: str, name: str, told: str) -> OneModelVersion:
    """By any of its names. Raises NotFound."""
    [found] = await models.load_model_versions(conn, [await models.find_version(conn, namespace, name, told)])
    return OneModelVersion(**found.__dict__, **await _beside(conn, page_counts("versions", 1, 1, _ALONE)))


def page_counts(kind: Literal["datasets", "versions"], total: int, returned: int, page: Page) -> Counts:
    """Of a list without edges: ``total`` of one kind, of which a page has so many."""
    passed = min(page.offset, total)
    left_out = {"offset": passed, "limit": total - passed - returned}
    cut = [Cut(rule=rule, nodes=nodes) for rule, nodes in left_out.items() if nodes]
    return Counts(found=total, **{kind: total}, returned=returned, edges=_NO_EDGES, cut=cut)


async def _beside(conn: Connection, counts: Counts) -> dict[str, Any]:
    now, freshness = await load_freshness(conn)
    return {"complete": True, "counts": counts, "asOf": now, "freshness": freshness}
