"""Facets of headwater's own, for what OpenLineage has none: what a training found, and on which columns it learned."""

from __future__ import annotations

from headwater.openlineage.shapes import NUMBER, TEXT, list_of, map_of, note, record, texts
from headwater.openlineage.vocabulary.facet import Facet, Owner

_FEATURE = record(
    {
        "name*": note(TEXT, "As the model knows it."),
        "type": TEXT,
        "namespace": note(TEXT, "With `dataset`, the dataset that the column is of."),
        "dataset": note(TEXT, "Name of the dataset; without it, any that the run reads."),
        "field": note(TEXT, "The column, if it has another name than the feature."),
    }
)

OWN_FACETS: tuple[Facet, ...] = (
    Facet(
        "HeadwaterMetricsRunFacet",
        "headwater_metrics",
        "1-0-0",
        (Owner.RUN,),
        "What a training or an evaluation measured.",
        {"metrics*": note(map_of(NUMBER), "By name, such as auc or test/log_loss.")},
        ours=True,
    ),
    Facet(
        "HeadwaterFeaturesRunFacet",
        "headwater_features",
        "1-0-0",
        (Owner.RUN,),
        "The columns that a training learned from.",
        {"features*": list_of({"anyOf": [note(TEXT, "Name of the column."), _FEATURE]})},
        ours=True,
    ),
    Facet(
        "HeadwaterChecksumDatasetFacet",
        "headwater_checksum",
        "1-0-0",
        (Owner.DATASET,),
        "A digest of the content that was read or written.",
        texts("algorithm* value*"),
        ours=True,
    ),
)
