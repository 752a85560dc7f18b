"""Facets of datasets, whoever reads or writes them."""

from __future__ import annotations

from headwater.openlineage.shapes import TEXT, URI, WHOLE, list_of, map_of, note, one_of, part, record, texts
from headwater.openlineage.vocabulary.explicit import LINEAGE_PARTS, LINEAGE_TARGET
from headwater.openlineage.vocabulary.facet import Facet, Owner
from headwater.openlineage.vocabulary.shared import OWNERS, PROSE, QUALITY, TAG, TRANSFORMATION

_DATASET = (Owner.DATASET,)
_INPUT_COLUMN = record({**texts("namespace* name* field*"), "transformations": list_of(TRANSFORMATION)})
_COLUMN_LINEAGE = {
    "fields*": note(
        map_of(record({"inputFields*": list_of(part("column"))} | texts("transformationDescription transformationType"))),
        "Columns of this dataset, each with the columns it comes from.",
    ),
    "dataset": note(list_of(part("column")), "Columns that bear on every row of the result."),
}
_COLUMN = record(
    texts("name* type description")
    | {
        "ordinal_position": note(WHOLE, "Place of the column, from 1."),
        "fields": note(list_of(part("column")), "Members of a structured column."),
    }
)

DATASET_FACETS: tuple[Facet, ...] = (
    Facet(
        "CatalogDatasetFacet",
        "catalog",
        "1-1-0",
        _DATASET,
        "The catalog that lists the dataset.",
        texts("framework* type* name* metadataUri warehouseUri source") | {"catalogProperties": map_of(TEXT)},
    ),
    Facet(
        "ColumnLineageDatasetFacet",
        "columnLineage",
        "1-2-0",
        _DATASET,
        "Which columns of other datasets each column of this one comes from.",
        _COLUMN_LINEAGE,
        {"column": _INPUT_COLUMN},
    ),
    Facet(
        "DataQualityMetricsDatasetFacet",
        "dataQualityMetrics",
        "1-0-0",
        _DATASET,
        "Measures of the dataset's content, taken outside of any run that reads it.",
        QUALITY,
    ),
    Facet(
        "DatasetTypeDatasetFacet",
        "datasetType",
        "1-0-1",
        _DATASET,
        "What kind of thing the dataset is.",
        {"datasetType*": note(TEXT, "Such as TABLE, VIEW, FILE, TOPIC or MODEL."), "subType": TEXT},
    ),
    Facet(
        "DatasetVersionDatasetFacet",
        "version",
        "1-0-1",
        _DATASET,
        "The store's own name of the state that was read or written, such as an Iceberg snapshot.",
        texts("datasetVersion*"),
    ),
    Facet(
        "DatasourceDatasetFacet",
        "dataSource",
        "1-0-1",
        _DATASET,
        "The system that holds the dataset.",
        {"name": TEXT, "uri": URI},
    ),
    Facet(
        "DocumentationDatasetFacet",
        "documentation",
        "1-1-0",
        _DATASET,
        "What the dataset holds, in prose.",
        PROSE,
    ),
    Facet(
        "HierarchyDatasetFacet",
        "hierarchy",
        "1-0-0",
        _DATASET,
        "The levels above and with the dataset, outermost first, such as database, schema and table.",
        {"hierarchy*": list_of(record(texts("type* name*")))},
    ),
    Facet(
        "LifecycleStateChangeDatasetFacet",
        "lifecycleStateChange",
        "1-0-1",
        _DATASET,
        "What became of the dataset as a whole.",
        {
            "lifecycleStateChange*": one_of("ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"),
            "previousIdentifier": note(record(texts("namespace* name*")), "The old name after a RENAME."),
        },
    ),
    Facet(
        "LineageDatasetFacet",
        "lineage",
        "1-0-0",
        _DATASET,
        "Lineage of a dataset that no job is known to make, such as a view.",
        LINEAGE_TARGET,
        LINEAGE_PARTS,
    ),
    Facet(
        "OwnershipDatasetFacet",
        "ownership",
        "1-0-1",
        _DATASET,
        "People and teams that answer for the dataset.",
        {"owners": OWNERS},
    ),
    Facet(
        "SchemaDatasetFacet",
        "schema",
        "1-2-0",
        _DATASET,
        "The columns of the dataset.",
        {"fields": list_of(part("column"))},
        {"column": _COLUMN},
    ),
    Facet(
        "StorageDatasetFacet",
        "storage",
        "1-0-1",
        _DATASET,
        "How the dataset is stored.",
        texts("storageLayer* fileFormat"),
    ),
    Facet(
        "SymlinksDatasetFacet",
        "symlinks",
        "1-0-1",
        _DATASET,
        "Other names of the same dataset.",
        {"identifiers": list_of(record(texts("namespace* name* type*")))},
    ),
    Facet(
        "TagsDatasetFacet",
        "tags",
        "1-0-0",
        _DATASET,
        "Key-value labels of the dataset or of one of its columns.",
        {"tags": list_of(record(TAG | {"field": note(TEXT, "The column that is labelled.")}))},
    ),
)
