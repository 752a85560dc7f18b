"""What headwater knows of a thing that Marquez tells of."""

from __future__ import annotations

from headwater.catalog import datasets, jobs, runs, sources, tags
from headwater.db.pool import Connection
from headwater.entities.dataset import Dataset
from headwater.entities.job import Job
from headwater.entities.source import Source
from headwater.errors import NotFound


async def find_dataset(conn: Connection, namespace: str, name: str) -> Dataset | None:
    """None where there is none, or it is hidden. Under an alias it is that which the alias stands for."""
    try:
        return await datasets.get_dataset(conn, namespace, name)
    except NotFound:
        return None


async def find_job(conn: Connection, namespace: str, name: str) -> Job | None:
    """As ``find_dataset``."""
    try:
        return await jobs.get_job(conn, namespace, name)
    except NotFound:
        return None


async def has_dataset(conn: Connection, namespace: str, name: str) -> bool:
    """Hidden ones too."""
    try:
        await datasets.find_hidden_dataset(conn, namespace, name)
    except NotFound:
        return False
    return True


async def has_job(conn: Connection, namespace: str, name: str) -> bool:
    """Hidden ones too."""
    try:
        await jobs.require_job(conn, namespace, name)
    except NotFound:
        return False
    return True


async def find_source(conn: Connection, name: str) -> Source | None:
    try:
        return await sources.get_source(conn, name)
    except NotFound:
        return None


async def is_source_put(conn: Connection, name: str) -> bool:
    return await sources.is_put(conn, name)


async def has_tag(conn: Connection, name: str, description: str | None) -> bool:
    """With some description, if there is one to tell."""
    try:
        known = await tags.get_tag(conn, name)
    except NotFound:
        return False
    return known.description is not None or description is None


async def run_count(conn: Connection, namespace: str, job: str) -> int:
    try:
        return await runs.count_runs(conn, await jobs.find_job(conn, namespace, job))
    except NotFound:
        return 0
