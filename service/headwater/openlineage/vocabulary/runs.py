"""Facets of runs."""

from __future__ import annotations

from headwater.openlineage.shapes import (
    NOTHING,
    TEXT,
    TIME,
    UUID,
    Schema,
    counts,
    list_of,
    map_of,
    note,
    record,
    texts,
)
from headwater.openlineage.vocabulary.facet import Facet, Owner
from headwater.openlineage.vocabulary.shared import CHECK, TAG

_RUN = (Owner.RUN,)
_JOB_NAME = record(texts("namespace* name*"))
_RUN_ID = record({"runId*": UUID})
_CUSTOM: Schema = {"$ref": "CustomFacet.json"}
_CUSTOM_LASTING: Schema = {"$ref": "CustomFacet.json#/$defs/lasting"}
_NAMED_RUN = record({"runId*": UUID, "facets": note(map_of(_CUSTOM), "A copy for convenience, not the truth.")})
_NAMED_JOB = record(texts("namespace* name*") | {"facets": map_of(_CUSTOM_LASTING)})

_DEPENDENCY = record({"job*": _JOB_NAME, "run": _RUN_ID} | texts("dependency_type sequence_trigger_rule status_trigger_rule"))

RUN_FACETS: tuple[Facet, ...] = (
    Facet(
        "EnvironmentVariablesRunFacet",
        "environmentVariables",
        "1-0-0",
        _RUN,
        "Environment variables that the run was started with. They may hold secrets.",
        {"environmentVariables*": list_of(record(texts("name* value*")))},
    ),
    Facet(
        "ErrorMessageRunFacet",
        "errorMessage",
        "1-0-1",
        _RUN,
        "Why the run failed.",
        texts("message* programmingLanguage* stackTrace"),
    ),
    Facet(
        "ExecutionParametersRunFacet",
        "executionParameters",
        "1-0-0",
        _RUN,
        "Arguments of the run, such as the hyperparameters of a training.",
        {"parameters": list_of(record(texts("key* name description value")) | {"additionalProperties": NOTHING})},
    ),
    Facet(
        "ExternalQueryRunFacet",
        "externalQuery",
        "1-0-2",
        _RUN,
        "The id under which another system, such as a warehouse, knows the run.",
        texts("externalQueryId* source*"),
    ),
    Facet(
        "ExtractionErrorRunFacet",
        "extractionError",
        "1-1-2",
        _RUN,
        "Parts of the work whose lineage the producer could not tell, so that the run's lineage is incomplete.",
        {
            **counts("totalTasks* failedTasks*"),
            "errors*": list_of(record(texts("errorMessage* stackTrace task") | counts("taskNumber"))),
        },
    ),
    Facet(
        "JobDependenciesRunFacet",
        "jobDependencies",
        "1-0-1",
        _RUN,
        "Jobs that had to end before this run or wait for it: control flow, not data.",
        {"upstream": list_of(_DEPENDENCY), "downstream": list_of(_DEPENDENCY), "trigger_rule": TEXT},
    ),
    Facet(
        "NominalTimeRunFacet",
        "nominalTime",
        "1-0-1",
        _RUN,
        "The time the run stands for, such as its place in a schedule, not the time when it ran.",
        {"nominalStartTime*": TIME, "nominalEndTime": TIME},
    ),
    Facet(
        "ParentRunFacet",
        "parent",
        "1-2-0",
        _RUN,
        "The run that this run is a part of, and the root of them all.",
        {"run*": _NAMED_RUN, "job*": _NAMED_JOB, "root": record({"run*": _NAMED_RUN, "job*": _NAMED_JOB})},
    ),
    Facet(
        "ProcessingEngineRunFacet",
        "processing_engine",
        "1-1-1",
        _RUN,
        "The engine that did the work, and the integration that reports it.",
        texts("version* name openlineageAdapterVersion"),
    ),
    Facet("TagsRunFacet", "tags", "1-0-0", _RUN, "Key-value labels of the run.", {"tags": list_of(record(TAG))}),
    Facet(
        "TestRunFacet",
        "test",
        "1-0-1",
        _RUN,
        "Results of tests that belong to no single dataset.",
        {"tests*": list_of(record(texts("name* status* type") | CHECK))},
    ),
    Facet(
        "GcpComposerRunFacet",
        "gcp_composer_run",
        "1-0-0",
        _RUN,
        "The Cloud Composer DAG run behind this run.",
        texts("dagRunId*"),
    ),
    Facet(
        "GcpDataprocRunFacet",
        "gcp_dataproc",
        "1-0-0",
        _RUN,
        "The Dataproc application behind this run: a job, a batch or a session.",
        texts(
            "appId* appName* projectId* batchId batchUuid clusterName clusterUuid jobId jobUuid queryNodeName jobType"
            " sessionId sessionUuid"
        ),
    ),
)
