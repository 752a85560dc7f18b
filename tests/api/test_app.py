"""What happens around every request."""

from __future__ import annotations

import pytest

from tests.serving import in_process


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/namespaces", "/api/v1/namespaces/none"])
async def test_head_is_answered_as_get_is(database: str, path: str) -> None:
    async with in_process(database) as http:
        get, head = await http.get(path), await http.head(path)
    assert (head.status_code, head.headers["content-length"]) == (get.status_code, get.headers["content-length"])
