"""Facets of one reading or writing of a dataset."""

from __future__ import annotations

from headwater.openlineage.shapes import FLAG, NUMBER, OPEN, TEXT, counts, list_of, part, record, tagged, texts
from headwater.openlineage.vocabulary.facet import Facet, Owner
from headwater.openlineage.vocabulary.shared import CHECK, QUALITY

_INPUT, _OUTPUT = (Owner.INPUT,), (Owner.OUTPUT,)
_VOLUME = counts("rowCount size fileCount")

_OPERAND = tagged({"field": record(texts("field*")), "literal": record(texts("value*"))})
_SUBSET_PARTS = {
    "condition": tagged(
        {
            "location": record({"locations*": list_of(TEXT)}),
            "partition": record({"partitions*": list_of(record({"identifier": TEXT, "dimensions*": OPEN}))}),
            "binary": record({"left*": part("condition"), "right*": part("condition"), "operator*": TEXT}),
            "compare": record({"left*": _OPERAND, "right*": _OPERAND, "comparison*": TEXT}),
        }
    )
}

# Iceberg: durations in ms, sizes in bytes, the others are counts

_SCAN_METRICS = """
    totalPlanningDuration resultDataFiles resultDeleteFiles totalDataManifests totalDeleteManifests
    scannedDataManifests skippedDataManifests totalFileSizeInBytes totalDeleteFileSizeInBytes skippedDataFiles
    skippedDeleteFiles scannedDeleteManifests skippedDeleteManifests indexedDeleteFiles equalityDeleteFiles
    positionalDeleteFiles
"""
_COMMIT_METRICS = """
    totalDuration attempts addedDataFiles removedDataFiles totalDataFiles addedDeleteFiles addedEqualityDeleteFiles
    addedPositionalDeleteFiles addedDVs removedDeleteFiles removedEqualityDeleteFiles removedPositionalDeleteFiles
    removedDVs totalDeleteFiles addedRecords removedRecords totalRecords addedFilesSizeInBytes
    removedFilesSizeInBytes totalFilesSizeInBytes addedPositionalDeletes removedPositionalDeletes
    totalPositionalDeletes addedEqualityDeletes removedEqualityDeletes totalEqualityDeletes
"""

USE_FACETS: tuple[Facet, ...] = (
    Facet(
        "DataQualityAssertionsDatasetFacet",
        "dataQualityAssertions",
        "1-1-0",
        (Owner.INPUT, Owner.DATASET),  # by the specification an input facet, but dbt puts it in both places
        "Results of the checks that a run made on the dataset.",
        {"assertions*": list_of(record({"assertion*": TEXT, "success*": FLAG, "column": TEXT} | CHECK))},
    ),
    Facet(
        "DataQualityMetricsInputDatasetFacet",
        "dataQualityMetrics",
        "1-0-3",
        _INPUT,
        "Measures of what the run read.",
        QUALITY,
    ),
    Facet(
        "IcebergScanReportInputDatasetFacet",
        "icebergScanReport",
        "1-0-1",
        _INPUT,
        "What Iceberg reports of a scan.",
        {
            **counts("snapshotId schemaId", NUMBER),
            "filterDescription": TEXT,
            "projectedFieldNames": list_of(TEXT),
            "scanMetrics": record(counts(_SCAN_METRICS, NUMBER)),
            "metadata": OPEN,
        },
    ),
    Facet(
        "InputStatisticsInputDatasetFacet",
        "inputStatistics",
        "1-0-0",
        _INPUT,
        "How much the run read: rows, bytes, files.",
        _VOLUME,
    ),
    Facet(
        "InputSubsetInputDatasetFacet",
        "subset",
        "1-0-0",
        _INPUT,
        "Which part of the dataset the run read.",
        {"inputCondition*": part("condition")},
        _SUBSET_PARTS,
    ),
    Facet(
        "IcebergCommitReportOutputDatasetFacet",
        "icebergCommitReport",
        "1-0-2",
        _OUTPUT,
        "What Iceberg reports of a commit.",
        {
            **counts("snapshotId sequenceNumber", NUMBER),
            "operation": TEXT,
            "commitMetrics": record(counts(_COMMIT_METRICS, NUMBER)),
            "metadata": OPEN,
        },
    ),
    Facet(
        "OutputStatisticsOutputDatasetFacet",
        "outputStatistics",
        "1-0-2",
        _OUTPUT,
        "How much the run wrote: rows, bytes, files.",
        _VOLUME,
    ),
    Facet(
        "OutputSubsetOutputDatasetFacet",
        "subset",
        "1-0-0",
        _OUTPUT,
        "Which part of the dataset the run wrote.",
        {"outputCondition*": part("condition")},
        _SUBSET_PARTS,
    ),
)
