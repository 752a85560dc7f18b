"""A database with Marquez's tables, and rows in them as Marquez would write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tests.build import Event

_AT = "2026-03-01T08:00:00Z"


class Tables:
    def __init__(self, url: str) -> None:
        self.url = url
        self._conn = psycopg.connect(url, autocommit=True)
        self._conn.execute((Path(__file__).parent / "tables.sql").read_bytes())

    def close(self) -> None:
        self._conn.close()

    def add(self, table: str, **columns: Any) -> UUID | None:
        """The row's UUID, where its table has them."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        )
        cursor = self._conn.execute(statement, list(columns.values()))
        names = [column.name for column in cursor.description or ()]
        row = cursor.fetchone()
        return row[names.index("uuid")] if row and "uuid" in names else None

    def ends_connections(self) -> None:
        """Of whoever reads the events: in the place of the table is a view that does it."""
        self._conn.execute("ALTER TABLE lineage_events RENAME TO events_behind")
        self._conn.execute(
            "CREATE VIEW lineage_events AS SELECT * FROM events_behind WHERE pg_terminate_backend(pg_backend_pid())"
        )

    def event(self, event: Event, run: UUID | None = None) -> None:
        """``run`` is what Marquez makes of its run id, if that is no UUID."""
        kind = "RUN_EVENT" if "run" in event else "JOB_EVENT" if "job" in event else "DATASET_EVENT"
        run = run or event.get("run", {}).get("runId")
        self.add("lineage_events", event_time=event["eventTime"], event=json.dumps(event), run_uuid=run, _event_type=kind)

    def namespace(self, name: str, **columns: Any) -> None:
        self.add("namespaces", name=name, created_at=_AT, updated_at=_AT, **{"current_owner_name": "anonymous"} | columns)

    def source(self, name: str, **columns: Any) -> None:
        self.add("sources", name=name, type="POSTGRESQL", created_at=_AT, updated_at=_AT, **columns)

    def tag(self, name: str, **columns: Any) -> UUID | None:
        return self.add("tags", name=name, created_at=_AT, updated_at=_AT, **columns)

    def dataset(
        self, namespace: str, name: str, fields: dict[str, str] | None = None, **columns: Any
    ) -> tuple[UUID | None, UUID | None]:
        """Its UUID and that of its version; ``fields`` has types by name."""
        told = {"type": "DB_TABLE", "physical_name": name, "source_name": "default"} | columns
        dataset = self.add("datasets", **self._in(namespace), name=name, created_at=_AT, updated_at=_AT, **told)
        version = self.version(namespace, name, dataset)
        for field, kind in (fields or {}).items():
            uuid = self.add("dataset_fields", name=field, type=kind, created_at=_AT, dataset_uuid=dataset)
            self.add("dataset_versions_field_mapping", dataset_version_uuid=version, dataset_field_uuid=uuid)
        self._conn.execute("UPDATE datasets SET current_version_uuid = %s WHERE uuid = %s", [version, dataset])
        return dataset, version

    def version(self, namespace: str, name: str, dataset: UUID | None, **columns: Any) -> UUID | None:
        return self.add(
            "dataset_versions", dataset_uuid=dataset, namespace_name=namespace, dataset_name=name, created_at=_AT, **columns
        )

    def field(self, dataset: UUID | None, name: str) -> UUID:
        row = self._conn.execute(
            "SELECT uuid FROM dataset_fields WHERE dataset_uuid = %s AND name = %s", [dataset, name]
        ).fetchone()
        assert row
        return UUID(str(row[0]))

    def job(self, namespace: str, name: str, **columns: Any) -> UUID | None:
        told = {"type": "BATCH", "created_at": _AT, "updated_at": _AT} | columns
        return self.add("jobs", **self._in(namespace), name=name, **told)

    def run(self, run: UUID, job: UUID | None, **columns: Any) -> None:
        self.add("runs", uuid=run, job_uuid=job, **{"created_at": _AT} | columns)

    def _in(self, namespace: str) -> dict[str, Any]:
        self._conn.execute(
            "INSERT INTO namespaces (name, created_at, updated_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [namespace, _AT, _AT],
        )
        row = self._conn.execute("SELECT uuid FROM namespaces WHERE name = %s", [namespace]).fetchone()
        assert row
        return {"namespace_uuid": row[0], "namespace_name": namespace}
