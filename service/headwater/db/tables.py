"""The schema, readable top to bottom.

Projections of ``lineage_events``, which is the truth, are all other tables but ``erasures``, ``dead_letters``, ``imports``,
``tags`` and ``graph_changes``. A projection's columns merge by rules that do not know the order of arrival: minimum, maximum,
union, or "the greatest event time wins". The tables of words follow the projections, a little later.

*Facet maps* (``facets``, ``job_facets``, …) are jsonb objects ``{key: [at, hash]}`` whose body is in ``facet_bodies`` under
that hash (jobs and datasets: the same body comes with every run), or ``{key: [at, hash, text]}`` with the body's JSON text
inline (runs: each has its own). ``at`` is the event time in microseconds; a body with ``_deleted: true`` hides its key.

Names exist once, in the table of their kind (those of jobs also in ``job_names``); every id is computed from names
(``headwater.ids``). What grows with runs is partitioned by the month of the run (``ids.run_month``) and its primary key begins
with the run.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "pk": "%(table_name)s_pkey",
    }
)


def _id(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null, primary_key=key, autoincrement=False)


def _time(name: str, *, null: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


def _facets(name: str) -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=text("'{}'"))


def _merged() -> Column[bool]:
    """False when a row is new, true once an event was merged into it. RETURNING has no xmax on partitioned tables."""
    return Column("merged", Boolean, nullable=False, server_default=text("false"))


def _hidden() -> tuple[Column[object], Column[object], Column[bool]]:
    """What is deleted is hidden, until an event that names it comes (be its event time what it may)."""
    return (
        Column("heard_at", DateTime(timezone=True), nullable=False, server_default=text("'-infinity'")),
        _time("hidden_at"),
        Column("is_hidden", Boolean, nullable=False, server_default=text("false")),
    )


# ---------------------------------------------------------------- the log

lineage_events = Table(
    "lineage_events",
    metadata,
    _time("event_time", null=False),
    Column("event_id", Uuid, nullable=False),  # digest of the body: the same event twice is one row
    Column("kind", SmallInteger, nullable=False),  # openlineage.Kind: 1 run, 2 job, 3 dataset
    Column("event_type", Text, nullable=True),
    Column("namespace", Text, nullable=False),  # of the job or dataset that the event is about
    Column("name", Text, nullable=False),
    Column("run_uuid", Uuid, nullable=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("era", Integer, nullable=False, server_default=text("0")),  # how many erasures were before it
    Column("findings", JSONB, nullable=True),  # [{path, message}] where the event was taken although a schema refuses it
    Column("body", LargeBinary, nullable=False),  # the bytes as sent, zstd
    PrimaryKeyConstraint("event_time", "event_id"),
    Index("lineage_events_job_idx", text("left(name, 256)"), postgresql_where=text("kind = 2")),  # see ingest.rehome
    # Plain names, so that the index alone can count; longer ones than PostgreSQL can index are nobody's.
    Index(
        "lineage_events_namespace_idx",
        "namespace",
        "event_time",
        postgresql_where=text("kind = 1 AND length(namespace) <= 256"),
    ),
    postgresql_partition_by="RANGE (event_time)",
)

erasures = Table(
    "erasures",
    metadata,
    # A row a hard delete: what is told later belongs to its era. The delete itself is the last event of the era before.
    Column("era", Integer, primary_key=True, autoincrement=False),
    Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", BigInteger, primary_key=True, autoincrement=True),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("source", Text, nullable=False),  # the request's path, or the file's name
    Column("status", SmallInteger, nullable=False),  # HTTP status that the sender was told
    Column("message", Text, nullable=False),
    Column("errors", JSONB, nullable=False),  # [{path, message}]
    Column("body", LargeBinary, nullable=False),  # zstd
    Column("retried_at", DateTime(timezone=True), nullable=True),  # last retry, if any
    Column("accepted_at", DateTime(timezone=True), nullable=True),  # a retry that went in
    Index(None, "received_at"),
)

imports = Table(
    "imports",
    metadata,
    Column("source", Text, primary_key=True),  # where the events come from, without credentials
    _time("reached"),  # all events before this time are in; null: it begins at the oldest
    _time("finished_at"),  # when an import first came to its end
)

conformance = Table(
    "conformance",
    metadata,
    _id("finding_id"),  # digest of producer, path and message
    Column("producer", Text, nullable=False),
    Column("path", Text, nullable=False),  # array positions and map keys generalised: $.inputs[*].facets.dataSource.uri
    Column("message", Text, nullable=False),
    Column("events", BigInteger, nullable=False),
    _time("first_at", null=False),
    _time("last_at", null=False),
    PrimaryKeyConstraint("finding_id"),
)

event_counts = Table(
    "event_counts",
    metadata,
    # By the quarter of an hour of their event time, as every time zone's days begin on a quarter: run events that came, by type,
    # and those that the log has, which retention lessens.
    _time("bucket", null=False),  # its beginning
    Column("shard", SmallInteger, nullable=False),  # of the writer: two that count in one row would go one after the other
    *(Column(name, BigInteger, nullable=False) for name in ("starts", "completes", "fails", "aborts", "events")),
    PrimaryKeyConstraint("bucket", "shard"),
)

# ---------------------------------------------------------------- identity and current facts

namespaces = Table(
    "namespaces",
    metadata,
    _id("namespace_id", key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default="anonymous"),
    _time("owner_at"),  # when somebody said so; likewise of the description
    Column("description", Text, nullable=True),
    _time("described_at"),
    _time("first_at", null=False),
    *_hidden(),
)

sources = Table(
    "sources",
    metadata,
    _id("source_id"),
    _id("uri_id"),
    Column("name", Text, nullable=False),
    Column("uri", Text, nullable=False),  # a source's uri is the one that appeared last (greatest first_at)
    _time("first_at", null=False),
    PrimaryKeyConstraint("source_id", "uri_id"),
)

put_sources = Table(
    "put_sources",
    metadata,
    _id("source_id", key=True),  # that of ``sources``, beside what events tell
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("description", Text, nullable=True),
    _time("first_at", null=False),
    _time("at", null=False),
)

tags = Table(
    "tags",
    metadata,
    _id("tag_id", key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=True),
    _time("described_at"),
)

facet_bodies = Table(
    "facet_bodies",
    metadata,
    _id("body_id", key=True),  # ids.content_id of the text
    Column("body", Text, nullable=False),  # JSON text as sent; not jsonb, which cannot hold every number and string
)

jobs = Table(
    "jobs",
    metadata,
    _id("job_id", key=True),
    _id("namespace_id"),
    Column("name", Text, nullable=False),  # full: parent.child
    _id("parent_id", null=True),  # job of the latest parent facet
    _time("parent_at"),
    _time("first_at", null=False),  # least event time
    _time("last_at"),  # greatest time of its own events; absent where only others tell of it, as children of their parent
    _time("told_at"),  # least time of events other than those of its own runs: JobEvents, children, dependents
    _time("declared_at"),  # latest JobEvent that names datasets
    _time("floor_at"),  # an edge of this job is current while its last_at is not before this (see lineage.edges)
    Column("late", Boolean, nullable=False, server_default=text("false")),  # what was written last is not all newer than before
    _facets("facets"),
    *_hidden(),
    Index("jobs_name_idx", "namespace_id", text('left(name, 256) COLLATE "C"'), "job_id"),
    Index("jobs_last_at_idx", text("coalesce(last_at, first_at) DESC"), "job_id"),
    Index("jobs_parent_id_idx", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
)

job_names = Table(
    "job_names",
    metadata,
    # The names of jobs again, in rows that never change, by triggers when a job comes or goes: every event writes its job's
    # row anew with all of its index entries (jobs_last_at_idx), and a name has dozens of trigrams. Rows of datasets are
    # updated in place, so their names need no second table.
    _id("job_id", key=True),
    Column("name", Text, nullable=False),
    # and job_names_trigram_idx, see TRIGRAM_INDEXES
)

datasets = Table(
    "datasets",
    metadata,
    _id("dataset_id", key=True),
    _id("namespace_id"),
    Column("name", Text, nullable=False),
    _id("canonical_id"),  # itself, or the dataset of which this name is a symlink (see ingest.symlinks)
    _time("first_at", null=False),
    _time("last_at", null=False),
    _time("written_at"),  # latest event that wrote or declared it
    _time("declared_at"),  # latest DatasetEvent with a lineage facet
    _facets("facets"),  # as its writers and DatasetEvents have it
    _facets("read_facets"),  # as its readers have it, inputFacets included: used where no writer says anything
    *_hidden(),
    Index("datasets_name_idx", "namespace_id", text('left(name, 256) COLLATE "C"'), "dataset_id"),
    Index("datasets_canonical_id_idx", "canonical_id", postgresql_where=text("canonical_id <> dataset_id")),
    # Few: so that to know of very many that they are none of these takes no look at their rows.
    Index(
        "datasets_particular_idx",
        "dataset_id",
        postgresql_include=["canonical_id", "is_hidden"],
        postgresql_where=text("canonical_id <> dataset_id OR is_hidden"),
    ),
)

models = Table(
    "models",
    metadata,
    # Datasets that any event has called a MODEL, so that they are found without looking at all others. Whether one still is
    # a model its facets say.
    _id("dataset_id", key=True),
)

symlinks = Table(
    "symlinks",
    metadata,
    _id("primary_id"),
    _id("alias_id"),
    _time("first_at", null=False),
    PrimaryKeyConstraint("primary_id", "alias_id"),
    Index(None, "alias_id"),
)

dataset_versions = Table(
    "dataset_versions",
    metadata,
    # Versions that no run wrote: declared by a DatasetEvent, or seen by a reader. Those written are rows of run_io.
    _id("dataset_id"),
    _id("version_id"),  # digest of what tells it apart: dataset, external version, schema, lifecycle state
    Column("declared", Boolean, nullable=False),
    Column("external_version", Text, nullable=True),
    _time("first_at", null=False),
    _facets("facets"),
    PrimaryKeyConstraint("dataset_id", "version_id"),
)

# ---------------------------------------------------------------- words


def _words(noun: str) -> Table:
    """What search by content finds a noun by: the words of the facets ``bodies``, stale where others are current. Written in the
    background, see ``ingest.indexing``."""
    return Table(
        f"{noun}_words",
        metadata,
        _id(f"{noun}_id", key=True),
        Column(
            "bodies", ARRAY(BigInteger), nullable=False
        ),  # of facets that the words are from: where others are current, it is stale
        Column("words", TSVECTOR, nullable=False),
        Index(None, "words", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": 512}),
    )


job_words, dataset_words = _words("job"), _words("dataset")

# ---------------------------------------------------------------- the graph

edges = Table(
    "edges",
    metadata,
    Column("kind", SmallInteger, nullable=False),  # lineage.edges.EdgeKind
    _id("source_id"),
    _id("target_id"),
    _id("owner_id"),  # the job (or, for a DatasetEvent's, the dataset) whose events say so
    _time("first_at", null=False),  # least and greatest event time that named it, and the runs of these events
    _time("last_at", null=False),
    _id("first_run_id", null=True),  # null: declared, not observed
    _id("last_run_id", null=True),
    _time("prior_at"),  # last_at before it was last written: whether that made the edge current again
    PrimaryKeyConstraint("source_id", "target_id", "kind", "owner_id"),
    Index(None, "target_id", "source_id"),
    Index(None, "owner_id"),
    Index("edges_explicit_idx", "owner_id", postgresql_where=text("kind = 3")),  # few: which jobs tell lineage themselves
)

column_sets = Table(
    "column_sets",
    metadata,
    # The column edges of one output as one content: the same set sent with every run is stored once.
    _id("set_id"),
    Column("ordinal", Integer, nullable=False),
    Column("output_field", Text, nullable=False),  # '' : all fields of the output
    _id("input_dataset_id"),
    Column("input_field", Text, nullable=False),  # '' : field not known
    Column("transformations", JSONB, nullable=False),  # [{type, subtype, description, masking}]
    PrimaryKeyConstraint("set_id", "ordinal"),
    Index(None, "input_dataset_id"),
)

column_lineage = Table(
    "column_lineage",
    metadata,
    # When somebody told which set, as ``edges`` have it. A row for each set that was ever told, not for each time it was: which
    # one holds now says catalog/sql/current_columns.sql.
    _id("dataset_id"),
    _id("owner_id"),  # the job that writes the dataset, or the dataset itself (DatasetEvent)
    _id("set_id"),
    Column("adds", Boolean, nullable=False),  # a job's LineageFacet: to the other sets of its run; others take each other's place
    _time("first_at", null=False),
    _time("last_at", null=False),
    _id("first_run_id", null=True),
    _id("last_run_id", null=True),
    PrimaryKeyConstraint("dataset_id", "owner_id", "set_id", "adds"),
    Index(None, "set_id"),
)

graph_changes = Table(
    "graph_changes",
    metadata,
    # By triggers, and by writers for what these cannot see: whose edges may be others since a transaction, for those who keep
    # the graph in memory (lineage.graph.present).
    Column("xid", BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text)::bigint")),
    _id("owner_id", null=True),  # null: all
    Index(None, "xid"),
)

# ---------------------------------------------------------------- what grows with runs

_BY_MONTH = "RANGE (month)"

runs = Table(
    "runs",
    metadata,
    _id("run_id"),
    Column("month", Date, nullable=False),
    Column("run_uuid", Uuid, nullable=False),
    _id("job_id"),  # with its parent's name in front, once any event of the run tells the parent
    _id("raw_job_id"),  # as the events name it
    Column("parented", Boolean, nullable=False),  # some event told the parent (or the name had the parent's in front)
    _id("parent_run_id", null=True),
    Column("parent_run_uuid", Uuid, nullable=True),
    _time("parent_at"),
    _time("first_at", null=False),  # least event time, of children's events for a parent that sends none
    _time("last_at"),  # greatest event time of its own; null: only known as a parent
    _time("started_at"),  # earliest START
    _time("restarted_at"),  # latest START: after the end, it opens the run again
    _time("ended_at"),  # latest terminal event, with its kind
    Column("end_rank", SmallInteger, nullable=True),  # 1 COMPLETE, 2 ABORT, 3 FAIL
    Column("running", Boolean, nullable=False),  # START or RUNNING was seen
    Column("other", Boolean, nullable=False),  # OTHER was seen
    Column("streaming", Boolean, nullable=False),  # jobType says STREAMING or SERVICE: never expected to end
    Column("linked", Boolean, nullable=False),  # names a dataset
    _id("io_digest"),  # exclusive or of the digests of its inputs and outputs
    _time("code_at"),  # latest sourceCodeLocation
    _id("code_id"),  # digest of its url and version, 0 without one
    _facets("facets"),
    _facets("job_facets"),
    Column("moving", Boolean, nullable=False, server_default=text("false")),  # true in a row proposed to be stored elsewhere
    Column(
        "state",
        Text,
        Computed(
            "CASE WHEN end_rank IS NOT NULL AND (restarted_at IS NULL OR restarted_at <= ended_at)"
            " THEN CASE end_rank WHEN 1 THEN 'COMPLETED' WHEN 2 THEN 'ABORTED' ELSE 'FAILED' END"
            " WHEN running THEN 'RUNNING' WHEN other THEN 'OTHER' ELSE 'NEW' END",
            persisted=True,
        ),
    ),
    Column("version_id", BigInteger, Computed("io_digest # code_id", persisted=True)),
    PrimaryKeyConstraint("run_id", "month"),
    Index("runs_run_uuid_idx", "run_uuid"),
    Index("runs_job_id_first_at_idx", "job_id", text("first_at DESC"), "run_id"),
    Index(
        "runs_job_id_started_at_idx",
        "job_id",
        text("(coalesce(started_at, CASE WHEN running OR other THEN first_at END)) DESC NULLS LAST"),
        text("first_at DESC"),
        "run_id",
    ),
    Index("runs_raw_job_id_idx", "raw_job_id", postgresql_where=text("job_id <> raw_job_id")),  # see catalog.aliases
    Index(
        "runs_linked_idx",
        "job_id",
        text("(CASE WHEN linked THEN first_at END) DESC"),
        "run_id",
        postgresql_where=text("linked"),
    ),
    Index("runs_parent_run_id_idx", "parent_run_id", postgresql_where=text("parent_run_id IS NOT NULL")),
    CheckConstraint("end_rank BETWEEN 1 AND 3", name="end_rank"),
    postgresql_partition_by=_BY_MONTH,
)

run_io = Table(
    "run_io",
    metadata,
    # What a run read and wrote. An output row is a dataset version: current once its run is COMPLETED (or streaming).
    _id("run_id"),
    Column("month", Date, nullable=False),
    _id("dataset_id"),  # as the event names it, not the canonical one
    Column("output", Boolean, nullable=False),
    _time("first_at", null=False),
    _time("last_at", null=False),
    _facets("facets"),  # dataset facets
    _facets("io_facets"),  # inputFacets or outputFacets, inline
    _merged(),
    PrimaryKeyConstraint("run_id", "dataset_id", "output", "month"),
    Index("run_io_dataset_id_idx", "dataset_id", "output", "last_at", "run_id"),
    postgresql_partition_by=_BY_MONTH,
)

run_versions = Table(
    "run_versions",
    metadata,
    # External versions (Delta 12, an Iceberg snapshot) that a run named in a `version` facet; usually one a dataset.
    _id("run_id"),
    Column("month", Date, nullable=False),
    _id("dataset_id"),
    Column("output", Boolean, nullable=False),
    _id("external_id"),
    Column("external_version", Text, nullable=False),
    _time("first_at", null=False),
    _time("last_at", null=False),
    PrimaryKeyConstraint("run_id", "dataset_id", "output", "external_id", "month"),
    Index("run_versions_dataset_id_idx", "dataset_id", "external_id"),
    postgresql_partition_by=_BY_MONTH,
)

# Which only the migration knows, since they stand on an extension that a server may lack. See decisions/0009-search.md.
TRIGRAM_INDEXES = ("job_names_trigram_idx", "datasets_trigram_idx")
_NO_PROJECTIONS = (lineage_events, erasures, dead_letters, imports, tags, graph_changes, job_words, dataset_words)
PROJECTIONS = tuple(t for t in metadata.sorted_tables if t not in _NO_PROJECTIONS)
MONTHLY = (runs, run_io, run_versions)
