from __future__ import annotations

import re

import pytest
from tests.cli.conftest import Command

from headwater.cli.client import Client


@pytest.mark.usefixtures("on_service")
def test_the_demo_is_taken_in_and_its_hints_work(headwater: Command, on_service: str) -> None:
    done = headwater("demo", "--seed", 3)
    assert done.status == 0
    assert re.match(r"\d+ events sent", done.out)
    assert done.last == f"  {on_service}/"
    hints = [line.split()[1:] for line in done.out.splitlines() if line.startswith("  headwater ")]
    assert len(hints) == 2
    for hint in hints:
        assert headwater(*hint).status == 0
    assert Client(on_service).read("dead-letters")["totalCount"] == 0
    assert Client(on_service).read("conformance")["producers"] == []


def test_hints_name_a_service_elsewhere(headwater: Command, service_url: str) -> None:
    done = headwater("demo", "--url", service_url, "--until", "2026-01-31T08:00:00Z")
    assert f"headwater columns daily_revenue --url {service_url}\n" in done.out


def test_nobody_is_there(headwater: Command) -> None:
    assert headwater("demo", "--url", "http://127.0.0.1:1").status == 1
