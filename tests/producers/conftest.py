"""Producers in environments of their own, and a service that they send to: ``reader`` one for each test, ``lasting_reader``
one for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Server, cloned
from tests.producers.environments import jar, programs_of, require_java
from tests.producers.reading import Reader, reading
from tests.serving import serving


class Spark(NamedTuple):
    programs: Path
    listener: Path


@pytest.fixture(scope="session")
def client_now() -> Path:
    return programs_of("openlineage", "openlineage-python==1.54.0")


@pytest.fixture(scope="session")
def client_of_2023() -> Path:
    # It imports pkg_resources, which setuptools 81 has no more.
    return programs_of("openlineage-old", "openlineage-python==1.0.0", "setuptools<81")


@pytest.fixture(scope="session")
def dbt() -> Path:
    # dbt-core 1.11 and later are not on every index as wheels; duckdb 2 is too new for dbt-duckdb.
    return programs_of("dbt", "dbt-core==1.10.23", "dbt-duckdb", "duckdb<2", "openlineage-dbt==1.54.0")


@pytest.fixture(scope="session")
def spark() -> Spark:
    require_java()
    programs = programs_of("spark", "pyspark==3.5.7", "setuptools")
    return Spark(programs, jar("openlineage-spark_2.12", "io.openlineage:openlineage-spark_2.12:1.53.0"))


@pytest.fixture
def reader(server: Server, tmp_path: Path) -> Iterator[Reader]:
    with _serving(server, tmp_path) as reader:
        yield reader


@contextmanager
def _serving(server: Server, folder: Path) -> Iterator[Reader]:
    with (
        cloned(server.url, server.template) as database,
        serving(folder / "service.log", HEADWATER_DATABASE_URL=database) as service,
        reading(service.url) as reader,
    ):
        yield reader
