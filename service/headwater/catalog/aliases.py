"""Names of jobs that are another job's.

A child names its parent as the parent's events do. Where the parent is itself the child of a third job, it is stored with that
one's name in front, and the bare name stays behind: told of by others, but without an event of its own. Such a name is an
alias, shown in no list; as a parent, the job is shown under which its latest run is stored.
"""

from __future__ import annotations

IS_ALIAS = """(j.last_at IS NULL AND EXISTS (
    SELECT FROM runs r WHERE r.raw_job_id = j.job_id AND r.job_id <> r.raw_job_id))"""
"""Condition on ``jobs j``."""


def _home(job: str, home: str) -> str:
    return f"""
LEFT JOIN LATERAL (
    SELECT r.job_id FROM runs r
    WHERE {job}.last_at IS NULL AND r.raw_job_id = {job}.job_id AND r.job_id <> r.raw_job_id
    ORDER BY r.first_at DESC, r.run_id LIMIT 1
) {home}_run ON true
LEFT JOIN jobs {home} ON {home}.job_id = coalesce({home}_run.job_id, {job}.job_id)"""


JOIN_HOME = _home("j", "h")
"""Joins what ``jobs j`` stands for as ``jobs h``: itself where it is no alias."""
JOIN_PARENT = "LEFT JOIN jobs pa ON pa.job_id = j.parent_id" + _home("pa", "p")
"""Joins the parent of ``jobs j`` as ``jobs p``, and as ``jobs pa`` the name by which ``j`` knows it."""
