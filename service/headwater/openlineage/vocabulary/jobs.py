"""Facets of jobs."""

from __future__ import annotations

from headwater.openlineage.shapes import TEXT, URI, list_of, note, record, texts
from headwater.openlineage.vocabulary.explicit import LINEAGE_ENTRY, LINEAGE_PARTS
from headwater.openlineage.vocabulary.facet import Facet, Owner
from headwater.openlineage.vocabulary.shared import OWNERS, PROSE, TAG

_JOB = (Owner.JOB,)

JOB_FACETS: tuple[Facet, ...] = (
    Facet(
        "DocumentationJobFacet",
        "documentation",
        "1-1-0",
        _JOB,
        "What the job is for, in prose.",
        PROSE,
    ),
    Facet(
        "JobTypeJobFacet",
        "jobType",
        "2-0-4",
        _JOB,
        "What kind of job it is, and how its events are to be read together.",
        {
            "processingType*": note(TEXT, "BATCH, STREAMING or SERVICE; the last two need not end."),
            **texts("integration* jobType"),
            "emissionPattern": record(
                {
                    "eventTrigger*": note(TEXT, "EVENT_BASED or PERIODIC."),
                    "eventContentMode*": note(
                        TEXT, "ACCUMULATIVE: events of a run add up. COMPLETE_SNAPSHOT: each stands alone."
                    ),
                    "windowDuration": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Seconds that an event of a periodic pattern covers.",
                    },
                }
            ),
        },
    ),
    Facet(
        "LineageJobFacet",
        "lineage",
        "1-0-0",
        _JOB,
        "Lineage that the job states itself: nothing is to be inferred from inputs and outputs.",
        {"entries*": note(list_of(LINEAGE_ENTRY), "One target each, with its sources.")},
        LINEAGE_PARTS,
    ),
    Facet(
        "OwnershipJobFacet",
        "ownership",
        "1-0-1",
        _JOB,
        "People and teams that answer for the job.",
        {"owners": OWNERS},
    ),
    Facet("SQLJobFacet", "sql", "1-1-0", _JOB, "The SQL that the job runs.", texts("query* dialect")),
    Facet(
        "SourceCodeJobFacet",
        "sourceCode",
        "1-0-1",
        _JOB,
        "The program text of the job.",
        texts("language* sourceCode*"),
    ),
    Facet(
        "SourceCodeLocationJobFacet",
        "sourceCodeLocation",
        "1-1-0",
        _JOB,
        "Where the program of the job is kept, and in which revision it ran.",
        {"type*": TEXT, "url*": URI, **texts("repoUrl path version tag branch pullRequestNumber")},
    ),
    Facet("TagsJobFacet", "tags", "1-0-0", _JOB, "Key-value labels of the job.", {"tags": list_of(record(TAG))}),
    Facet(
        "GcpComposerJobFacet",
        "gcp_composer_job",
        "1-0-0",
        _JOB,
        "The Cloud Composer environment, DAG and task behind the job.",
        texts("environmentName* dagId* airflowVersion* composerVersion* operator taskId"),
    ),
    Facet(
        "GcpLineageJobFacet",
        "gcp_lineage",
        "1-0-0",
        _JOB,
        "How Google's catalog shows the job.",
        {"displayName": TEXT, "origin": record(texts("sourceType name"))},
    ),
)
