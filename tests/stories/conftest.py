"""``service``: one for all stories, as each has a namespace of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Server, cloned, served
from tests.stories.telling import Service


@pytest.fixture(scope="session")
def service(server: Server) -> Iterator[Service]:
    with cloned(server.url, server.template) as database, served(database) as url, Service(url) as opened:
        yield opened
