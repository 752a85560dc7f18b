"""What happens around every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant

from headwater.api.app import RESOURCES
from tests.serving import in_process


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/namespaces", "/api/v1/namespaces/none"])
async def test_head_is_answered_as_get_is(database: str, path: str) -> None:
    async with in_process(database) as http:
        get, head = await http.get(path), await http.head(path)
    assert (head.status_code, head.headers["content-length"]) == (get.status_code, get.headers["content-length"])


def _called(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """A route's function, and those that give it what it is asked with."""
    if dependant.call is not None:
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _called(inner)


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_request_is_read_in_a_thread(resource: str) -> None:
    called = [call for route in import_module(f"headwater.api.{resource}").router.routes for call in _called(route.dependant)]
    assert called
    assert [call.__qualname__ for call in called if not (iscoroutinefunction(call) or isasyncgenfunction(call))] == []
