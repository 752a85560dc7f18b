"""ML models and their versions. A model is a dataset whose type is MODEL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from headwater import ids
from headwater.catalog import meaning, versions
from headwater.catalog.datasets import Known, get_known, load_known, named_version
from headwater.catalog.facets import Shown, load_bodies, show
from headwater.catalog.page import Page
from headwater.catalog.trainings import columns_of, load_traced, sources_of
from headwater.catalog.version_columns import VersionKey, load_version_columns
from headwater.catalog.versions import Version
from headwater.db.pool import Connection
from headwater.entities.model import Model, ModelVersion
from headwater.errors import NotFound

# What was once a model may be called a table now.
_MODELS = """
SELECT DISTINCT c.dataset_id, c.namespace_id, c.name
FROM models m
JOIN datasets d ON d.dataset_id = m.dataset_id
JOIN datasets c ON c.dataset_id = d.canonical_id AND NOT c.is_hidden
JOIN facet_bodies b ON b.body_id = (coalesce(d.facets->'datasetType', d.read_facets->'datasetType')->>1)::bigint
WHERE b.body ~* '"datasetType"\\s*:\\s*"model"'
"""
_AMONG = f"SELECT dataset_id FROM ({_MODELS}) model WHERE dataset_id = ANY(%s)"
_PAGE = f"""
WITH model AS MATERIALIZED (
    SELECT * FROM ({_MODELS}) every WHERE %(namespace)s::bigint IS NULL OR namespace_id = %(namespace)s
)
SELECT (SELECT count(*) FROM model),
       ARRAY(SELECT m.dataset_id FROM model m JOIN namespaces n USING (namespace_id)
             ORDER BY n.name COLLATE "C", m.name COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s)
"""


async def models_among(conn: Connection, canonical_ids: Collection[int]) -> set[int]:
    """Those that are models."""
    if not canonical_ids:
        return set()
    return {row[0] for row in await (await conn.execute(_AMONG, (list(canonical_ids),))).fetchall()}


async def get_model(conn: Connection, namespace: str, name: str) -> Model:
    """Raises NotFound."""
    return (await _load_models(conn, [await _find(conn, namespace, name)]))[0]


async def list_models(conn: Connection, page: Page, namespace: str | None = None) -> tuple[int, list[Model]]:
    """How many there are in all, and those of the page by namespace and name, in three statements."""
    of = ids.namespace_id(namespace) if namespace is not None else None
    row = await (await conn.execute(_PAGE, {"namespace": of, "limit": page.limit, "offset": page.offset})).fetchone()
    assert row is not None
    known = await load_known(conn, row[1]) if row[1] else {}
    return row[0], await _load_models(conn, [known[i] for i in row[1] if i in known])


async def find_version(conn: Connection, namespace: str, name: str, told: str) -> tuple[Known, Version]:
    """The model, and the version of it that ``told`` names: our UUID, its external version, or ``latest``. Raises NotFound."""
    model = await _find(conn, namespace, name)
    version = await named_version(conn, model, told)
    if version is None:
        raise NotFound("Model version", told)
    return model, version


async def list_model_versions(conn: Connection, namespace: str, name: str, page: Page) -> tuple[int, list[ModelVersion]]:
    """How many there are in all, and those of the page, newest first. Raises NotFound."""
    model = await _find(conn, namespace, name)
    total, found = await versions.list_versions(conn, model.members, page)
    return total, await load_model_versions(conn, [(model, version) for version in found])


async def load_model_versions(conn: Connection, told: Sequence[tuple[Known, Version]]) -> list[ModelVersion]:
    """In four statements."""
    runs = await load_traced(conn, [version.version_id for _, version in told if version.month])
    columns = [{key: facet for key, facet in version.facets.items() if key == "columnLineage"} for _, version in told]
    bodies = await load_bodies(conn, columns)
    trained = [runs.get(version.version_id) if version.month else None for _, version in told]
    untold = [of for of, run in zip(told, trained, strict=True) if not (run and run.features)]
    keys = [VersionKey(version.version_id, version.month or version.first_at.date(), m.canonical_id) for m, version in untold]
    explicit = await load_version_columns(conn, keys)
    found = []
    for (model, version), run, facets in zip(told, trained, columns, strict=True):
        learnt = run.features if run else []
        derived = explicit.get((version.version_id, model.canonical_id))
        found.append(
            ModelVersion(
                id=model.id,
                version=version.uuid,
                externalVersion=version.external_version,
                createdAt=version.first_at,
                trainedBy=run,
                features=learnt or (columns_of(show(facets, bodies)) if derived is None else sources_of(derived)),
            )
        )
    return found


async def _find(conn: Connection, namespace: str, name: str) -> Known:
    try:
        known = await get_known(conn, namespace, name)
    except NotFound as error:
        raise NotFound("Model", name) from error
    if not await models_among(conn, [known.canonical_id]):
        raise NotFound("Model", name)
    return known


async def _load_models(conn: Connection, known: Sequence[Known]) -> list[Model]:
    bodies = await load_bodies(conn, (model.facets for model in known))
    return [_model(model, show(model.facets, bodies)) for model in known]


def _model(known: Known, facets: Shown) -> Model:
    return Model(
        id=known.id,
        description=meaning.description(facets),
        owners=meaning.owners(facets),
        tags=meaning.tags_by_field(facets).get(None, []),
        createdAt=known.first_at,
        updatedAt=known.last_at,
        currentVersion=known.current.uuid if known.current else None,
        externalVersion=known.current.external_version if known.current else None,
    )
