"""Names of jobs that are another job's.

A child names its parent as the parent's events do. Where the parent is itself the child of a third job, it is stored with that
one's name in front, and the bare name stays behind: told of by others, but without an event of its own. Such a name is an
alias, shown in no list; as a parent, the job is shown under which its latest run is stored.
"""

from __future__ import annotations

IS_ALIAS = """(j.last_at IS NULL AND EXISTS (
    SELECT FROM runs r WHERE r.raw_job_id = j.job_id AND r.job_id <> r.raw_job_id))"""
"""Condition on ``jobs j``."""

JOIN_PARENT = """
LEFT JOIN LATERAL (
    SELECT p.name AS alias, coalesce(h.job_id, p.job_id) AS job_id, coalesce(h.name, p.name) AS name
    FROM jobs p
    LEFT JOIN LATERAL (
        SELECT r.job_id FROM runs r
        WHERE p.last_at IS NULL AND r.raw_job_id = p.job_id AND r.job_id <> r.raw_job_id
        ORDER BY r.first_at DESC, r.run_id LIMIT 1
    ) r ON true
    LEFT JOIN jobs h ON h.job_id = r.job_id
    WHERE p.job_id = j.parent_id
) p ON true"""
"""Joins the parent of ``jobs j`` as ``p``: job_id, name, and the alias by which ``j`` knows it (None: no parent)."""
