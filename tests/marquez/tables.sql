-- Marquez's tables as of 0.51, as far as an import reads them and with the same types. No Marquez is at hand: this is after what its
-- public migrations say.
CREATE TABLE lineage_events (
    event_time timestamptz, event jsonb, event_type text, job_name text, job_namespace text, producer text, run_uuid uuid,
    created_at timestamptz DEFAULT now(), _event_type varchar(64) DEFAULT 'RUN_EVENT'
);
CREATE INDEX lineage_events_event_time ON lineage_events (event_time DESC);
CREATE INDEX lineage_events_run_id_index ON lineage_events (run_uuid);
CREATE TABLE namespaces (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    name varchar UNIQUE NOT NULL, description text, current_owner_name varchar(64), is_hidden boolean DEFAULT false
);
CREATE TABLE sources (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), type varchar(64) NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, name varchar UNIQUE NOT NULL, connection_url varchar NOT NULL, description text
);
CREATE TABLE tags (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    name varchar(255) UNIQUE NOT NULL, description text
);
CREATE TABLE datasets (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), type varchar(64) NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, namespace_uuid uuid REFERENCES namespaces (uuid), namespace_name varchar, source_name varchar,
    name varchar(255) NOT NULL, physical_name varchar(255) NOT NULL, description text, current_version_uuid uuid,
    is_deleted boolean DEFAULT false, is_hidden boolean DEFAULT false, UNIQUE (namespace_uuid, name)
);
CREATE TABLE dataset_versions (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL,
    dataset_uuid uuid REFERENCES datasets (uuid), version uuid NOT NULL DEFAULT gen_random_uuid(), run_uuid uuid,
    namespace_name varchar(255), dataset_name varchar(255)
);
CREATE INDEX dataset_versions_dataset_uuid ON dataset_versions (dataset_uuid);
CREATE INDEX dataset_versions_run_uuid ON dataset_versions (run_uuid);
CREATE TABLE stream_versions (dataset_version_uuid uuid REFERENCES dataset_versions (uuid), schema_location varchar(255));
CREATE TABLE dataset_fields (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), type text, created_at timestamptz NOT NULL,
    dataset_uuid uuid REFERENCES datasets (uuid), name varchar(255) NOT NULL, description text
);
CREATE TABLE dataset_versions_field_mapping (dataset_version_uuid uuid, dataset_field_uuid uuid);
CREATE TABLE datasets_tag_mapping (dataset_uuid uuid, tag_uuid uuid);
CREATE TABLE dataset_fields_tag_mapping (dataset_field_uuid uuid, tag_uuid uuid);
CREATE TABLE jobs (
    uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), type varchar(64) NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, namespace_uuid uuid REFERENCES namespaces (uuid), namespace_name varchar,
    name varchar NOT NULL, description text, current_location varchar, current_inputs jsonb, symlink_target_uuid uuid,
    is_hidden boolean DEFAULT false, UNIQUE (namespace_uuid, name)
);
CREATE TABLE jobs_tag_mapping (job_uuid uuid, tag_uuid uuid);
CREATE TABLE job_versions_io_mapping (
    dataset_uuid uuid REFERENCES datasets (uuid), io_type varchar(64) NOT NULL, job_uuid uuid REFERENCES jobs (uuid),
    is_current_job_version boolean DEFAULT false
);
CREATE TABLE run_args (uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), args text NOT NULL);
CREATE TABLE runs (
    uuid uuid PRIMARY KEY, created_at timestamptz NOT NULL, job_uuid uuid REFERENCES jobs (uuid), external_id varchar,
    run_args_uuid uuid REFERENCES run_args (uuid), current_run_state varchar(64), transitioned_at timestamp,
    started_at timestamp, ended_at timestamp, nominal_start_time timestamp, nominal_end_time timestamp
);
CREATE INDEX runs_job_uuid ON runs (job_uuid, transitioned_at DESC);
CREATE TABLE runs_input_mapping (run_uuid uuid, dataset_version_uuid uuid);
