from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headwater import marquez_config

WHOLE = """
server: {applicationConnectors: [{type: http, port: "${MARQUEZ_PORT:-8080}"}]}
tags:
  - name: PII
    description: Personally identifiable information
  - name: SENSITIVE
exclude:
  namespaces:
    onRead: {enabled: true, pattern: "${HIDDEN:-^hidden}"}
    onWrite: {enabled: false, pattern: "^tmp"}
dbRetention:
  frequencyMins: 30
  numberOfRowsPerBatch: 500
  retentionDays: ${DAYS:-90}
"""


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "marquez.yml"
    monkeypatch.setenv("MARQUEZ_CONFIG", str(path))
    return path


def test_nothing_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARQUEZ_CONFIG", raising=False)
    assert marquez_config.settings() == {}


def test_what_it_says_by_our_names(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(WHOLE)
    monkeypatch.setenv("HIDDEN", "^own")
    assert marquez_config.settings() == {
        "tags": {"PII": "Personally identifiable information", "SENSITIVE": None},
        "exclude_namespaces_on_read": "^own",
        "retention_days": 90,
        "retention_every_minutes": 30,
        "retention_batch_rows": 500,
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("# nothing but words", {}),
        ("[1, 2]", {}),
        ("tags: PII\nexclude: true\ndbRetention:", {}),
        ("tags: [PII, {name: GDPR}]", {"tags": {"GDPR": None}}),
        ("dbRetention: {retentionDays: 0}", {"retention_days": 0}),
        ("dbRetention: {frequencyMins: 5}", {"retention_days": 7, "retention_every_minutes": 5}),
    ],
)
def test_what_it_does_not_say(file: Path, text: str, found: dict[str, Any]) -> None:
    file.write_text(text)
    assert marquez_config.settings() == found


@pytest.mark.parametrize("content", [b"a: [", b"\xff"])
def test_what_is_no_yaml(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"marquez\.yml cannot be read: it is no YAML"):
        marquez_config.settings()


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        marquez_config.settings()
