"""Tags that a configuration asks for."""

from __future__ import annotations

from tests.serving import in_process

from headwater.entities.tag import Tag
from headwater.ingest.replay import replay

TAGS = "/api/v1/tags"


async def _listed(database: str, **asked: str | None) -> list[Tag]:
    async with in_process(database, tags=asked) as http:
        return [Tag(**tag) for tag in (await http.get(TAGS)).json()["tags"]]


async def test_they_are_there_from_the_start_and_after_a_replay(database: str) -> None:
    wanted = [Tag(name="PII", description="personal"), Tag(name="RAW", description=None)]
    assert await _listed(database, PII="personal", RAW=None) == wanted
    await replay(database, lambda done, total: None)
    assert await _listed(database) == wanted


async def test_what_somebody_said_of_one_stays(database: str) -> None:
    async with in_process(database) as http:
        await http.put(f"{TAGS}/PII", json={"description": "ours"})
        await http.put(f"{TAGS}/RAW", json={})
    wanted = [Tag(name="PII", description="ours"), Tag(name="RAW", description="as it came")]
    for _ in range(2):
        assert await _listed(database, PII="theirs", RAW="as it came") == wanted
