from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command


def test_export_then_check(headwater: Command, tmp_path: Path) -> None:
    assert headwater("schemas", "export", "--folder", tmp_path).status == 0
    assert headwater("schemas", "check", "--folder", tmp_path).status == 0
    document = json.loads((tmp_path / "openapi.json").read_text())
    assert {"/api/v1/lineage", "/api/v1/lineage/batch", "/api/v1/jobs"} <= document["paths"].keys()


def test_check_names_what_differs(headwater: Command, tmp_path: Path) -> None:
    headwater("schemas", "export", "--folder", tmp_path)
    (tmp_path / "openapi.json").write_text("{}\n")
    (tmp_path / "openlineage/Run.json").unlink()
    (tmp_path / "openlineage/Old.json").write_text("{}\n")
    (tmp_path / "README.md").write_text("of people\n")
    done = headwater("schemas", "check", "--folder", tmp_path)
    assert done.status == 1
    assert done.out.splitlines()[:-1] == [
        "openapi.json differs",
        "openlineage/Old.json should not be there",
        "openlineage/Run.json is missing",
    ]
    headwater("schemas", "export", "--folder", tmp_path)
    assert headwater("schemas", "check", "--folder", tmp_path).status == 0
    assert (tmp_path / "README.md").exists()
